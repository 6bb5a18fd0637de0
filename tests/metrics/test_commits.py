"""Commits, seen from in front of the store."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.verify import verifyClass

from mailgate.failures import NotCommitted, StoreFull
from mailgate.interfaces import IMailStore, IStaged
from mailgate.mail import Copy, Message
from mailgate.metrics.commits import Commits, WatchedStore
from mailgate.metrics.families import Gauge
from mailgate.rules import NO_RULES, Rules
from mailgate.store.memory import MemoryStore
from tests.support import a_message, outcome_of, recipient, result_of, started

MESSAGE = a_message(recipient("alice@example.test"))
COPIES = (Copy("alice@example.test"),)


@implementer(IStaged)
class Slow:
    """A commit that takes as long as the test wants."""

    def __init__(self) -> None:
        self.commits: list[Deferred[tuple[str, ...]]] = []
        self.discarded = 0

    def commit(self) -> Deferred[tuple[str, ...]]:
        self.commits.append(Deferred())
        return self.commits[-1]

    def discard(self) -> None:
        self.discarded += 1


@implementer(IMailStore)
class SlowStore(MemoryStore):
    def __init__(self, staged: Slow) -> None:
        super().__init__()
        self._slow = staged

    async def stage(self, message: Message, copies: Sequence[Copy]) -> IStaged:
        if not copies:
            raise StoreFull("no room")
        return self._slow


class Watched:
    def __init__(self) -> None:
        self.clock = Clock()
        self.slow = Slow()
        self.commits = Commits(self.clock.seconds)
        self.store = WatchedStore(SlowStore(self.slow), self.commits)

    def begin(self) -> Deferred[tuple[str, ...]]:
        return started(result_of(self.store.stage(MESSAGE, COPIES)).commit())

    def gauges(self) -> dict[str, float]:
        return {family.name: family.read()[()] for family in self.commits.families if isinstance(family, Gauge)}


def test_it_is_a_store() -> None:
    assert verifyClass(IMailStore, WatchedStore)


def test_commits_are_noted_while_they_are_under_way() -> None:
    watched = Watched()
    assert watched.gauges() == {"mailgate_commits_waiting": 0, "mailgate_commit_oldest_seconds": 0}
    first = watched.begin()
    watched.clock.advance(3)
    second = watched.begin()
    watched.clock.advance(0.5)
    assert watched.gauges() == {"mailgate_commits_waiting": 2, "mailgate_commit_oldest_seconds": 3.5}
    watched.slow.commits[0].callback(("new/1",))
    assert outcome_of(first) == ("new/1",)
    assert (watched.commits.waiting, watched.commits.oldest_seconds()) == (1, 0.5)
    watched.slow.commits[1].callback(("new/2",))
    assert outcome_of(second) == ("new/2",)
    assert watched.commits.waiting == 0
    distribution = watched.commits.seconds.values[()]
    assert (sum(distribution.counts), distribution.sum) == (2, 4.0)
    assert watched.commits.failed.values[()] == 0


def test_commits_that_fail() -> None:
    watched = Watched()
    commit = watched.begin()
    watched.slow.commits[0].errback(NotCommitted("disk", ()))
    with pytest.raises(NotCommitted):
        outcome_of(commit)
    assert (watched.commits.waiting, watched.commits.failed.values[()]) == (0, 1)


def test_all_else_is_the_store_s() -> None:
    watched = Watched()
    staged = result_of(watched.store.stage(MESSAGE, COPIES))
    staged.discard()
    assert watched.slow.discarded == 1 and watched.commits.waiting == 0
    with pytest.raises(StoreFull):
        result_of(watched.store.stage(MESSAGE, ()))
    opened = result_of(watched.store.open("alice@example.test", NO_RULES))
    assert opened.name == "alice@example.test" and opened.rules == Rules()
