"""Nobody is written to twice a day, over restarts and jumps of the clock; what cannot be noted is not given."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from mailgate.noticing.days import MAX_NAMES, POSTMASTER, Days
from mailgate.rules import DAY_SECONDS
from tests.noticing.office import at_once
from tests.support import logged, result_of

EPOCH = 1_800_000_000.0


class Bench:
    def __init__(self, state: Path) -> None:
        self.path = state / "notices.json"
        self.clock = Clock()
        self.jump = 0.0
        self.restart()

    def restart(self) -> None:
        self.days = Days(str(self.path), self.clock, at_once, lambda: EPOCH + self.clock.seconds() + self.jump)

    def take(self, name: str = "a@b") -> bool:
        return result_of(self.days.take(name))

    def kept(self) -> dict[str, int]:
        kept: dict[str, int] = json.loads(self.path.read_bytes())
        return kept


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_once_a_day_and_each_by_itself(bench: Bench) -> None:
    assert bench.take() and bench.take(POSTMASTER)
    bench.clock.advance(DAY_SECONDS - 1)
    assert not bench.take() and not bench.take(POSTMASTER)
    bench.clock.advance(1)
    assert bench.take()


def test_a_restart_remembers(bench: Bench) -> None:
    assert bench.take()
    bench.clock.advance(100)
    bench.restart()
    assert not bench.take()
    bench.clock.advance(DAY_SECONDS - 100)
    assert bench.take()


def test_the_file_is_private_and_whole(bench: Bench) -> None:
    bench.path.with_name("notices.json.new").write_text("of a process that was killed")
    bench.take()
    assert bench.path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(bench.path.parent) == ["notices.json"]
    assert bench.kept() == {"a@b": int(EPOCH)}


def test_what_is_a_day_ago_is_forgotten(bench: Bench) -> None:
    bench.take()
    bench.clock.advance(DAY_SECONDS)
    bench.take("c@d")
    assert list(bench.kept()) == ["c@d"]


def test_a_clock_put_back_while_it_runs(bench: Bench) -> None:
    assert bench.take()
    bench.jump = -10 * DAY_SECONDS
    assert not bench.take()
    bench.clock.advance(DAY_SECONDS)
    assert bench.take()


def test_a_clock_that_ran_ahead_before_a_restart_costs_a_day_and_no_more(bench: Bench) -> None:
    bench.jump = 1_000 * DAY_SECONDS
    assert bench.take()
    bench.jump = 0
    bench.restart()
    assert not bench.take()
    assert bench.kept() == {"a@b": int(EPOCH)}
    bench.clock.advance(DAY_SECONDS)
    bench.restart()
    assert bench.take()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 2 * DAY_SECONDS), st.floats(-1e6, 1e6)),
        max_size=20,
    )
)
def test_however_the_clock_jumps_a_running_process_gives_one_a_day(
    tmp_path: Path, steps: list[tuple[float, float]]
) -> None:
    bench = Bench(tmp_path)
    bench.path.unlink(missing_ok=True)
    given_at = []
    for seconds, jump in steps:
        bench.clock.advance(seconds)
        bench.jump = jump
        if bench.take():
            given_at.append(bench.clock.seconds())
    # Whole seconds are counted.
    assert all(later - earlier > DAY_SECONDS - 1 for earlier, later in itertools.pairwise(given_at))


def test_given_back_it_can_be_had_again(bench: Bench) -> None:
    assert bench.take()
    result_of(bench.days.give_back("a@b"))
    assert bench.kept() == {}
    result_of(bench.days.give_back("a@b"))
    assert bench.take()
    assert not bench.take()


def test_what_cannot_be_noted_is_not_given(bench: Bench) -> None:
    bench.path.mkdir()
    with pytest.raises(IsADirectoryError):
        bench.take()
    bench.path.rmdir()
    assert bench.take()


def test_a_failure_to_write_gives_nothing(bench: Bench) -> None:
    assert bench.take("c@d")
    bench.path.unlink()
    bench.path.mkdir()
    with pytest.raises(IsADirectoryError):
        bench.take()
    with logged() as events:
        result_of(bench.days.give_back("c@d"))
    assert "cannot be written" in events[0]["log_format"]
    bench.path.rmdir()
    assert bench.take() and bench.take("c@d")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a@b": "today"}', '{"a@b": 1.5}', "\xff", '{"a@b": true}'])
def test_a_file_that_is_not_understood_is_written_anew(bench: Bench, content: str) -> None:
    bench.path.write_text(content, encoding="latin-1")
    with logged() as events:
        assert bench.take()
    assert "not understood" in events[0]["log_format"]
    assert bench.kept() == {"a@b": int(EPOCH)}


def test_there_are_never_too_many_names_and_postmaster_has_a_place(bench: Bench) -> None:
    bench.path.write_text(json.dumps({f"{number}@b": int(EPOCH) for number in range(MAX_NAMES)}))
    with logged() as events:
        assert not bench.take()
    assert "no notice" in events[0]["log_format"]
    assert bench.take(POSTMASTER)
    bench.clock.advance(DAY_SECONDS)
    assert bench.take()
