"""Archives to be written: Maildir, mboxrd, .eml. Each takes message by message, and what fails for one leaves no trace.

A writer's `add` raises what the message's `open` and its blocks raise, and OSError where the archive cannot be written.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, Final, Protocol

from attrs import define

from mailgate.archive import uidlist
from mailgate.archive.destination import DIRECTORY_MODE, create, new_directory, new_file, sync_directory, write_durably
from mailgate.archive.eml_reading import INDEX, SUFFIX
from mailgate.archive.maildir_reading import CUR, NEW
from mailgate.archive.mbox_fields import compose_fields, compose_octets
from mailgate.archive.message import Archived, ArchiveError
from mailgate.archive.octets import as_stream
from mailgate.archive.quoting import quoted
from mailgate.wire.dots import WireCounter

TMP: Final = "tmp"
_NAME_OCTETS: Final = 160  # of a unique part; sizes and flags come behind it
_ENVELOPE_SENDER: Final = "MAILER-DAEMON"  # in `From ` lines: who it was is in Return-Path


class ArchiveWriter(Protocol):
    """An archive that is being written."""

    def add(self, message: Archived) -> None:
        """Put a message into it."""


@define
class _Mbox:
    stream: BinaryIO

    def add(self, message: Archived) -> None:
        start = self.stream.tell()
        try:
            self._write(message)
        except BaseException:
            self.stream.seek(start)
            self.stream.truncate()
            raise

    def _write(self, message: Archived) -> None:
        when = time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(max(message.seconds, 0)))
        self.stream.write(f"From {_ENVELOPE_SENDER} {when}\n".encode("ascii"))
        at = self.stream.tell()
        fields, octets_at = compose_fields(message)
        self.stream.write(fields)
        counted = _Counted(message.open())
        for block in quoted(as_stream(iter(counted))):
            self.stream.write(block)
        self.stream.write(b"\n" if counted.ends_line else b"\n\n")
        end = self.stream.tell()
        self.stream.seek(at + octets_at)
        self.stream.write(compose_octets(counted.octets).encode("ascii"))
        self.stream.seek(end)


class _Counted:
    """Blocks, and what there was of them."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.octets = 0
        self.ends_line = True

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            if block:
                self.octets += len(block)
                self.ends_line = block.endswith(b"\n")
                yield block


@define
class _Eml:
    directory: str
    index: BinaryIO
    number: int = 0

    def add(self, message: Archived) -> None:
        name = f"{self.number + 1:06d}{SUFFIX}"
        path = os.path.join(self.directory, name)
        octets = _write_file(path, message)
        self.number += 1
        known = {
            "file": name,
            "uid": message.uid,
            "seconds": message.seconds,
            "octets": octets,
            "name": message.unique if _is_plain(message.unique) else "",
            "flags": message.flags,
            "new": message.is_new,
            "smtputf8": message.smtputf8,
        }
        self.index.write(json.dumps(known).encode("ascii") + b"\n")


@define
class _Maildir:
    directory: str
    uidlist: BinaryIO
    number: int = 0

    def add(self, message: Archived) -> None:
        path = os.path.join(self.directory, TMP, "message")
        counter = WireCounter()
        octets = _write_file(path, message, counter.feed)
        unique = message.unique if _fits_a_name(message.unique) else f"{message.seconds}.{self.number + 1}.export"
        base = f"{unique},S={octets},W={counter.finish()}{',U=1' if message.smtputf8 else ''}"
        final = os.path.join(NEW, base) if message.is_new else os.path.join(CUR, f"{base}:2,{message.flags}")
        target = os.path.join(self.directory, final)
        if os.path.lexists(target):
            os.unlink(path)
            raise ArchiveError(f"another message is called {final}")
        os.rename(path, target)
        self.number += 1
        if message.uid:
            self.uidlist.write(uidlist.message_line(self.number, message.uid, base))


@contextmanager
def new_mbox(path: str) -> Iterator[ArchiveWriter]:
    """An mbox file, quoted as mboxrd."""
    with new_file(path) as stream:
        yield _Mbox(stream)


@contextmanager
def new_eml(path: str) -> Iterator[ArchiveWriter]:
    """A directory of .eml files, with an index that says what is not in them."""
    with new_directory(path) as directory, create(os.path.join(directory, INDEX)) as index:
        yield _Eml(directory, index)
        _sync(index)


@contextmanager
def new_maildir(path: str) -> Iterator[ArchiveWriter]:
    """A Maildir with a `dovecot-uidlist` that has every UID in a P field."""
    with new_directory(path) as directory:
        for folder in (TMP, NEW, CUR):
            os.mkdir(os.path.join(directory, folder), DIRECTORY_MODE)
        with create(os.path.join(directory, uidlist.NAME)) as stream:
            header = _header(0)
            stream.write(header)
            writer = _Maildir(directory, stream)
            yield writer
            stream.seek(0)
            stream.write(_header(writer.number, header))
            _sync(stream)
        for folder in (NEW, CUR):
            sync_directory(os.path.join(directory, folder))


WRITERS: Final[dict[str, Callable[[str], AbstractContextManager[ArchiveWriter]]]] = {
    "maildir": new_maildir,
    "mbox": new_mbox,
    "eml": new_eml,
}


def _header(number: int, like: bytes = b"") -> bytes:
    """The first line; of the same length whatever the number, so that it can be written at the end."""
    if like:
        return b"%s N%010d%s" % (like.partition(b" N")[0], number + 1, like[like.index(b" G") :])
    first = uidlist.header_line(int(time.time()), 1, os.urandom(16).hex())
    return first.replace(b" N1 ", b" N%010d " % (number + 1))


def _write_file(path: str, message: Archived, count: Callable[[bytes], None] = lambda block: None) -> int:
    """A file of its octets, as old as its arrival, durable; gives how many octets it has."""
    octets = 0

    def write(stream: BinaryIO) -> None:
        nonlocal octets
        for block in message.open():
            count(block)
            octets += stream.write(block)
        stream.flush()
        os.utime(stream.fileno(), (message.seconds, message.seconds))

    write_durably(path, write)
    return octets


def _sync(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isprintable()


def _fits_a_name(unique: str) -> bool:
    return 0 < len(os.fsencode(unique)) <= _NAME_OCTETS and not set(unique) & set("/,:\n") and unique[0] != "."
