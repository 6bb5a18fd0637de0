"""Cancellation and what it must not reach."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred

from mailgate.waits import to_the_end, uncut
from tests.support import result_of, started


class Watched:
    """A Deferred that remembers whether it was cancelled."""

    def __init__(self) -> None:
        self.cancelled = False
        self.deferred: Deferred[int] = Deferred(self._cancel)

    def _cancel(self, _: Deferred[int]) -> None:
        self.cancelled = True


def is_cancelled(work: Deferred[int]) -> bool:
    with pytest.raises(CancelledError):
        result_of(work)
    return True


def test_to_the_end_gives_what_the_work_gives() -> None:
    work: Deferred[int] = Deferred()
    waiting = started(to_the_end(work))
    work.callback(3)
    assert result_of(waiting) == 3


def test_to_the_end_raises_what_the_work_raises() -> None:
    work: Deferred[int] = Deferred()
    waiting = started(to_the_end(work))
    work.errback(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        result_of(waiting)


def test_to_the_end_swallows_every_cancellation() -> None:
    watched = Watched()
    waiting = started(to_the_end(watched.deferred))
    waiting.cancel()
    waiting.cancel()
    assert not watched.cancelled
    watched.deferred.callback(3)
    assert result_of(waiting) == 3


def test_to_the_end_takes_a_coroutine_that_is_done_at_once() -> None:
    async def work() -> int:
        return 3

    assert result_of(to_the_end(work())) == 3


def test_to_the_end_passes_on_a_cancellation_of_the_works_own() -> None:
    work: Deferred[int] = Deferred()
    waiting = started(to_the_end(work))
    work.cancel()
    assert is_cancelled(waiting)


def test_uncut_gives_what_the_work_gives() -> None:
    work: Deferred[int] = Deferred()
    waiting = started(uncut(work))
    work.callback(3)
    assert result_of(waiting) == 3


def test_uncut_raises_what_the_work_raises() -> None:
    work: Deferred[int] = Deferred()
    waiting = started(uncut(work))
    work.errback(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        result_of(waiting)


def test_uncut_says_that_it_was_left_only_if_it_was() -> None:
    left: list[str] = []
    cancelled, own = Watched(), Watched()
    waiting = started(uncut(cancelled.deferred, lambda: left.append("cancelled")))
    waiting.cancel()
    assert is_cancelled(waiting)
    waiting = started(uncut(own.deferred, lambda: left.append("own")))
    own.deferred.errback(CancelledError())
    assert is_cancelled(waiting)
    assert left == ["cancelled"]


def test_uncut_ends_when_cancelled_and_leaves_the_work_going_on() -> None:
    watched = Watched()
    waiting = started(uncut(watched.deferred))
    waiting.cancel()
    assert is_cancelled(waiting)
    assert not watched.cancelled
    watched.deferred.callback(3)
    assert result_of(watched.deferred) == 3  # the late result is there for whoever asks
