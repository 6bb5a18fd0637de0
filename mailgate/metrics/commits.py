"""How long commits take, how many are under way, and since when: seen from in front of the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Final

from zope.interface import implementer

from mailgate.interfaces import IMaildrop, IMailStore, IStaged
from mailgate.mail import Copy, Message
from mailgate.metrics.families import Counter, Family, Gauge, Histogram
from mailgate.rules import NO_RULES, Rules

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)  # seconds


class Commits:
    """Commits that began and have not ended. There are no more than sessions: each waits for its own."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and never goes back."""
        self._clock = clock
        self._under_way: dict[int, float] = {}  # when each began, oldest first
        self._numbers = count()
        self.seconds = Histogram(
            "mailgate_commit_seconds", "From a message's last octet on its way to the disk until it is durable.", BOUNDS
        )
        self.failed = Counter("mailgate_commits_failed_total", "Commits that did not come about.")

    @property
    def families(self) -> tuple[Family, ...]:
        """What there is to tell."""
        return (
            self.seconds,
            self.failed,
            Gauge("mailgate_commits_waiting", "Commits under way.", (), lambda: {(): self.waiting}),
            Gauge(
                "mailgate_commit_oldest_seconds",
                "How long the oldest of them has been waiting; 0: there is none.",
                (),
                lambda: {(): self.oldest_seconds()},
            ),
        )

    @property
    def waiting(self) -> int:
        """How many are under way."""
        return len(self._under_way)

    def oldest_seconds(self) -> float:
        """How long the oldest has been under way; 0: there is none."""
        began = next(iter(self._under_way.values()), None)
        return 0.0 if began is None else self._clock() - began

    def begin(self) -> int:
        """A commit begins. Call `end` with what this gives."""
        number = next(self._numbers)
        self._under_way[number] = self._clock()
        return number

    def end(self, number: int, *, committed: bool) -> None:
        """It is over."""
        self.seconds.observe(self._clock() - self._under_way.pop(number))
        if not committed:
            self.failed.add()


@implementer(IMailStore)
class WatchedStore:
    """A store whose commits are noted; for who delivers, and needs no further ability of it."""

    def __init__(self, store: IMailStore, commits: Commits) -> None:
        self._store = store
        self._commits = commits

    async def stage(self, message: Message, copies: Sequence[Copy]) -> IStaged:
        """As `IMailStore` has it."""
        return _Watched(await self._store.stage(message, copies), self._commits)

    def open(self, maildrop: str, rules: Rules = NO_RULES) -> Awaitable[IMaildrop]:
        """As `IMailStore` has it."""
        return self._store.open(maildrop, rules)


@implementer(IStaged)
class _Watched:
    def __init__(self, staged: IStaged, commits: Commits) -> None:
        self._staged = staged
        self._commits = commits

    async def commit(self) -> tuple[str, ...]:
        number = self._commits.begin()
        committed = False
        try:
            names = await self._staged.commit()
            committed = True
        finally:
            self._commits.end(number, committed=committed)
        return names

    def discard(self) -> None:
        self._staged.discard()
