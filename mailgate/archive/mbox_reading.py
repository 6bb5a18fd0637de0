"""An mbox file as an archive: mboxrd or mboxo, our own or another program's, with LF or CRLF line ends.

A message begins with a line `From <who> <when>`, at the beginning of the file or behind an empty line. The empty line
before the next one is no part of it. Our own exports say more of a message in fields at its top (`mbox_fields`), which
are taken away again; in others' nothing is taken away, and `Status` and `X-Status` are believed.
"""

from __future__ import annotations

import calendar
import os
import re
from collections.abc import Iterator, Sequence
from email.utils import parsedate_tz
from functools import partial
from typing import BinaryIO, Final

from attrs import frozen

from mailgate.archive.mbox_fields import MAX_FIELD_OCTETS, Told, read_fields, read_foreign_fields
from mailgate.archive.message import Archived, ArchiveError
from mailgate.archive.octets import as_stream, blocks_of, open_regular, with_lf
from mailgate.archive.quoting import Quoting, unquoted

# The time and the year tell it from a line of text: in old files these are not quoted.
_TIME: Final = re.compile(rb"[0-9]:[0-9]{2}")
_YEAR: Final = re.compile(rb"[0-9]{4}")
_WHEN: Final = re.compile(r"From .*?((?:[A-Z][a-z]{2},? +)?(?:[A-Z][a-z]{2} +[0-9]|[0-9]{1,2} +[A-Z][a-z]{2} ).*)")
_EMPTY: Final = (b"\n", b"\r\n")
_LINE_OCTETS: Final = 4096
_WHEN_OCTETS: Final = 512  # so far into a `From ` line the time is looked for


@frozen
class _Span:
    """Where a message lies: its `From ` line, its first octet, the first that is no longer part of it."""

    separator: int
    start: int
    end: int


class MboxArchive:
    """The messages of one file; only where they begin is kept in memory. Raises OSError, and `ArchiveError`."""

    def __init__(self, path: str, quoting: Quoting = "mboxrd", *, reuse_x_uidl: bool = False) -> None:
        """`reuse_x_uidl`: a field X-UIDL that others put into a message is its UID. It may as well be its sender's."""
        self._path = path
        self._quoting: Quoting = quoting
        self._reuse_x_uidl = reuse_x_uidl
        with open_regular(path) as stream:
            self._mtime = int(os.fstat(stream.fileno()).st_mtime)
            self._spans = list(_spans(stream, path))

    @property
    def notes(self) -> Sequence[str]:
        """See `Archive`."""
        return ()

    def __len__(self) -> int:
        """See `Archive`."""
        return len(self._spans)

    def __iter__(self) -> Iterator[Archived]:
        """See `Archive`."""
        for number, span in enumerate(self._spans, 1):
            yield self._message(number, span)

    def _message(self, number: int, span: _Span) -> Archived:
        with open_regular(self._path) as stream:
            stream.seek(span.separator)
            separator = stream.readline(_LINE_OCTETS)
            stream.seek(span.start)
            octets = min(span.end - span.start, MAX_FIELD_OCTETS)
            head = stream.read(octets)
        told = read_fields(head)
        quoting: Quoting = "mboxrd" if told else self._quoting
        content = partial(_content, self._path, span, quoting, told)
        told = told or read_foreign_fields(head, x_uidl=self._reuse_x_uidl)
        return Archived(
            where=f"message {number}",
            open=content,
            seconds=_seconds(separator, self._mtime) if told.seconds is None else told.seconds,
            uid=told.uid,
            unique=told.unique,
            flags=told.flags,
            is_new=told.is_new,
            smtputf8=told.smtputf8,
        )


def _spans(stream: BinaryIO, path: str) -> Iterator[_Span]:
    separator = start = at = end = 0
    found = False
    after_empty, whole = True, True
    while line := stream.readline(_LINE_OCTETS):
        if whole and after_empty and _is_separator(line):
            if found:
                yield _Span(separator, start, end)
            found, separator, start = True, at, at + len(line)
            end = start
        elif not found:
            raise ArchiveError(f"{path} is not an mbox: it does not begin with a line 'From <who> <when>'")
        at += len(line)
        # The last empty line is kept out, until more of the message comes.
        is_empty = whole and line in _EMPTY
        after_empty, whole = is_empty, line.endswith(b"\n")
        end = at - len(line) if is_empty and at > start else max(at, start)
    if found:
        yield _Span(separator, start, end)


def _is_separator(line: bytes) -> bool:
    time = _TIME.search(line) if line.startswith(b"From ") else None
    return time is not None and _YEAR.search(line, time.end()) is not None


def _seconds(separator: bytes, otherwise: int) -> int:
    when = _WHEN.match(separator[:_WHEN_OCTETS].decode("ascii", "replace").rstrip())
    parsed = parsedate_tz(when[1]) if when else None
    if parsed is None:
        return otherwise
    try:
        return max(calendar.timegm(parsed[:9]) - (parsed[9] or 0), 0)  # without a zone it is UTC, as RFC 4155 has it
    except (ValueError, OverflowError):
        return otherwise


def _content(path: str, span: _Span, quoting: Quoting, told: Told | None) -> Iterator[bytes]:
    start = span.start + (told.fields_octets if told else 0)
    with open_regular(path) as stream:
        stream.seek(start)
        content = unquoted(as_stream(blocks_of(stream, span.end - start)), quoting)
        yield from with_lf(_exactly(content, told.octets, path) if told else content)


def _exactly(content: Iterator[bytes], octets: int, path: str) -> Iterator[bytes]:
    """So many octets: the line end that the last line was given is taken away."""
    found = 0
    held = b""
    for block in filter(None, content):
        found += len(block)
        yield held
        held = block
    if found == octets + 1 and held.endswith(b"\n"):
        held, found = held[:-1], octets
    if found != octets:
        raise ArchiveError(f"{path}: it has {found} octets, but had {octets} when it was exported")
    yield held
