"""The daily sweep: begun when it is due, with rests, held by a doubtful clock, ended by a stop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from mailgate import facts
from mailgate.failures import StoreError
from mailgate.rules import DAY_SECONDS
from mailgate.service.sweeps import FIRST_SECONDS, LOOK_SECONDS, REST, Sweeps
from mailgate.sweeping.schedule import Schedule
from mailgate.sweeping.sweeper import Swept
from tests.support import Facts, logged, outcome_of, started

EPOCH = 1_800_000_000.0


class FakeSweeper:
    """Three maildrops, each of which takes two seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.begun = 0
        self.visited: list[str] = []
        self.works = True
        self.raises: Exception | None = None

    async def has_work(self) -> bool:
        return self.works

    async def sweep(self) -> AsyncGenerator[Swept, None]:
        self.begun += 1
        if self.raises is not None:
            raise self.raises
        for name in ("a", "b", "c"):
            self._clock.rightNow += 2.0
            self.visited.append(name)
            yield Swept(maildrop=name, messages=1, octets=10)


class Bench:
    def __init__(self, state: Path) -> None:
        self.clock = Clock()
        self.facts = Facts()
        self.jump = 0.0
        self.sweeper = FakeSweeper(self.clock)
        self.schedule = Schedule(str(state / "sweeps.json"))
        self.sweeps = Sweeps(self.sweeper, self.schedule, self.facts, self.clock, self.now)  # type: ignore[arg-type]

    def now(self) -> float:
        return EPOCH + self.clock.seconds() + self.jump

    def wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end and not until():
            self.clock.advance(1.0)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_sweep_soon_after_the_start_and_then_every_day(bench: Bench) -> None:
    bench.sweeps.start()
    bench.wait(FIRST_SECONDS - 1)
    assert bench.sweeper.begun == 0
    bench.wait(DAY_SECONDS)
    assert bench.sweeper.begun == 1
    bench.wait(2 * LOOK_SECONDS)
    assert bench.sweeper.begun == 2
    ended = bench.facts.of(facts.SweepEnded)
    assert [(fact.maildrops, fact.messages, fact.octets) for fact in ended] == [(3, 3, 30), (3, 3, 30)]
    assert ended[0].seconds == pytest.approx(3 * 2 * (1 + REST), abs=3)


def test_it_rests_between_maildrops(bench: Bench) -> None:
    bench.sweeps.start()
    bench.wait(FIRST_SECONDS + 1)
    assert bench.sweeper.visited == ["a"]
    bench.wait(2 * REST - 3)
    assert bench.sweeper.visited == ["a"]
    bench.wait(4)
    assert bench.sweeper.visited == ["a", "b"]


def test_a_restart_does_not_sweep_again(bench: Bench) -> None:
    bench.schedule.note(EPOCH - 100)
    bench.sweeps.start()
    bench.wait(FIRST_SECONDS + 10)
    assert bench.sweeper.begun == 0


def test_a_doubtful_clock_holds_it_loudly(bench: Bench) -> None:
    bench.schedule.note(EPOCH - 30 * DAY_SECONDS)
    bench.sweeps.start()
    bench.wait(FIRST_SECONDS + LOOK_SECONDS + 10)
    assert bench.sweeper.begun == 0
    assert ["--clock-is-right" in fact.reason for fact in bench.facts.of(facts.SweepHeld)] == [True, True]
    bench.schedule.note(bench.now())  # as the command does
    bench.wait(LOOK_SECONDS)
    assert len(bench.facts.of(facts.SweepHeld)) == 2


def test_where_nothing_is_ever_removed_no_clock_is_doubted(bench: Bench) -> None:
    bench.schedule.note(EPOCH - 30 * DAY_SECONDS)
    bench.sweeper.works = False
    bench.sweeps.start()
    bench.wait(FIRST_SECONDS + 100)
    assert bench.facts.of(facts.SweepHeld) == []
    assert not bench.schedule.is_due(bench.now())


def test_a_store_that_cannot_tell_its_maildrops(bench: Bench) -> None:
    bench.sweeper.raises = StoreError("no such device")
    bench.sweeps.start()
    bench.wait(FIRST_SECONDS + 10)
    assert "no such device" in bench.facts.one(facts.SweepHeld).reason


def test_a_bug_is_logged_and_the_next_day_comes(bench: Bench) -> None:
    bench.sweeper.raises = RuntimeError("a bug")
    bench.sweeps.start()
    with logged() as events:
        bench.wait(FIRST_SECONDS + 10)
    assert "a bug" in str(next(event["log_failure"] for event in events if "log_failure" in event))
    bench.sweeper.raises = None
    bench.wait(DAY_SECONDS + LOOK_SECONDS)
    assert bench.sweeper.visited == ["a", "b", "c"]


def test_a_stop_before_the_first_look(bench: Bench) -> None:
    bench.sweeps.start()
    outcome_of(started(bench.sweeps.stop()))
    bench.wait(FIRST_SECONDS + 10)
    assert bench.sweeper.begun == 0


def test_a_stop_without_a_start(bench: Bench) -> None:
    outcome_of(started(bench.sweeps.stop()))


def test_a_stop_in_the_midst_of_a_sweep(bench: Bench) -> None:
    bench.sweeps.start()
    bench.wait(FIRST_SECONDS + 1)
    outcome_of(started(bench.sweeps.stop()))
    bench.wait(DAY_SECONDS)
    assert bench.sweeper.visited == ["a"]
    assert bench.facts.of(facts.SweepEnded) == []
    assert bench.clock.getDelayedCalls() == []
