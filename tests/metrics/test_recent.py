"""What happened lately, to the second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from mailgate.metrics.recent import HOUR_SECONDS, MINUTE_SECONDS, Recent


def test_what_is_longer_ago_counts_no_more() -> None:
    clock = Clock()
    recent = Recent(clock.seconds)
    recent.add()
    recent.add()
    clock.advance(59)
    recent.add()
    assert (recent.last(MINUTE_SECONDS), recent.last(HOUR_SECONDS)) == (3, 3)
    clock.advance(1)
    assert (recent.last(MINUTE_SECONDS), recent.last(HOUR_SECONDS)) == (1, 3)
    clock.advance(3_540)
    assert (recent.last(MINUTE_SECONDS), recent.last(HOUR_SECONDS)) == (0, 1)
    clock.advance(1_000_000)
    assert recent.last(HOUR_SECONDS) == 0
    recent.add()
    assert recent.last(10 * HOUR_SECONDS) == 1


@given(st.lists(st.integers(0, 5_000), max_size=20), st.integers(1, HOUR_SECONDS))
def test_it_counts_as_a_list_of_times_does(steps: list[int], seconds: int) -> None:
    clock = Clock()
    recent, times = Recent(clock.seconds), []
    for step in steps:
        clock.advance(step)
        recent.add()
        times.append(int(clock.seconds()))
    assert recent.last(seconds) == sum(time > clock.seconds() - seconds for time in times)
