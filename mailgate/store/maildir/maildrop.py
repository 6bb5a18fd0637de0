"""A Maildir that is open and locked for one session, as the reactor sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from attrs import frozen
from zope.interface import implementer

from mailgate.failures import Gone, NotRemoved, StoreError
from mailgate.interfaces import IContent, IFetchLog, IMaildrop, Offload
from mailgate.mail import Entry, Snapshot
from mailgate.rules import Rules
from mailgate.store.maildir.ahead import ReadAhead, Shelf
from mailgate.store.maildir.content import KeptContent
from mailgate.store.maildir.directory import LockedDirectory
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.fetch_log import FetchLog
from mailgate.store.maildir.handover import SharedDescriptor, hand_over, in_the_background
from mailgate.store.maildir.snapshots import EMPTY, Snapshots


@frozen
class Means:
    """What a store gives to all of its open maildrops."""

    disk: Disk
    offload: Offload
    clock: Callable[[], float]
    snapshots: Snapshots
    shelf: Shelf
    resident: Disk | None = None  # the disk as far as it is in memory; None: that cannot be known here


@implementer(IMaildrop, IFetchLog)
class Maildrop:
    """See the interfaces. The lock is lost where the maildrop is replaced on the disk: the new one is not locked."""

    def __init__(
        self,
        name: str,
        rules: Rules,
        path: str,
        held: SharedDescriptor,
        means: Means,
        latest: Snapshot | None = None,
    ) -> None:
        """Blocks: the first snapshot is taken here, if it is not known as `latest`, and where it will be asked what was
        fetched, that is read. `at_once.py` knows for whom nothing of that is to be done.

        Owns `held`, the locked directory, also if it raises `StoreError`.
        """
        self.name = name
        self.rules = rules
        self._held = held
        self._offload = means.offload
        self._clock = means.clock
        self._directory = LockedDirectory(means.disk, held, path, means.snapshots, means.resident)
        self._ahead = ReadAhead(means.shelf)
        self._log = FetchLog(means.disk, held, path)
        self._released = False
        try:
            self._latest = self._directory.take() if latest is None else latest
            if rules.retention.fetched_days:
                self._log.recall()
            if rules.dele == "trash":
                self._directory.make_trash()
        except BaseException:
            held.close()
            raise
        self._is_fresh = True  # nobody has seen the latest snapshot yet

    async def snapshot(self) -> Snapshot:
        """See `IMaildrop`. The first one was taken under the lock when the maildrop was opened."""
        self._check()
        if not self._is_fresh:
            self._latest = await self._offload(self._directory.take)
        self._is_fresh = False
        self._ahead.follow(self._latest.entries)
        return self._latest

    async def read(self, entry: Entry) -> IContent:
        """See `IMaildrop`."""
        self._check()
        kept = self._ahead.take(entry)
        if kept is not None:
            return KeptContent(kept)
        if (whole := self._directory.read_at_once(entry)) is not None:
            return KeptContent(whole)
        opened = partial(self._directory.open, self._offload, entry, self._ahead.due())
        content, contents = await hand_over(self._offload, opened, lambda made: made[0].close())
        if not self._released:
            self._ahead.keep(contents)
        return content

    async def remove(self, entries: Sequence[Entry], *, to_trash: bool = False) -> None:
        """See `IMaildrop`."""
        self._check()
        self._ahead.forget()
        remaining: Sequence[Entry] = entries
        try:
            await self._offload(partial(self._directory.remove, entries, int(self._clock()) if to_trash else None))
            remaining = ()
        except NotRemoved as error:
            remaining = error.entries
            raise
        finally:
            self._log.forget(_uids(entries) - _uids(remaining))

    def fetched(self, entry: Entry, seconds: int) -> None:
        """See `IFetchLog`."""
        self._log.note(entry.uid, seconds)

    def first_fetch(self, entry: Entry) -> int | None:
        """See `IFetchLog`. Where the rules do not ask for it, the first call reads a file."""
        return self._log.first(entry.uid)

    async def remember(self) -> None:
        """See `IFetchLog`."""
        if self._log.has_news and not self._released:
            await self._offload(self._remember)

    def release(self) -> None:
        """See `IMaildrop`. If a thread is still busy here, the lock goes when it is done."""
        if self._released:
            return
        self._released = True
        self._ahead.forget()
        if self._log.has_news:
            in_the_background(self._offload, self._remember, self._held.close)
        else:
            self._held.close()

    def _remember(self) -> None:
        self._log.write(entry.uid for entry in self._latest.entries)

    def _check(self) -> None:
        if self._released:
            raise StoreError("it has been closed")


@implementer(IMaildrop)
class NoMaildrop:
    """A maildrop that does not exist and cannot be made now, on a full or read-only disk: as empty as it looks."""

    def __init__(self, name: str, rules: Rules) -> None:
        self.name = name
        self.rules = rules

    async def snapshot(self) -> Snapshot:
        """See `IMaildrop`."""
        return EMPTY

    async def read(self, entry: Entry) -> IContent:
        """See `IMaildrop`."""
        raise Gone(f"there is no message {entry.uid}")

    async def remove(self, entries: Sequence[Entry], *, to_trash: bool = False) -> None:
        """See `IMaildrop`: what is gone already counts as removed."""

    def release(self) -> None:
        """See `IMaildrop`."""


def _uids(entries: Iterable[Entry]) -> set[str]:
    return {entry.uid for entry in entries}
