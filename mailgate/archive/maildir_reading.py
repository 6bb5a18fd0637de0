"""A Maildir that another program keeps, as an archive: its `new` and `cur`, and the UIDs that Dovecot gave."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from mailgate.archive import uidl_format, uidlist
from mailgate.archive.message import Archived, ArchiveError, fitting_uid, known_flags
from mailgate.archive.octets import blocks_of_file, open_regular, with_lf

NEW: Final = "new"
CUR: Final = "cur"
_SECONDS: Final = re.compile(r"([0-9]{1,11})(?:\.|\Z)")
_GZIP: Final = b"\x1f\x8b"


class MaildirArchive:
    """The messages in `new` and `cur`, in the order of their names. Raises OSError, and `ArchiveError`."""

    def __init__(self, path: str, pop3_uidl_format: str = uidl_format.DEFAULT) -> None:
        """`pop3_uidl_format` is the setting of the Dovecot that served it, where it had one."""
        self._path = path
        self._format = pop3_uidl_format
        self._uidlist = _read_uidlist(path)
        uidl_format.compose(pop3_uidl_format, uidlist.Listed(1, None, "guid"), 1, "name")  # is it understood?
        self._places = sorted(_messages_in(path), key=lambda place: (_base(place), place))

    @property
    def notes(self) -> Sequence[str]:
        """See `Archive`: POP3 knows of no folders."""
        folders = sorted(name for name in os.listdir(self._path) if _is_folder(self._path, name))
        return [f"not taken, a folder, which POP3 does not have: {name}" for name in folders]

    def __len__(self) -> int:
        """See `Archive`."""
        return len(self._places)

    def __iter__(self) -> Iterator[Archived]:
        """See `Archive`."""
        for place in self._places:
            yield self._message(place)

    def _message(self, place: str) -> Archived:
        folder, _, name = place.partition("/")
        path = os.path.join(self._path, place)
        base, _, info = name.partition(":")
        unique, *extras = base.split(",")
        return Archived(
            where=place,
            open=partial(_content, path),
            seconds=_seconds(unique, path),
            uid=self._uid(base, unique),
            unique=unique,
            flags=known_flags(info.removeprefix("2,")) if info.startswith("2,") else "",
            is_new=folder == NEW,
            smtputf8="U=1" in extras,
        )

    def _uid(self, base: str, unique: str) -> str:
        """What Dovecot said, or what mailgate says of such a name."""
        listed = self._uidlist.messages.get(base)
        if listed is None:
            return fitting_uid(unique)
        if listed.pop3_uid is not None:
            return fitting_uid(listed.pop3_uid)
        return fitting_uid(uidl_format.compose(self._format, listed, self._uidlist.validity, base))


def _read_uidlist(path: str) -> uidlist.Uidlist:
    try:
        with open_regular(os.path.join(path, uidlist.NAME)) as stream:
            return uidlist.parse(stream)
    except FileNotFoundError:
        return uidlist.Uidlist()


def _messages_in(path: str) -> Iterator[str]:
    for folder in (NEW, CUR):
        try:
            names = os.listdir(os.path.join(path, folder))
        except FileNotFoundError:
            continue
        yield from (f"{folder}/{name}" for name in names if not name.startswith("."))


def _base(place: str) -> str:
    return place.partition("/")[2].partition(":")[0]


def _seconds(unique: str, path: str) -> int:
    named = _SECONDS.match(unique)
    if named is not None:
        return int(named[1])
    try:
        return int(os.lstat(path).st_mtime)
    except FileNotFoundError:
        return 0  # opening it will say so


def _is_folder(path: str, name: str) -> bool:
    return name.startswith(".") and os.path.isdir(os.path.join(path, name, CUR))


def _content(path: str) -> Iterator[bytes]:
    return with_lf(_uncompressed(blocks_of_file(path), path))


def _uncompressed(blocks: Iterator[bytes], path: str) -> Iterator[bytes]:
    for number, block in enumerate(blocks):
        if not number and block.startswith(_GZIP):
            raise ArchiveError(f"{path} is compressed, as by Dovecot's zlib plugin: uncompress it first")
        yield block
