"""One limit for many waits."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.task import Clock

from mailgate.sending.deadline import Deadline
from tests.support import outcome_of, started


class Bench:
    """A wait of at most `seconds`, before a deadline ten seconds away."""

    def __init__(self, seconds: float = float("inf"), passed: float = 0.0, cancels: Exception | None = None) -> None:
        self.clock = Clock()
        deadline = Deadline(self.clock, self.clock.seconds() + 10)
        self.clock.advance(passed)
        self.work: Deferred[int] = Deferred(lambda work: work.errback(cancels) if cancels else None)
        self.waiting = started(deadline.wait(self.work, seconds))


def test_it_gives_what_the_work_gives() -> None:
    bench = Bench()
    bench.work.callback(3)
    assert outcome_of(bench.waiting) == 3
    assert bench.clock.getDelayedCalls() == []


@pytest.mark.parametrize(("seconds", "passed", "left"), [(float("inf"), 0, 10), (4, 0, 4), (4, 7, 3), (4, 12, 0)])
@pytest.mark.parametrize("cancels", [None, ConnectingCancelledError("address")])
def test_it_ends_at_the_sooner_of_both(seconds: float, passed: float, left: float, cancels: Exception | None) -> None:
    bench = Bench(seconds, passed, cancels)
    if left:
        bench.clock.advance(left - 0.1)
        assert not bench.waiting.called
    bench.clock.advance(0.1)
    with pytest.raises(TimeoutError):
        outcome_of(bench.waiting)


def test_what_is_done_is_done_even_late() -> None:
    clock = Clock()
    work: Deferred[int] = Deferred()
    work.callback(3)
    assert outcome_of(started(Deadline(clock, -1.0).wait(work))) == 3
    assert clock.getDelayedCalls() == []


def test_work_that_ends_well_when_it_is_cancelled() -> None:
    clock = Clock()
    work: Deferred[int] = Deferred(lambda work: work.callback(3))
    waiting = started(Deadline(clock, 1.0).wait(work))
    clock.advance(1)
    assert outcome_of(waiting) == 3


def test_to_be_cancelled_is_no_time_out() -> None:
    bench = Bench()
    bench.waiting.cancel()
    with pytest.raises(CancelledError):
        outcome_of(bench.waiting)
    assert bench.clock.getDelayedCalls() == []
