"""So many checks at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from twisted.internet.defer import CancelledError, Deferred

from mailgate.accounts.hashing import MAX_CHECKS, Busy, Hashing, Undecided
from mailgate.failures import StoreError
from tests.support import logged, outcome_of, result_of, started

T = TypeVar("T")


class Pool:
    """Threads that work when they are told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Deferred[Any]]] = []

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        done: Deferred[T] = Deferred()
        self.waiting.append((work, done))
        return done

    def work(self) -> None:
        """Do what came first."""
        work, done = self.waiting.pop(0)
        try:
            done.callback(work())
        except ValueError:
            done.errback()


def wrong() -> bool:
    raise ValueError("no memory")


def test_it_gives_what_the_work_gives() -> None:
    pool = Pool()
    hashing = Hashing(pool)
    answers = [started(hashing.check(lambda answer=answer: answer)) for answer in (True, False)]  # type: ignore[misc]
    failing = started(hashing.check(wrong))
    for _ in range(3):
        pool.work()
    assert [outcome_of(answer) for answer in answers] == [True, False]
    with pytest.raises(ValueError, match="no memory"):
        outcome_of(failing)


def test_beyond_so_many_it_is_refused_at_once_and_nothing_waits() -> None:
    pool = Pool()
    hashing = Hashing(pool)
    answers = [started(hashing.check(lambda: True)) for _ in range(MAX_CHECKS)]
    for _ in range(3):
        with pytest.raises(Busy, match="64 passwords"):
            result_of(hashing.check(lambda: True))
    assert len(pool.waiting) == MAX_CHECKS
    pool.work()
    assert outcome_of(answers[0])
    answers.append(started(hashing.check(lambda: True)))
    with pytest.raises(Busy):
        result_of(hashing.check(lambda: True))
    while pool.waiting:
        pool.work()
    assert all(outcome_of(answer) for answer in answers[1:])


def test_a_failure_gives_the_place_back() -> None:
    def broken(work: Callable[[], T], /) -> Awaitable[T]:
        raise MemoryError

    for offload in (Pool(), broken):
        hashing = Hashing(offload, 1)
        for _ in range(3):
            failing = started(hashing.check(wrong))
            if isinstance(offload, Pool):
                offload.work()
            with pytest.raises((ValueError, MemoryError)):
                outcome_of(failing)


@pytest.mark.parametrize("work", [lambda: True, wrong])
def test_who_goes_away_leaves_a_check_behind_that_keeps_its_place(work: Callable[[], bool]) -> None:
    pool = Pool()
    hashing = Hashing(pool, 1)
    left = started(hashing.check(work))
    left.cancel()
    with pytest.raises(CancelledError):
        outcome_of(left)
    with pytest.raises(Busy):
        result_of(hashing.check(lambda: True))
    with logged() as events:
        pool.work()
        assert events == []
    again = started(hashing.check(lambda: True))
    pool.work()
    assert outcome_of(again)


def test_busy_is_for_a_moment_and_nobody_s_fault() -> None:
    assert issubclass(Busy, Undecided) and issubclass(Undecided, StoreError)
