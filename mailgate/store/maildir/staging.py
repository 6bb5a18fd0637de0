"""Writes the copies of a message into the `tmp` of their maildrops.

A message goes one of two ways. A small one, for maildrops that are known, is written by the committer as part of its
batch: one trip to a thread, one sync with many others. Anything else would hold the small ones up: it is written and
synced by a thread of its own first, and only its names are the batch's. (A body in a file cannot just be moved into
place, as every copy has fields in front of it.)
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Final

from attrs import Factory, frozen
from zope.interface import implementer

from mailgate.interfaces import IStaged
from mailgate.mail import BLOCK_OCTETS, Copy, Message
from mailgate.store.maildir import filename
from mailgate.store.maildir.commit import Job, Pending, discard
from mailgate.store.maildir.disk import CREATE, Disk, as_store_error
from mailgate.store.maildir.layout import NEW, TMP, Layout
from mailgate.store.maildir.order import Order
from mailgate.wire.dots import WireCounter

SMALL_OCTETS: Final = 1_048_576  # what one message may add to a batch, all its copies together,
SMALL_COPIES: Final = 32  # and how many, where each is synced by itself, and the others wait for that;
MANY_COPIES: Final = 256  # how many where one sync serves them all: the batch holds their files open
_FILE_MODE: Final = 0o600


def octets_of(message: Message, copies: Sequence[Copy]) -> int:
    """How much there is to write, but for the fields in front."""
    return message.body.octets * len(copies)


def _umask() -> int:
    umask = os.umask(0o077)  # it can only be asked for by setting it; what another thread makes now is private
    os.umask(umask)
    return umask


@frozen
class Writer:
    """Writes copies of a message. Blocks; memory does not grow with the message's size."""

    layout: Layout
    disk: Disk
    node: str
    clock: Callable[[], float]
    umask: int = Factory(_umask)

    def is_quick(self, message: Message, copies: Sequence[Copy], *, as_whole: bool) -> bool:
        """Is it so little that it may be part of a batch, which is synced `as_whole` or file by file?

        Does not block. Raises `StoreError` for a bad name.
        """
        return (
            message.body.file is None
            and len(copies) <= (MANY_COPIES if as_whole else SMALL_COPIES)
            and octets_of(message, copies) <= SMALL_OCTETS
            and all(self.layout.knows(copy.maildrop) for copy in copies)  # else it must be made, and synced
        )

    def write(self, message: Message, copies: Sequence[Copy], *, durable: bool) -> list[Pending]:
        """A file a copy, in their order, each synced and closed if `durable`, else open.

        Raises `StoreError`; then nothing is left behind.
        """
        contents = ((copy.maildrop, _content(message, copy)) for copy in copies)
        return self._write(self._unique(message), message.envelope.smtputf8, contents, durable)

    def order(self, message: Message, copies: Sequence[Copy]) -> Order:
        """The same as plain values, for `fulfil` in another process; for what `is_quick`. It copies the content.

        Raises `StoreError` for an id that makes no name.
        """
        with message.body.open() as stream:
            body = stream.read()
        return Order(
            unique=self._unique(message),
            smtputf8=message.envelope.smtputf8,
            heads=tuple([(copy.maildrop, b"".join(map(bytes, copy.fields))) for copy in copies]),
            rest=b"".join(map(bytes, message.fields)) + body,
        )

    def fulfil(self, order: Order) -> list[Pending]:
        """A file a copy, in their order, each open and not yet durable. Raises `StoreError`; then nothing is left."""
        contents = ((maildrop, iter((head + order.rest,))) for maildrop, head in order.heads)
        return self._write(order.unique, order.smtputf8, contents, durable=False)

    def _unique(self, message: Message) -> str:
        return filename.compose_unique(int(self.clock()), message.id, self.node)

    def _write(
        self, unique: str, smtputf8: bool, contents: Iterable[tuple[str, Iterator[bytes]]], durable: bool
    ) -> list[Pending]:
        written: list[Pending] = []
        try:
            with as_store_error("cannot write the message"):
                for maildrop, content in contents:
                    written.append(self._write_copy(unique, smtputf8, maildrop, content, durable))
        except BaseException:
            discard(self.disk, written)
            raise
        return written

    def _write_copy(
        self, unique: str, smtputf8: bool, maildrop: str, content: Iterator[bytes], durable: bool
    ) -> Pending:
        # Folders of a maildrop come later; until then such a copy goes to the maildrop itself.
        directory = self.layout.path(maildrop)
        tmp = f"{directory}/{TMP}/{unique}"
        device, descriptor = self._create(maildrop, tmp)
        try:
            octets, wire_octets = self._fill(descriptor, content)
            name = filename.compose(unique, octets, wire_octets, smtputf8)
            if durable:
                self.disk.fsync(descriptor)
        except BaseException:
            discard(self.disk, [Pending(tmp, "", device, descriptor)])
            raise
        if durable:
            self.disk.close_quietly(descriptor)
        return Pending(tmp, f"{directory}/{NEW}/{name}", device, None if durable else descriptor)

    def _create(self, maildrop: str, path: str) -> tuple[int, int]:
        try:
            return self.layout.prepare(maildrop), self.disk.open(path, CREATE, _FILE_MODE)
        except FileNotFoundError:
            self.layout.forget(maildrop)  # another program has removed `tmp`
            return self.layout.prepare(maildrop), self.disk.open(path, CREATE, _FILE_MODE)

    def _fill(self, descriptor: int, content: Iterator[bytes]) -> tuple[int, int]:
        if self.umask & _FILE_MODE:
            self.disk.fchmod(descriptor, _FILE_MODE)  # what the umask took away
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
    """Copies that wait for `commit` or `discard`: in `tmp`, or to be written there by the committer."""

    def __init__(
        self, job: Job, commit: Callable[[Job], Awaitable[tuple[str, ...]]], discard: Callable[[], None]
    ) -> None:
        self._job = job
        self._commit = commit
        self._discard = discard
        self._mine = True

    def commit(self) -> Awaitable[tuple[str, ...]]:
        """See `IStaged`. From the call on the files are the commit's, and `discard` leaves them alone."""
        if not self._mine:
            raise RuntimeError("committed or discarded already")
        self._mine = False
        return self._commit(self._job)

    def discard(self) -> None:
        """See `IStaged`."""
        if self._mine:
            self._mine = False
            self._discard()
