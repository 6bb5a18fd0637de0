"""When a sweep may be: once a day, by a clock that can be right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailgate.rules import DAY_SECONDS
from mailgate.sweeping.schedule import DOUBTFUL_SECONDS, EVERY_SECONDS, Doubtful, Schedule

NOW = 1_800_000_000.0


@pytest.fixture
def schedule(tmp_path: Path) -> Schedule:
    return Schedule(str(tmp_path / "sweeps.json"))


def test_the_first_sweep_is_due(schedule: Schedule) -> None:
    assert schedule.is_due(NOW)


def test_the_next_is_due_after_a_day(schedule: Schedule) -> None:
    schedule.note(NOW)
    assert not schedule.is_due(NOW)
    assert not schedule.is_due(NOW + EVERY_SECONDS - 1)
    assert schedule.is_due(NOW + EVERY_SECONDS)
    assert schedule.is_due(NOW + DOUBTFUL_SECONDS)


def test_it_survives_the_process(schedule: Schedule, tmp_path: Path) -> None:
    schedule.note(NOW)
    assert not Schedule(str(tmp_path / "sweeps.json")).is_due(NOW + 1)
    assert os.listdir(tmp_path) == ["sweeps.json"]


@pytest.mark.parametrize("jump", [-1, -400 * DAY_SECONDS, DOUBTFUL_SECONDS + 1, 10_000 * DAY_SECONDS, 1e18])
def test_a_clock_that_cannot_be_right(schedule: Schedule, jump: float) -> None:
    schedule.note(NOW)
    with pytest.raises(Doubtful, match=r"2027-01-15 08:00 UTC.*the clock says.*--clock-is-right"):
        schedule.is_due(NOW + jump)


def test_what_somebody_said_of_the_clock_counts_from_then_on(schedule: Schedule) -> None:
    schedule.note(NOW)
    schedule.note(NOW + 30 * DAY_SECONDS)
    assert schedule.is_due(NOW + 31 * DAY_SECONDS)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"last_sweep": "x"}', "\xff"])
def test_a_damaged_file_is_no_measure(schedule: Schedule, tmp_path: Path, content: str) -> None:
    (tmp_path / "sweeps.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(Doubtful, match="remove it"):
        schedule.is_due(NOW)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Doubtful, match="cannot be read: Is a directory"):
        Schedule(str(tmp_path)).is_due(NOW)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(Doubtful, match="cannot be written: No such file"):
        Schedule(str(tmp_path / "nowhere" / "sweeps.json")).note(NOW)


def test_when_the_last_one_was(tmp_path: Path) -> None:
    file = tmp_path / "sweeps.json"
    schedule = Schedule(str(file))
    assert schedule.last() is None
    schedule.note(1_700_000_000.5)
    assert schedule.last() == 1_700_000_000
    file.write_text("{}")
    assert schedule.last() is None
