"""A maildrop's directory that is open and locked: what a session does there. It blocks, unless said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from twisted.logger import Logger

from mailgate.failures import NotRemoved
from mailgate.interfaces import IContent, Offload
from mailgate.mail import BLOCK_OCTETS, Entry, Snapshot
from mailgate.store.maildir import uid_owners
from mailgate.store.maildir.content import open_content, read_ahead, read_at_once
from mailgate.store.maildir.disk import DIRECTORY, Disk, as_store_error, in_words
from mailgate.store.maildir.filename import octets_of
from mailgate.store.maildir.handover import SharedDescriptor
from mailgate.store.maildir.layout import make_folders
from mailgate.store.maildir.listing import EXACT, FOLDERS
from mailgate.store.maildir.locate import Locator, locating
from mailgate.store.maildir.lock import check
from mailgate.store.maildir.snapshots import Snapshots
from mailgate.store.maildir.trash import Trash, make_trash

log = Logger(namespace="mailgate.store")


class LockedDirectory:
    """Not its owner: who closes `held` gives the lock back, and from then on everything here raises `StoreError`."""

    def __init__(
        self, disk: Disk, held: SharedDescriptor, path: str, snapshots: Snapshots, resident: Disk | None = None
    ) -> None:
        """`held` is the directory, `path` leads to it, and is its name among the snapshots. `resident` is the disk as
        far as it is in memory; without it, all is read in threads.
        """
        self.held = held
        self.path = path
        self._disk = disk
        self._resident = resident
        self._snapshots = snapshots
        self._locator = Locator(disk)
        self._told: set[str] = set()  # keys of messages whose sizes are wrong

    def take(self) -> Snapshot:
        """The messages that are there now. Raises `StoreError`."""
        with as_store_error("cannot list the maildrop"), self.held.use() as directory:
            glance = self._snapshots.glance(directory)
            if glance.lacks_folders:
                with suppress(OSError):  # listing goes on where nothing can be made
                    make_folders(self._disk, directory)
                glance = self._snapshots.glance(directory)
            return self._snapshots.take(self.path, directory, glance, is_locked=True)

    def read_at_once(self, entry: Entry) -> bytes | None:
        """The content of a message, if it can be had without waiting; else `open` will tell. Does not block."""
        if self._resident is None or entry.octets > BLOCK_OCTETS:
            return None
        with self.held.use() as directory:
            return read_at_once(self._resident, directory, entry, self._look)

    def open(self, offload: Offload, entry: Entry, ahead: Sequence[Entry]) -> tuple[IContent, dict[str, bytes]]:
        """Open a message; and read what will be asked for next, by key, as far as it can be read.

        Raises `Gone` and `StoreError`, of the first message alone.
        """
        with self.held.use() as directory:
            content = open_content(self._disk, offload, self._locator, directory, entry, self._look, self._resident)
            return content, read_ahead(self._disk, self._locator, directory, ahead, self._look)

    def _look(self, entry: Entry, descriptor: int, octets: int) -> None:
        if octets_of(entry.key) == octets:
            return
        with suppress(OSError):
            if entry.key not in self._told and self._snapshots.doubt(
                self.path, entry, self._disk.fstat(descriptor).st_ino, octets
            ):
                self._told.add(entry.key)
                log.warn(
                    "{path}: message {uid} has {octets} octets now: the size that clients are told is wrong until the "
                    "next session. See to it: mailgate store verify.",
                    path=self.path,
                    uid=entry.uid,
                    octets=octets,
                )

    def make_trash(self) -> None:
        """Have a trash, as far as it can be had: in time, before the disk is full. Raises `StoreError` if closed."""
        with self.held.use() as directory:
            make_trash(self._disk, directory)

    def remove(self, entries: Sequence[Entry], trashed_at: int | None) -> None:
        """Remove messages durably; into the trash, if there is a Unix time for that. Raises `NotRemoved`; `LockLost`,
        having removed nothing, if another directory is by now where this one was.
        """
        if not entries:
            return
        with self.held.use() as directory:
            self._check(directory, entries)
            if trashed_at is None:
                self._remove(directory, entries, self._unlink, lambda: None)
                return
            trash = Trash(self._disk, directory, trashed_at)
            try:
                self._remove(directory, entries, trash.take, trash.sync)
            finally:
                trash.close()

    def _check(self, directory: int, entries: Sequence[Entry]) -> None:
        try:
            check(self._disk, directory, self.path)
        except OSError as error:
            raise NotRemoved(in_words("cannot see whether it is still locked", error), entries) from error

    def _remove(
        self,
        directory: int,
        entries: Sequence[Entry],
        take: Callable[[int, str], None],
        sync: Callable[[], None],
    ) -> None:
        remaining: dict[Entry, OSError] = {}
        with locating(self._disk) as locator:
            for entry in entries:
                try:
                    locator.act(directory, entry, take)
                except FileNotFoundError:
                    continue  # what is gone already counts as removed
                except OSError as error:
                    remaining[entry] = error
        if len(remaining) < len(entries):
            self._make_durable(directory, entries, sync)
            self._note_removed(directory, [each for each in entries if each not in remaining] if remaining else entries)
        if remaining:
            reason = in_words("cannot remove", next(iter(remaining.values())))
            raise NotRemoved(reason, [entry for entry in entries if entry in remaining])

    def _note_removed(self, directory: int, entries: Sequence[Entry]) -> None:
        twins = [entry.uid for entry in entries if entry.key.startswith(EXACT)]
        if twins:
            uid_owners.note_removed(self._disk, directory, twins)

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
