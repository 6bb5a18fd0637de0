"""A maildrop's directory that is open and locked: what a session does there. All of it blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from mailgate.failures import NotRemoved
from mailgate.interfaces import IContent, Offload
from mailgate.mail import Entry, Snapshot
from mailgate.store.maildir.content import open_content, read_ahead
from mailgate.store.maildir.disk import DIRECTORY, Disk, as_store_error, in_words
from mailgate.store.maildir.handover import SharedDescriptor
from mailgate.store.maildir.layout import make_folders
from mailgate.store.maildir.listing import FOLDERS
from mailgate.store.maildir.locate import Locator
from mailgate.store.maildir.snapshots import Snapshots
from mailgate.store.maildir.trash import Trash


class LockedDirectory:
    """Not its owner: who closes `held` gives the lock back, and from then on everything here raises `StoreError`."""

    def __init__(self, disk: Disk, held: SharedDescriptor, path: str, snapshots: Snapshots) -> None:
        """`held` is the directory, `path` its name among the snapshots."""
        self.held = held
        self.path = path
        self._disk = disk
        self._snapshots = snapshots
        self._locator = Locator(disk)

    def take(self) -> Snapshot:
        """The messages that are there now. Raises `StoreError`."""
        with as_store_error("cannot list the maildrop"), self.held.use() as directory:
            glance = self._snapshots.glance(directory)
            if glance.lacks_folders:
                with suppress(OSError):  # listing goes on where nothing can be made
                    make_folders(self._disk, directory)
                glance = self._snapshots.glance(directory)
            return self._snapshots.take(self.path, directory, glance)

    def open(self, offload: Offload, entry: Entry, ahead: Sequence[Entry]) -> tuple[IContent, dict[str, bytes]]:
        """Open a message; and read what will be asked for next, by key, as far as it can be read.

        Raises `Gone` and `StoreError`, of the first message alone.
        """
        with self.held.use() as directory:
            content = open_content(self._disk, offload, self._locator, directory, entry)
            return content, read_ahead(self._disk, self._locator, directory, ahead)

    def remove(self, entries: Sequence[Entry], trashed_at: int | None) -> None:
        """Remove messages durably; into the trash, if there is a Unix time for that. Raises `NotRemoved`."""
        with self.held.use() as directory:
            if trashed_at is None:
                self._remove(directory, entries, self._unlink, lambda: None)
                return
            trash = Trash(self._disk, directory, trashed_at)
            try:
                self._remove(directory, entries, trash.take, trash.sync)
            finally:
                trash.close()

    def _remove(
        self,
        directory: int,
        entries: Sequence[Entry],
        take: Callable[[int, str], None],
        sync: Callable[[], None],
    ) -> None:
        remaining: dict[Entry, OSError] = {}
        for entry in entries:
            try:
                self._locator.act(directory, entry, take)
            except FileNotFoundError:
                continue  # what is gone already counts as removed
            except OSError as error:
                remaining[entry] = error
        if len(remaining) < len(entries):
            self._make_durable(directory, entries, sync)
        if remaining:
            reason = in_words("cannot remove", next(iter(remaining.values())))
            raise NotRemoved(reason, [entry for entry in entries if entry in remaining])

    def _unlink(self, folder: int, name: str) -> None:
        self._disk.unlink(name, dir_fd=folder)

    def _make_durable(self, directory: int, entries: Sequence[Entry], sync: Callable[[], None]) -> None:
        try:
            sync()
            for folder in FOLDERS:
                with suppress(FileNotFoundError), self._disk.opened(folder, DIRECTORY, directory) as descriptor:
                    self._disk.fsync(descriptor)
        except OSError as error:
            # They cannot be seen any more, but a crash may bring any of them back: nobody may say that they are gone.
            raise NotRemoved(in_words("cannot make the removal durable", error), entries) from error
