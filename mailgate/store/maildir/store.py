"""The store of Maildirs: stages and opens, and can be browsed without the lock."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from twisted.logger import Logger
from zope.interface import implementer

from mailgate.abilities import IBrowser, IMaildropNames, ITidy, ITrash, IUsage
from mailgate.failures import Gone
from mailgate.interfaces import IContent, IMaildrop, IMailStore, IStaged, Offload
from mailgate.mail import Copy, Entry, Message, Snapshot
from mailgate.rules import NO_RULES, Rules
from mailgate.store.maildir import stale, trash
from mailgate.store.maildir.ahead import Shelf
from mailgate.store.maildir.apart import Apart, Start
from mailgate.store.maildir.at_once import AtOnce
from mailgate.store.maildir.commit import Job, commit, discard
from mailgate.store.maildir.committer import Committer, Soon
from mailgate.store.maildir.content import open_content
from mailgate.store.maildir.disk import Disk, as_store_error, is_unwritable
from mailgate.store.maildir.handover import hand_over, in_the_background
from mailgate.store.maildir.layout import Layout
from mailgate.store.maildir.locate import Locator
from mailgate.store.maildir.lock import lock
from mailgate.store.maildir.maildrop import Maildrop, Means, NoMaildrop
from mailgate.store.maildir.snapshots import EMPTY, Snapshots
from mailgate.store.maildir.staging import Staged, Writer, octets_of
from mailgate.store.maildir.syncing import Syncing, Way

_NODE: Final = re.compile(r"[0-9A-Za-z_-]{1,16}")

log = Logger(namespace="mailgate.store")


def _at_once(call: Callable[[], None]) -> None:
    call()


@implementer(IMailStore, IBrowser, IMaildropNames, ITidy, ITrash, IUsage)
class MaildirStore:
    """Maildirs below `root`, which is made when the first maildrop is.

    `node` is this gateway's name in file names (1 to 16 of 0-9 A-Z a-z _ -, 8 by custom; else ValueError), unlike any
    other that works on the same root. Disk work goes through `offload`, but for the batches of the committer: these go,
    one at a time, through `commits`, a thread of their own by custom, so that they never queue behind large messages.
    Left out, it is `offload`. `soon` calls in the reactor's next turn; left out, a batch begins with its first message.
    `sync` chooses how batches become durable. What `resident` has (the disk as far as it is in memory) is read without
    a trip to a thread. `apart` starts a process that commits batches of small messages, between `start` and `close`.
    `clock` gives Unix time in seconds.
    """

    def __init__(
        self,
        root: str,
        node: str,
        offload: Offload,
        clock: Callable[[], float] = time.time,
        disk: Disk = Disk(),  # noqa: B008 - a frozen value
        *,
        commits: Offload | None = None,
        soon: Soon = _at_once,
        sync: Way = "auto",
        resident: Disk | None = None,
        apart: Start | None = None,
    ) -> None:
        if _NODE.fullmatch(node) is None:
            raise ValueError(f"not the name of a node: {node!r}")
        self._offload = offload
        self._clock = clock
        self._disk = disk
        self._layout = Layout(root, disk)
        self._writer = Writer(self._layout, disk, node, clock)
        self._syncing = Syncing(root, disk, sync)
        here = partial(commit, disk, self._syncing)
        self._apart = Apart(self._layout, disk, node, sync, here, apart) if apart is not None else None
        # A batch that is full costs threads less. A process has no part in that: while it is at one, the next gathers.
        self._committer = Committer(commits or offload, self._apart or here, soon if self._apart is None else _at_once)
        self._snapshots = Snapshots(disk, clock)
        self._means = Means(disk, offload, clock, self._snapshots, Shelf(), resident)
        self._at_once = AtOnce(root, resident, self._means) if resident is not None else None

    def start(self) -> None:
        """Start what works beside the store. One that is never started works as well, more slowly."""
        if self._apart is not None:
            self._apart.start()

    def close(self) -> None:
        """End what was started. Blocks; when nothing is being committed any more."""
        if self._apart is not None:
            self._apart.close()

    async def stage(self, message: Message, copies: Sequence[Copy]) -> IStaged:
        """See `IMailStore`. The copies' names in the log are the paths of their files.

        What is quickly done is not done before the commit, whose `NotCommitted` then says what went wrong.
        """
        if self._writer.is_quick(message, copies, as_whole=self._is_as_whole()):
            write = partial(self._writer.write, message, copies, durable=False)
            order = partial(self._writer.order, message, copies)
            job = Job(write, len(copies), octets_of(message, copies), order)
            return Staged(job, self._committer.commit, lambda: None)
        write = partial(self._writer.write, message, copies, durable=True)
        throw_away = partial(discard, self._disk)
        files = await hand_over(self._offload, write, throw_away)
        give_up = partial(in_the_background, self._offload, partial(throw_away, files))
        return Staged(Job(lambda: files, len(files)), self._committer.commit, give_up)

    def _is_as_whole(self) -> bool:
        there = self._apart.is_as_whole if self._apart is not None else None
        return self._syncing.is_as_whole() if there is None else there

    async def open(self, maildrop: str, rules: Rules = NO_RULES) -> IMaildrop:
        """See `IMailStore`. A maildrop that is not there is made; where the disk forbids that, an empty one opens."""
        if self._at_once is not None and (opened := self._at_once.open(maildrop, rules)) is not None:
            return opened
        return await hand_over(self._offload, partial(self._open, maildrop, rules), lambda opened: opened.release())

    def names(self) -> Awaitable[Sequence[str]]:
        """See `IMaildropNames`."""
        return self._offload(self._names)

    def browse(self, maildrop: str) -> Awaitable[Snapshot]:
        """See `IBrowser`."""
        return self._offload(partial(self._browse, maildrop))

    def read(self, maildrop: str, entry: Entry) -> Awaitable[IContent]:
        """See `IBrowser`."""
        return hand_over(self._offload, partial(self._read, maildrop, entry), lambda content: content.close())

    async def usage(self, maildrop: str) -> tuple[int, int]:
        """See `IUsage`."""
        snapshot = await self.browse(maildrop)
        return len(snapshot.entries), snapshot.octets

    def empty_trash(self, maildrop: str, before: float) -> Awaitable[int]:
        """See `ITrash`."""
        return self._offload(partial(self._empty_trash, maildrop, before))

    def tidy(self, maildrop: str) -> Awaitable[int]:
        """See `ITidy`. The log is told."""
        return self._offload(partial(self._tidy, maildrop))

    def _open(self, maildrop: str, rules: Rules) -> IMaildrop:
        with as_store_error(f"cannot open the maildrop of {maildrop}"):
            directory = self._enter(maildrop)
            if directory is None:
                return NoMaildrop(maildrop, rules)
            if self._at_once is not None:
                self._at_once.learn(self._disk, directory)
            held = lock(self._disk, directory, maildrop)
        return Maildrop(maildrop, rules, self._layout.path(maildrop), held, self._means)

    def _enter(self, maildrop: str) -> int | None:
        with suppress(FileNotFoundError):
            return self._layout.open(maildrop, make=False)  # what it lacks is seen to with the first snapshot
        try:
            return self._layout.open(maildrop, make=True)
        except OSError as error:
            if is_unwritable(error):  # reading must go on where nothing can be made
                return None
            raise

    def _empty_trash(self, maildrop: str, before: float) -> int:
        with as_store_error(f"cannot empty the trash of {maildrop}"):
            try:
                with self._layout.opened(maildrop, make=False) as directory:
                    return trash.empty(self._disk, directory, before)
            except FileNotFoundError:
                return 0

    def _tidy(self, maildrop: str) -> int:
        with as_store_error(f"cannot tidy the maildrop of {maildrop}"):
            try:
                with self._layout.opened(maildrop, make=False) as directory:
                    removed = stale.remove(self._disk, directory, self._clock())
            except FileNotFoundError:
                return 0
        if removed:
            log.info(
                "{maildrop}: {removed} deliveries that were given up are removed from tmp",
                maildrop=maildrop,
                removed=removed,
            )
        return removed

    def _names(self) -> Sequence[str]:
        with as_store_error("cannot list the maildrops"):
            return self._layout.maildrops()

    def _browse(self, maildrop: str) -> Snapshot:
        with as_store_error(f"cannot list the maildrop of {maildrop}"):
            try:
                with self._layout.opened(maildrop, make=False) as directory:
                    return self._snapshots.take(self._layout.path(maildrop), directory)
            except FileNotFoundError:
                return EMPTY

    def _read(self, maildrop: str, entry: Entry) -> IContent:
        with as_store_error(f"cannot open the maildrop of {maildrop}"):
            try:
                with self._layout.opened(maildrop, make=False) as directory:
                    return open_content(self._disk, self._offload, Locator(self._disk), directory, entry)
            except FileNotFoundError:
                raise Gone(f"there is no maildrop of {maildrop}") from None
