"""A Maildir that is open and locked for one session."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from functools import partial

from zope.interface import implementer

from mailgate.failures import Gone, NotRemoved
from mailgate.interfaces import IContent, IMaildrop, Offload
from mailgate.mail import Entry, Snapshot
from mailgate.store.maildir.content import FileContent
from mailgate.store.maildir.disk import DIRECTORY, Disk, as_store_error, in_words
from mailgate.store.maildir.handover import SharedDescriptor, hand_over
from mailgate.store.maildir.layout import open_regular
from mailgate.store.maildir.listing import FOLDERS
from mailgate.store.maildir.locate import Locator
from mailgate.store.maildir.snapshots import EMPTY, Snapshots


@implementer(IMaildrop)
class Maildrop:
    """See `IMaildrop`. The lock is never lost, so nothing here raises `LockLost`."""

    def __init__(
        self, name: str, path: str, held: SharedDescriptor, snapshots: Snapshots, offload: Offload, disk: Disk
    ) -> None:
        self.name = name
        self._path = path
        self._held = held
        self._snapshots = snapshots
        self._offload = offload
        self._disk = disk
        self._locator = Locator(disk)

    def snapshot(self) -> Awaitable[Snapshot]:
        """See `IMaildrop`."""
        return self._offload(self._take)

    def read(self, entry: Entry) -> Awaitable[IContent]:
        """See `IMaildrop`."""
        return hand_over(self._offload, partial(self._open, entry), lambda content: content.close())

    def remove(self, entries: Sequence[Entry]) -> Awaitable[None]:
        """See `IMaildrop`."""
        return self._offload(partial(self._remove, entries))

    def release(self) -> None:
        """See `IMaildrop`. If a thread is still busy here, the lock goes when it is done."""
        self._held.close()

    def _take(self) -> Snapshot:
        with as_store_error("cannot list the maildrop"), self._held.use() as directory:
            return self._snapshots.take(self._path, directory)

    def _open(self, entry: Entry) -> IContent:
        with self._held.use() as directory:
            return open_content(self._disk, self._offload, self._locator, directory, entry)

    def _remove(self, entries: Sequence[Entry]) -> None:
        with self._held.use() as directory:
            remaining: dict[Entry, OSError] = {}
            for entry in entries:
                try:
                    self._locator.act(directory, entry, self._unlink)
                except FileNotFoundError:
                    continue  # what is gone already counts as removed
                except OSError as error:
                    remaining[entry] = error
            if len(remaining) < len(entries):
                self._make_durable(directory, entries)
        if remaining:
            reason = in_words("cannot remove", next(iter(remaining.values())))
            raise NotRemoved(reason, [entry for entry in entries if entry in remaining])

    def _unlink(self, folder: int, name: str) -> None:
        self._disk.unlink(name, dir_fd=folder)

    def _make_durable(self, directory: int, entries: Sequence[Entry]) -> None:
        try:
            for folder in FOLDERS:
                with suppress(FileNotFoundError), self._disk.opened(folder, DIRECTORY, directory) as descriptor:
                    self._disk.fsync(descriptor)
        except OSError as error:
            # They cannot be seen any more, but a crash may bring any of them back: nobody may say that they are gone.
            raise NotRemoved(in_words("cannot make the removal durable", error), entries) from error


@implementer(IMaildrop)
class NoMaildrop:
    """A maildrop that does not exist and cannot be made now, on a full or read-only disk: as empty as it looks."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def snapshot(self) -> Snapshot:
        """See `IMaildrop`."""
        return EMPTY

    async def read(self, entry: Entry) -> IContent:
        """See `IMaildrop`."""
        raise Gone(f"there is no message {entry.uid}")

    async def remove(self, entries: Sequence[Entry]) -> None:
        """See `IMaildrop`: what is gone already counts as removed."""

    def release(self) -> None:
        """See `IMaildrop`."""


def open_content(disk: Disk, offload: Offload, locator: Locator, directory: int, entry: Entry) -> IContent:
    """Open an entry's file and read its first block. Blocks. Raises `Gone` and `StoreError`."""
    with as_store_error("cannot open the message"):
        try:
            descriptor, octets = locator.act(directory, entry, partial(open_regular, disk))
        except FileNotFoundError:
            raise Gone(f"message {entry.uid} is not there any more: another program removed it") from None
    return FileContent(disk, offload, descriptor, octets)
