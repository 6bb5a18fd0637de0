"""Writes the copies of a message into the `tmp` of their maildrops."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Final

from attrs import frozen
from zope.interface import implementer

from mailgate.interfaces import IStaged, Offload
from mailgate.mail import BLOCK_OCTETS, Copy, Message
from mailgate.store.maildir import filename
from mailgate.store.maildir.commit import Commit, Pending, discard
from mailgate.store.maildir.disk import CREATE, DIRECTORY, Disk, as_store_error
from mailgate.store.maildir.handover import in_the_background
from mailgate.store.maildir.layout import NEW, TMP, Layout
from mailgate.wire.dots import WireCounter

OPEN_FILES: Final = 32  # how many files of one message may be open until the commit; more are made durable at once
_FILE_MODE: Final = 0o600


@frozen
class Writer:
    """Writes copies of a message. Blocks; memory does not grow with the message's size."""

    layout: Layout
    disk: Disk
    node: str
    clock: Callable[[], float]

    def write(self, message: Message, copies: Sequence[Copy]) -> list[Pending]:
        """A file a copy, in their order. Raises `StoreError`; then nothing is left behind."""
        unique = filename.compose_unique(int(self.clock()), message.id, self.node)
        written: list[Pending] = []
        try:
            with as_store_error("cannot write the message"):
                for number, copy in enumerate(copies):
                    written.append(self._write_copy(unique, message, copy, number < OPEN_FILES))
        except BaseException:
            discard(self.disk, written)
            raise
        return written

    def _write_copy(self, unique: str, message: Message, copy: Copy, keep_open: bool) -> Pending:
        # Folders of a maildrop come later; until then such a copy goes to the maildrop itself.
        directory = self.layout.path(copy.maildrop)
        tmp = os.path.join(directory, TMP, unique)
        descriptor = self._create(copy.maildrop, unique)
        try:
            octets, wire_octets = self._fill(descriptor, _content(message, copy))
            name = filename.compose(unique, octets, wire_octets, message.envelope.smtputf8)
            if not keep_open:
                self.disk.fsync(descriptor)
        except BaseException:
            discard(self.disk, [Pending(tmp, "", descriptor)])
            raise
        if not keep_open:
            self.disk.close_quietly(descriptor)
        return Pending(tmp, os.path.join(directory, NEW, name), descriptor if keep_open else None)

    def _create(self, maildrop: str, unique: str) -> int:
        with self.layout.opened(maildrop, make=True) as directory:
            self.layout.settle(maildrop)
            with self.disk.opened(TMP, DIRECTORY, directory) as tmp:
                return self.disk.open(unique, CREATE, _FILE_MODE, dir_fd=tmp)

    def _fill(self, descriptor: int, content: Iterator[bytes]) -> tuple[int, int]:
        self.disk.fchmod(descriptor, _FILE_MODE)  # whatever the umask took away
        octets, counter = 0, WireCounter()
        for block in content:
            counter.feed(block)
            octets += len(block)
            rest = memoryview(block)
            while rest:
                rest = rest[self.disk.write(descriptor, rest) :]
        return octets, counter.finish()


def _content(message: Message, copy: Copy) -> Iterator[bytes]:
    head = b"".join(bytes(field) for field in (*copy.fields, *message.fields))
    with message.body.open() as stream:
        yield head + stream.read(BLOCK_OCTETS)  # a small message is written by one call
        while block := stream.read(BLOCK_OCTETS):
            yield block


@implementer(IStaged)
class Staged:
    """Copies in `tmp`, waiting for `commit` or `discard`."""

    def __init__(self, files: Sequence[Pending], commit: Commit, offload: Offload, disk: Disk) -> None:
        self._files = files
        self._commit = commit
        self._offload = offload
        self._disk = disk
        self._mine = True

    def commit(self) -> Awaitable[tuple[str, ...]]:
        """See `IStaged`. From the call on the files are the commit's, and `discard` leaves them alone."""
        if not self._mine:
            raise RuntimeError("committed or discarded already")
        self._mine = False
        return self._names_when_committed()

    def discard(self) -> None:
        """See `IStaged`."""
        if self._mine:
            self._mine = False
            in_the_background(self._offload, partial(discard, self._disk, self._files))

    async def _names_when_committed(self) -> tuple[str, ...]:
        await self._commit(self._files)
        return tuple(file.final for file in self._files)
