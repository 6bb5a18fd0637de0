"""How fast something comes: exactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from mailgate.interference.pace import SECONDS, Pace


def test_a_second_is_a_second() -> None:
    clock = Clock()
    pace = Pace(2, clock.seconds)
    assert [pace.keeps() for _ in range(3)] == [True, True, False]
    clock.advance(0.999)
    assert not pace.keeps()
    clock.advance(0.001)
    assert [pace.keeps() for _ in range(3)] == [True, True, False]


def test_it_slides() -> None:
    clock = Clock()
    pace = Pace(2, clock.seconds)
    kept = []
    for _ in range(7):
        kept.append(pace.keeps())
        clock.advance(0.25)
    assert kept == [True, True, False, False, True, True, False]


def test_a_clock_that_is_put_back_stops_nobody() -> None:
    clock = Clock()
    clock.advance(100)
    pace = Pace(1, clock.seconds)
    assert pace.keeps()
    clock.rightNow = 5.0
    assert [pace.keeps() for _ in range(2)] == [True, False]


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 5))
def test_no_second_has_more_and_nothing_is_struck_for_nothing(pauses: list[int], per_second: int) -> None:
    clock = Clock()
    pace = Pace(per_second, clock.seconds)
    kept: list[float] = []
    for pause in pauses:
        clock.advance(pause / 32)
        now = clock.seconds()
        within = [time for time in kept if now - time < SECONDS]
        assert pace.keeps() == (len(within) < per_second)
        if len(within) < per_second:
            kept.append(now)
