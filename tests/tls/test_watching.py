"""The watch: looks by the clock, waits for its last look, and survives a bug."""

from __future__ import annotations

from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from mailgate.tls import Certificates, Watch
from mailgate.tls.watching import LOOK_SECONDS
from tests.support import logged, outcome_of, started


class Looks:
    """Certificates that are looked at."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.looks = 0
        self.last: Deferred[None] | None = None
        self.bug: Exception | None = None
        self.watch = Watch(cast(Certificates, self), cast(Any, self.clock))

    async def look(self) -> None:
        self.looks += 1
        if self.bug is not None:
            raise self.bug
        if self.last is not None:
            await self.last


@pytest.fixture
def looks() -> Looks:
    return Looks()


def test_looks_now_and_every_few_seconds(looks: Looks) -> None:
    looks.watch.start()
    assert looks.looks == 1
    looks.clock.pump([LOOK_SECONDS] * 3)
    assert looks.looks == 4
    outcome_of(started(looks.watch.stop()))
    looks.clock.pump([LOOK_SECONDS] * 3)
    assert (looks.looks, looks.clock.getDelayedCalls()) == (4, [])


def test_stops_when_the_look_under_way_is_over(looks: Looks) -> None:
    looks.last = Deferred()
    looks.watch.start()
    looks.clock.advance(3 * LOOK_SECONDS)
    stopped = started(looks.watch.stop())
    assert (looks.looks, stopped.called) == (1, False)
    looks.last.callback(None)
    outcome_of(stopped)


def test_a_bug_is_logged_and_ends_nothing(looks: Looks) -> None:
    looks.bug = RuntimeError("a bug")
    with logged() as events:
        looks.watch.start()
    assert [event["log_failure"].getErrorMessage() for event in events] == ["a bug"]
    looks.bug = None
    looks.clock.advance(LOOK_SECONDS)
    assert looks.looks == 2


def test_what_was_never_started_stops_as_well(looks: Looks) -> None:
    outcome_of(started(looks.watch.stop()))
    looks.watch.start()
    outcome_of(started(looks.watch.stop()))
    outcome_of(started(looks.watch.stop()))
