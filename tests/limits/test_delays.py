"""First nothing, then longer and longer, then no longer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.limits.delays import FREE, MAX_SECONDS, delay_after


def test_delays() -> None:
    assert [delay_after(failures) for failures in range(9)] == [0, 0, 0, 1, 2, 4, 8, 8, 8]


@given(st.integers(0, 10**9))
def test_it_never_becomes_shorter_and_is_bounded(failures: int) -> None:
    assert delay_after(failures) <= delay_after(failures + 1) <= MAX_SECONDS
    assert (delay_after(failures) == 0) == (failures < FREE)
