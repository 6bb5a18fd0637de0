"""Messages in files of their own, `*.eml`; with the index that an export writes, or without."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from mailgate.archive.message import Archived, ArchiveError, fitting_uid, known_flags
from mailgate.archive.octets import blocks_of_file, open_regular, with_lf

SUFFIX: Final = ".eml"
INDEX: Final = "mailgate-index.jsonl"
MAX_INDEX_LINE_OCTETS: Final = 65_536


class EmlArchive:
    """A directory of `*.eml`, or one file. Without an index, arrival is the file's time and nobody knows UIDs.

    Raises OSError, and `ArchiveError` for an index that makes no sense.
    """

    def __init__(self, path: str) -> None:
        if os.path.isdir(path):
            self._directory = path
            self._index = _read_index(os.path.join(path, INDEX))
            names = {name for name in os.listdir(path) if name.lower().endswith(SUFFIX)}
            self._names = sorted(names | self._index.keys())
        else:
            self._directory, name = os.path.split(path)
            self._index, self._names = {}, [name]

    @property
    def notes(self) -> Sequence[str]:
        """See `Archive`."""
        return ()

    def __len__(self) -> int:
        """See `Archive`."""
        return len(self._names)

    def __iter__(self) -> Iterator[Archived]:
        """See `Archive`."""
        for name in self._names:
            path = os.path.join(self._directory, name)
            known = self._index.get(name, {})
            yield Archived(
                where=name,
                open=partial(_content, path, known.get("octets")),
                seconds=known["seconds"] if "seconds" in known else _mtime(path),
                uid=fitting_uid(known.get("uid", "")),
                unique=known.get("name", ""),
                flags=known_flags(known.get("flags", "")),
                is_new=known.get("new", False),
                smtputf8=known.get("smtputf8", False),
            )


def _read_index(path: str) -> dict[str, Mapping[str, Any]]:
    index = {}
    try:
        with open_regular(path) as stream:
            while line := stream.readline(MAX_INDEX_LINE_OCTETS):
                known = _parsed(line, path)
                index[known["file"]] = known
    except FileNotFoundError:
        return {}
    return index


_KEYS: Final = {"file": str, "uid": str, "seconds": int, "octets": int, "name": str, "flags": str} | {
    "new": bool,
    "smtputf8": bool,
}


def _parsed(line: bytes, path: str) -> Mapping[str, Any]:
    try:
        known = json.loads(line)
        if not isinstance(known, dict) or not all(type(known[key]) is kind for key, kind in _KEYS.items()):
            raise ValueError("a value is not of its kind")
        if os.path.basename(known["file"]) != known["file"] or not known["file"]:
            raise ValueError("a file is in another directory")
    except (ValueError, KeyError, RecursionError) as error:
        raise ArchiveError(f"{path} makes no sense: {error!r}; remove it to import the files without it") from None
    return known


def _mtime(path: str) -> int:
    try:
        return int(os.lstat(path).st_mtime)
    except FileNotFoundError:
        return 0  # opening it will say so


def _content(path: str, octets: int | None) -> Iterator[bytes]:
    return with_lf(_checked(path, octets))


def _checked(path: str, octets: int | None) -> Iterator[bytes]:
    if octets is not None:
        found = os.lstat(path).st_size
        if found != octets:
            raise ArchiveError(f"{path} has {found} octets, but had {octets} when it was exported")
    yield from blocks_of_file(path)
