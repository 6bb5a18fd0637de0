"""Maildrops in memory: for tests, and as the measure of what a store is. Everything is gone when the process ends."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence

from attrs import frozen
from zope.interface import implementer

from mailgate.abilities import IBrowser, IMaildropNames, ITidy, ITrash, IUsage
from mailgate.failures import Gone, InUse, StoreError
from mailgate.interfaces import IContent, IFetchLog, IMaildrop, IMailStore, IStaged
from mailgate.mail import BLOCK_OCTETS, Copy, Entry, Message, Snapshot
from mailgate.rules import NO_RULES, Rules
from mailgate.wire.dots import WireCounter

_revisions = itertools.count(1)


@frozen
class _Kept:
    entry: Entry
    content: bytes


class _Messages:
    """One maildrop's, by key, in the order of arrival."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._snapshot: Snapshot | None = None  # made when it is asked for
        self.first_fetch: dict[str, int] = {}  # by key
        self._trash: list[float] = []  # when its messages came there

    def add(self, kept: _Kept) -> None:
        self._kept[kept.entry.key] = kept
        self._snapshot = None

    def remove(self, entries: Sequence[Entry], trashed_at: float | None) -> None:
        for entry in entries:
            if self._kept.pop(entry.key, None) is not None and trashed_at is not None:
                self._trash.append(trashed_at)
            self.first_fetch.pop(entry.key, None)
        self._snapshot = None

    def empty_trash(self, before: float) -> int:
        had = len(self._trash)
        self._trash = [at for at in self._trash if at >= before]
        return had - len(self._trash)

    def snapshot(self) -> Snapshot:
        if self._snapshot is None:
            entries = sorted((kept.entry for kept in self._kept.values()), key=lambda entry: entry.seconds)
            self._snapshot = Snapshot(next(_revisions), tuple(entries))
        return self._snapshot

    def read(self, entry: Entry) -> IContent:
        if entry.key not in self._kept:
            raise Gone(f"message {entry.uid} is not there any more")
        return _Content(self._kept[entry.key].content)


@implementer(IMailStore, IBrowser, IMaildropNames, ITidy, ITrash, IUsage)
class MemoryStore:
    """See the interfaces. `clock` gives Unix time in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._maildrops: dict[str, _Messages] = {}
        self._locked: set[str] = set()
        self._numbers = itertools.count(1)

    async def stage(self, message: Message, copies: Sequence[Copy]) -> IStaged:
        """See `IMailStore`. The copies' names in the log are `<maildrop>/<uid>`."""
        try:
            with message.body.open() as stream:
                body = stream.read()
        except OSError as error:
            raise StoreError(f"cannot read the message that is to be kept: {error}") from error
        return _Staged(self._commit, [(copy.maildrop, self._keep(message, copy, body)) for copy in copies])

    async def open(self, maildrop: str, rules: Rules = NO_RULES) -> IMaildrop:
        """See `IMailStore`."""
        if maildrop in self._locked:
            raise InUse(f"another session has {maildrop} open")
        self._locked.add(maildrop)
        messages = self._messages(maildrop)
        return _Maildrop(maildrop, rules, messages, self._clock, lambda: self._locked.discard(maildrop))

    async def empty_trash(self, maildrop: str, before: float) -> int:
        """See `ITrash`."""
        return self._maildrops.get(maildrop, _Messages()).empty_trash(before)

    async def tidy(self, maildrop: str) -> int:
        """See `ITidy`. Nothing is ever left in memory."""
        return 0

    async def names(self) -> Sequence[str]:
        """See `IMaildropNames`."""
        return sorted(self._maildrops)

    async def browse(self, maildrop: str) -> Snapshot:
        """See `IBrowser`."""
        return self._maildrops.get(maildrop, _Messages()).snapshot()

    async def read(self, maildrop: str, entry: Entry) -> IContent:
        """See `IBrowser`."""
        return self._maildrops.get(maildrop, _Messages()).read(entry)

    async def usage(self, maildrop: str) -> tuple[int, int]:
        """See `IUsage`."""
        snapshot = await self.browse(maildrop)
        return len(snapshot.entries), snapshot.octets

    def _messages(self, maildrop: str) -> _Messages:
        return self._maildrops.setdefault(maildrop, _Messages())

    def _keep(self, message: Message, copy: Copy, body: bytes) -> _Kept:
        content = b"".join(bytes(field) for field in (*copy.fields, *message.fields)) + body
        counter = WireCounter()
        counter.feed(content)
        number = next(self._numbers)
        key, smtputf8 = str(number), message.envelope.smtputf8
        entry = Entry(f"memory-{number}", counter.finish(), key, message.id, int(self._clock()), smtputf8)
        return _Kept(entry, content)

    def _commit(self, copies: Sequence[tuple[str, _Kept]]) -> tuple[str, ...]:
        for maildrop, kept in copies:
            self._messages(maildrop).add(kept)
        return tuple(f"{maildrop}/{kept.entry.uid}" for maildrop, kept in copies)


@implementer(IStaged)
class _Staged:
    def __init__(
        self,
        commit: Callable[[Sequence[tuple[str, _Kept]]], tuple[str, ...]],
        copies: Sequence[tuple[str, _Kept]],
    ) -> None:
        self._commit = commit
        self._copies = copies
        self._mine = True

    async def commit(self) -> tuple[str, ...]:
        if not self._mine:
            raise RuntimeError("committed or discarded already")
        self._mine = False
        return self._commit(self._copies)

    def discard(self) -> None:
        self._mine = False


@implementer(IMaildrop, IFetchLog)
class _Maildrop:
    def __init__(
        self, name: str, rules: Rules, messages: _Messages, clock: Callable[[], float], unlock: Callable[[], None]
    ) -> None:
        self.name = name
        self.rules = rules
        self._messages = messages
        self._clock = clock
        self._unlock = unlock
        self._released = False

    async def snapshot(self) -> Snapshot:
        self._check()
        return self._messages.snapshot()

    async def read(self, entry: Entry) -> IContent:
        self._check()
        return self._messages.read(entry)

    async def remove(self, entries: Sequence[Entry], *, to_trash: bool = False) -> None:
        self._check()
        self._messages.remove(entries, self._clock() if to_trash else None)

    def fetched(self, entry: Entry, seconds: int) -> None:
        self._messages.first_fetch.setdefault(entry.key, seconds)

    def first_fetch(self, entry: Entry) -> int | None:
        return self._messages.first_fetch.get(entry.key)

    async def remember(self) -> None:
        """Memory forgets nothing before the process ends."""

    def release(self) -> None:
        if not self._released:
            self._released = True
            self._unlock()

    def _check(self) -> None:
        if self._released:
            raise StoreError("it has been closed")


@implementer(IContent)
class _Content:
    def __init__(self, content: bytes) -> None:
        self.whole = content if len(content) <= BLOCK_OCTETS else None
        self._blocks = (content[at : at + BLOCK_OCTETS] for at in range(0, len(content), BLOCK_OCTETS))

    def read_block(self) -> bytes:
        return next(self._blocks, b"")

    def close(self) -> None:
        self._blocks.close()
