"""Reminders: at fourteen days, seven, three, one, and then every day."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailgate.tls.pair import Pair
from mailgate.tls.reminders import Reminders, days_left
from tests.tls.support import DAY, NOW, Disk, certificate

END = NOW + 90 * DAY


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Disk(tmp_path).pair(certificate("mx"))


def days_told(pair: Pair, step: float) -> list[int]:
    """What is told when it is asked every `step` seconds, from the beginning to three days behind the end."""
    reminders, told = Reminders(), []
    moment = NOW
    while moment < END + 3 * DAY:
        if (fact := reminders.due(pair, moment)) is not None:
            told.append(fact.days)
        moment += step
    return told


def test_all_of_its_life(pair: Pair) -> None:
    assert days_told(pair, DAY / 4) == [14, 7, 3, 1, -1, -2, -3]


def test_who_comes_late_is_told_at_once_and_once(pair: Pair) -> None:
    reminders = Reminders()
    fact = reminders.due(pair, END - 2.5 * DAY)
    assert fact is not None
    assert (fact.days, fact.names, fact.not_after, fact.certificate) == (2, ("mx",), END, pair.files.certificate)
    assert reminders.due(pair, END - 2 * DAY) is None
    assert reminders.due(pair, END - DAY) is not None


def test_another_certificate_in_its_place_begins_anew(pair: Pair, tmp_path: Path) -> None:
    reminders = Reminders()
    assert reminders.due(pair, END - DAY) is not None
    other = Disk(tmp_path).pair(certificate("mx"))
    assert reminders.due(other, END - DAY) is not None
    assert reminders.due(other, END - DAY) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(NOW, END + 10 * DAY), max_size=30).map(sorted))
def test_never_twice_a_day(pair: Pair, moments: list[float]) -> None:
    reminders = Reminders()
    told = [moment for moment in moments if reminders.due(pair, moment) is not None]
    steps = sum(moment <= END for moment in told)
    assert steps <= 4
    late = [moment for moment in told if moment > END]
    assert all(later - earlier >= DAY for earlier, later in pairwise(late))


@pytest.mark.parametrize(("seconds", "days"), [(0, 0), (DAY - 1, 0), (DAY, 1), (-1, -1), (-DAY, -1), (-DAY - 1, -2)])
def test_whole_days(seconds: float, days: int) -> None:
    assert days_left(NOW + seconds, NOW) == days
