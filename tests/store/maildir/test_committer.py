from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from twisted.internet.defer import Deferred

from mailgate.failures import NotCommitted
from mailgate.interfaces import Offload
from mailgate.service.workers import Workers
from mailgate.store.maildir import committer as committer_module
from mailgate.store.maildir.commit import Job, Outcome
from mailgate.store.maildir.committer import Committer, Soon
from tests.service.test_workers import Reactor
from tests.store.support import Later, at_once, cancel
from tests.support import outcome_of

T = TypeVar("T")


def _job(files: int = 1, octets: int = 1) -> Job:
    return Job(lambda: (), files, octets)


class Turns:
    """The reactor's turns, taken when the test says."""

    def __init__(self) -> None:
        self._calls: list[Callable[[], None]] = []

    def __call__(self, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def take(self) -> int:
        """One turn; how many calls were due?"""
        calls, self._calls = self._calls, []
        for call in calls:
            call()
        return len(calls)


def _committer(offload: Offload, run: Run, soon: Soon = lambda call: call()) -> Committer:
    return Committer(offload, run, soon)


class Run:
    """Keeps the batches that it is given; a job's name in the log is its number among all."""

    def __init__(self) -> None:
        self.batches: list[Sequence[Job]] = []
        self.outcomes: dict[Job, Outcome] = {}
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self, jobs: Sequence[Job]) -> Sequence[Outcome]:
        before = sum(self.sizes)
        self.batches.append(jobs)
        self.meanwhile()
        return [self.outcomes.get(job, (str(before + number),)) for number, job in enumerate(jobs)]

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]


def test_a_lone_job_begins_at_once() -> None:
    run = Run()
    committer = _committer(at_once, run)
    for number in range(3):
        assert outcome_of(committer.commit(_job())) == (str(number),)
    assert run.sizes == [1, 1, 1]


def test_what_comes_before_the_thread_is_there_is_in_its_batch() -> None:
    later, run = Later(), Run()
    committer = _committer(later, run)
    jobs = [_job() for _ in range(3)]
    done = [committer.commit(job) for job in jobs]
    later.run_and_tell()
    assert run.batches == [jobs]
    assert [outcome_of(one) for one in done] == [("0",), ("1",), ("2",)]


def test_a_batch_begins_at_the_end_of_a_turn_that_brings_no_more() -> None:
    turns, run = Turns(), Run()
    committer = _committer(at_once, run, turns)
    done = [committer.commit(_job())]
    assert run.sizes == []
    turns.take()
    assert run.sizes == [1] and done[0].called  # a lone one: the same turn
    done = [committer.commit(_job()), committer.commit(_job())]
    turns.take()
    assert run.sizes == [1]  # there may be more to come
    turns.take()
    assert run.sizes == [1, 2] and all(one.called for one in done)
    assert turns.take() == 0


def test_nobody_adds_to_a_batch_for_ever() -> None:
    turns, run = Turns(), Run()
    committer = _committer(at_once, run, turns)
    first = committer.commit(_job())
    for _ in range(committer_module.GATHERING_TURNS):
        assert not first.called
        committer.commit(_job())
        turns.take()
    assert first.called and run.sizes == [committer_module.GATHERING_TURNS + 1]


def test_while_a_batch_syncs_the_next_gathers_and_it_begins_before_the_answers() -> None:
    later, run = Later(), Run()
    committer = _committer(later, run)
    second: list[Deferred[tuple[str, ...]]] = []
    run.meanwhile = lambda: second.extend(committer.commit(_job()) for _ in range(3 if not second else 0))
    first = committer.commit(_job())
    begun_before: list[int] = []
    first.addCallback(lambda _: begun_before.append(len(later.run())))
    (tell,) = later.run()
    assert run.sizes == [1] and not first.called  # one batch at a time
    tell()
    assert begun_before == [1] and run.sizes == [1, 3]


@pytest.mark.parametrize(
    ("jobs", "sizes"),
    [
        ([_job(files=2)] * 5, [2, 2, 1]),
        ([_job(octets=40)] * 5, [2, 2, 1]),
        ([_job(), _job(files=9), _job(octets=900), _job(), _job()], [1, 1, 1, 2]),  # too much goes alone
    ],
)
def test_batches_are_bounded(monkeypatch: pytest.MonkeyPatch, jobs: list[Job], sizes: list[int]) -> None:
    monkeypatch.setattr(committer_module, "BATCH_FILES", 4)
    monkeypatch.setattr(committer_module, "BATCH_OCTETS", 100)
    later, run = Later(), Run()
    committer = _committer(later, run)
    done = [committer.commit(job) for job in jobs]
    later.run_and_tell()
    assert run.sizes == sizes
    assert [outcome_of(one) for one in done] == [(str(number),) for number in range(5)]


def test_each_hears_of_its_own() -> None:
    later, run = Later(), Run()
    committer = _committer(later, run)
    good, bad, odd = Job(tuple, 1), Job(list, 1), Job(lambda: (), 1)
    run.outcomes = {bad: NotCommitted("no room", full=True), odd: RuntimeError("a bug")}
    done = [committer.commit(job) for job in (bad, good, odd)]
    later.run_and_tell()
    with pytest.raises(NotCommitted, match="no room"):
        outcome_of(done[0])
    assert outcome_of(done[1]) == ("1",)
    with pytest.raises(RuntimeError, match="a bug"):
        outcome_of(done[2])


def test_who_no_longer_waits_is_committed_all_the_same() -> None:
    later, run = Later(), Run()
    committer = _committer(later, run)
    left, stays = committer.commit(_job()), committer.commit(_job())
    cancel(left)
    later.run_and_tell()
    assert run.sizes == [2] and outcome_of(stays) == ("1",)


def test_a_batch_that_breaks_does_not_stop_the_next() -> None:
    later, run = Later(), Run()
    committer = _committer(later, run)

    def break_down() -> None:
        run.meanwhile = lambda: None
        after.append(committer.commit(_job()))
        raise RuntimeError("a bug")

    after: list[Deferred[tuple[str, ...]]] = []
    run.meanwhile = break_down
    broken = [committer.commit(_job()), committer.commit(_job())]
    later.run_and_tell()
    for one in broken:
        with pytest.raises(RuntimeError, match="a bug"):
            outcome_of(one)
    assert outcome_of(after[0]) == ("2",)


def test_where_no_thread_is_to_be_had_nobody_waits_for_ever() -> None:
    running = False

    async def offload(work: Callable[[], T], /) -> T:
        if not running:
            raise RuntimeError("stopped")
        return work()

    committer = _committer(offload, Run())
    with pytest.raises(RuntimeError, match="stopped"):
        outcome_of(committer.commit(_job()))
    running = True
    assert outcome_of(committer.commit(_job())) == ("0",)


def test_in_a_thread() -> None:
    reactor = Reactor()
    workers = Workers(reactor, 1, "test")
    threads: set[int] = set()
    run = Run()
    run.meanwhile = lambda: threads.add(threading.get_ident())
    committer = _committer(workers, run)
    workers.start()
    done = [committer.commit(_job()) for _ in range(100)]
    while not done[-1].called:
        reactor.turn()
    workers.stop()
    assert [outcome_of(one) for one in done] == [(str(number),) for number in range(100)]
    assert threads and threading.get_ident() not in threads
    assert max(run.sizes) <= committer_module.BATCH_FILES
