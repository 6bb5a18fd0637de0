"""A message file's octets, block by block: a small message costs one trip to a thread, or none, a large one few."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from zope.interface import implementer

from mailgate.failures import Gone, StoreError
from mailgate.interfaces import IContent, Offload
from mailgate.mail import BLOCK_OCTETS, Entry
from mailgate.store.maildir.disk import Disk, as_store_error
from mailgate.store.maildir.handover import SharedDescriptor
from mailgate.store.maildir.layout import open_regular
from mailgate.store.maildir.locate import Locator, place_of

READ_OCTETS: Final = 262_144  # what one trip reads of a large message, and the most that a session holds of it


@implementer(IContent)
class KeptContent:
    """See `IContent`: a message that is in memory as a whole, and no larger than a block."""

    def __init__(self, octets: bytes) -> None:
        self.whole = self._left = octets

    def read_block(self) -> bytes:
        """See `IContent`."""
        octets, self._left = self._left, b""
        return octets

    def close(self) -> None:
        """See `IContent`."""


@implementer(IContent)
class FileContent:
    """See `IContent`. Made off the reactor from a file that is open; owns its descriptor from then on. What is behind
    its beginning is read at once where `resident` has it.
    """

    whole = None

    def __init__(
        self, disk: Disk, offload: Offload, descriptor: int, octets: int, resident: Disk | None = None
    ) -> None:
        self._disk = disk
        self._resident = resident
        self._offload = offload
        self._file = SharedDescriptor(disk, descriptor)
        self._left = octets  # in the file
        self._brought = b""  # by the last trip,
        self._given = 0  # and how much of it was given
        try:
            self._bring()
        except BaseException:
            self._file.close()
            raise

    def read_block(self) -> bytes | Awaitable[bytes]:
        """See `IContent`."""
        if self._given < len(self._brought) or self._left <= 0:
            return self._give()
        if self._resident is not None:
            with suppress(OSError), self._file.use() as descriptor:
                self._take(self._resident.read(descriptor, BLOCK_OCTETS))
                return self._give()
        return self._offload(self._bring_and_give)

    def close(self) -> None:
        """See `IContent`."""
        self._file.close()
        self._brought = b""

    def _give(self) -> bytes:
        block = self._brought[self._given : self._given + BLOCK_OCTETS]
        self._given += len(block)
        return block

    def _bring_and_give(self) -> bytes:
        self._bring()
        return self._give()

    def _bring(self) -> None:
        with as_store_error("cannot read the message"), self._file.use() as descriptor:
            brought = self._disk.read(descriptor, READ_OCTETS)
        self._take(brought)

    def _take(self, brought: bytes) -> None:
        self._brought, self._given = brought, 0
        if not self._brought and self._left > 0:
            raise _cut_short(self._left)
        self._left -= len(self._brought)
        if self._left <= 0:
            self._file.close()


Look = Callable[[Entry, int, int], None]  # at an entry, the descriptor of its file, and the size that it has


def _look_away(entry: Entry, descriptor: int, octets: int) -> None:
    pass


def open_content(
    disk: Disk,
    offload: Offload,
    locator: Locator,
    maildrop: int,
    entry: Entry,
    look: Look = _look_away,
    resident: Disk | None = None,
) -> IContent:
    """Open an entry's file in an open maildrop directory, and read what one trip reads. `look` must not raise.

    `resident` is for what is read of it later. Blocks. Raises `Gone` and `StoreError`.
    """
    with as_store_error("cannot open the message"):
        try:
            descriptor, octets = locator.act(maildrop, entry, partial(open_regular, disk))
        except FileNotFoundError:
            raise Gone(f"message {entry.uid} is not there any more: another program removed it") from None
    look(entry, descriptor, octets)
    if octets > BLOCK_OCTETS:
        return FileContent(disk, offload, descriptor, octets, resident)
    return KeptContent(_read_and_close(disk, descriptor, octets))


def read_at_once(resident: Disk, maildrop: int, entry: Entry, look: Look) -> bytes | None:
    """The content of a small message, if the kernel has all of it in memory, and where its key says; else None."""
    try:
        descriptor, octets = open_regular(resident, maildrop, place_of(entry.key))
    except OSError:
        return None
    try:
        if octets > BLOCK_OCTETS:
            return None
        look(entry, descriptor, octets)
        content = resident.read(descriptor, octets)
    except OSError:
        return None
    finally:
        resident.close_quietly(descriptor)
    return content if len(content) == octets else None


def read_ahead(
    disk: Disk, locator: Locator, maildrop: int, entries: Sequence[Entry], look: Look = _look_away
) -> dict[str, bytes]:
    """The contents of the first of some small messages, by the keys of their entries. Blocks; never raises.

    It stops at the first that is not as it should be: that one is reported when somebody asks for it.
    """
    contents: dict[str, bytes] = {}
    with suppress(OSError, StoreError):
        for entry in entries:
            descriptor, octets = locator.act(maildrop, entry, partial(open_regular, disk))
            if octets > entry.octets:  # its name promises less: nobody knows how much this would take
                disk.close_quietly(descriptor)
                break
            look(entry, descriptor, octets)
            contents[entry.key] = _read_and_close(disk, descriptor, octets)
    return contents


def _read_and_close(disk: Disk, descriptor: int, octets: int) -> bytes:
    try:
        with as_store_error("cannot read the message"):
            content = disk.read(descriptor, octets)
    finally:
        disk.close_quietly(descriptor)
    if len(content) < octets:
        raise _cut_short(octets - len(content))
    return content


def _cut_short(missing_octets: int) -> StoreError:
    """A message without its end must not look whole: the client would delete it here (RFC 1939 section 3)."""
    return StoreError(f"another program cut the message short while it was read: {missing_octets} octets are missing")
