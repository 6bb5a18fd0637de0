"""The ring of the last lines: bounded, numbered, waited for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock
from twisted.logger import Logger
from zope.interface.verify import verifyObject

from mailgate import facts
from mailgate.control import log_lines as module
from mailgate.control.log_lines import GATHER_SECONDS, Found, LogLines
from mailgate.control.log_rendering import Event
from mailgate.facts import Fact
from mailgate.interfaces import IFactReader
from mailgate.log import FactLog
from tests.metrics.samples import a
from tests.support import logged, outcome_of, started


def anything(content: Fact | Event) -> bool:
    return True


def from_alice(content: Fact | Event) -> bool:
    return getattr(content, "user", "") == "alice"


class Ring(LogLines):
    def __init__(self) -> None:
        self.clock = Clock()
        self.elsewhere: list[Callable[[], None]] = []  # what is to be called in the reactor's thread
        super().__init__(self.clock, self.elsewhere.append)

    def happens(self, *users: str) -> None:
        for user in users:
            self.read(a(facts.LoggedIn, user=user))


def users(found: Found) -> list[str]:
    return [getattr(line.content, "user", "") for line in found.lines]


def test_it_reads_facts() -> None:
    assert verifyObject(IFactReader, Ring())


def test_the_newest() -> None:
    ring = Ring()
    assert ring.newest(anything, 5) == Found([], 0, 0)
    ring.happens("alice", "bob", "carol")
    found = ring.newest(anything, 2)
    assert (users(found), [line.number for line in found.lines]) == (["bob", "carol"], [2, 3])
    assert (found.seen, found.missed) == (3, 0)
    assert users(ring.newest(from_alice, 2)) == ["alice"]
    assert users(ring.newest(anything, 0)) == []


def test_those_behind_a_number() -> None:
    ring = Ring()
    ring.happens("alice", "bob", "alice", "carol")
    assert users(ring.after(1, anything, 9)) == ["bob", "alice", "carol"]
    found = ring.after(0, from_alice, 1)
    assert (users(found), found.seen) == (["alice"], 1)
    found = ring.after(found.seen, from_alice, 1)
    assert (users(found), found.seen) == (["alice"], 3)
    found = ring.after(found.seen, from_alice, 1)
    assert (users(found), found.seen) == ([], 4)


def test_a_number_of_a_server_that_was_before() -> None:
    ring = Ring()
    ring.happens("alice")
    assert ring.after(1_000, anything, 9) == Found([], 0, 1)


def test_it_has_so_many_lines_and_says_what_it_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINES", 3)
    ring = Ring()
    ring.happens(*"abcde")
    assert users(ring.newest(anything, 9)) == ["c", "d", "e"]
    found = ring.after(1, anything, 9)
    assert (users(found), found.missed) == (["c", "d", "e"], 1)
    assert ring.after(2, anything, 9).missed == 0


def test_long_lists_take_the_place_of_several_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WEIGHT", 10)
    ring = Ring()
    ring.happens(*"abcdefgh")
    ring.read(a(facts.Accepted, recipients=("x",) * 5))
    assert users(ring.newest(anything, 99)) == ["e", "f", "g", "h", ""]
    ring.read(a(facts.Accepted, recipients=("x",) * 50))
    assert ring.newest(anything, 99) == Found([], 0, 10)
    assert ring.after(0, anything, 9).missed == 10
    ring.happens("i")
    assert users(ring.newest(anything, 99)) == ["i"]


@given(st.lists(st.integers(0, 6)), st.integers(1, 4))
def test_who_follows_sees_every_line_once_or_hears_that_it_was_lost(bursts: list[int], count: int) -> None:
    ring, seen, missed, at, told = Ring(), [], 0, 0, 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_LINES", 4)
        for burst in bursts:
            ring.happens(*(str(told + number) for number in range(burst)))
            told += burst
            found = ring.after(at, anything, count)
            seen += users(found)
            missed += found.missed
            at = found.seen
        while (found := ring.after(at, anything, count)).lines:
            seen += users(found)
            missed += found.missed
            at = found.seen
    assert len(seen) + missed == told == at
    assert seen == sorted(set(seen), key=int)


# What is no fact.


def test_what_is_no_fact_comes_in_the_reactor_s_thread() -> None:
    ring = Ring()
    with logged() as events:
        Logger(namespace="mailgate").warn("no room")
        FactLog().read(a(facts.Accepted))
    for event in events:
        ring.observe(event)
    assert ring.newest(anything, 9).lines == [] and len(ring.elsewhere) == 1  # the fact comes as a fact
    ring.elsewhere[0]()
    (line,) = ring.newest(anything, 9).lines
    assert isinstance(line.content, Event) and (line.number, line.content.text) == (1, "no room")


# Waiting.


def test_who_waits_is_woken_for_all_that_comes_at_one_time() -> None:
    ring = Ring()
    waits = started(ring.more(30))
    assert ring.waits == 1
    ring.happens("alice")
    ring.clock.advance(GATHER_SECONDS / 2)
    ring.happens("bob")
    assert not waits.called
    ring.clock.advance(GATHER_SECONDS / 2)
    outcome_of(waits)
    assert (ring.waits, ring.clock.getDelayedCalls()) == (0, [])
    again = started(ring.more(30))
    ring.happens("carol")
    ring.clock.advance(GATHER_SECONDS)
    outcome_of(again)


def test_nobody_waits_for_ever() -> None:
    ring = Ring()
    waits = started(ring.more(30))
    ring.clock.advance(30)
    outcome_of(waits)
    assert (ring.waits, ring.clock.getDelayedCalls()) == (0, [])


def test_a_line_and_the_end_of_the_wait_at_one_time() -> None:
    ring = Ring()
    waits = started(ring.more(GATHER_SECONDS))
    ring.happens("alice")
    ring.clock.advance(GATHER_SECONDS)
    outcome_of(waits)
    assert (ring.waits, ring.clock.getDelayedCalls()) == (0, [])


def test_who_goes_waits_no_more() -> None:
    ring = Ring()
    waits = started(ring.more(30))
    ring.happens("alice")
    waits.cancel()
    with pytest.raises(CancelledError):
        outcome_of(waits)
    assert ring.waits == 0
    ring.clock.advance(GATHER_SECONDS)
    assert ring.clock.getDelayedCalls() == []


def test_nothing_is_timed_while_nobody_waits() -> None:
    ring = Ring()
    ring.happens("alice")
    assert ring.clock.getDelayedCalls() == []
