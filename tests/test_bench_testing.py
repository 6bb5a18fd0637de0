"""The bench of the server for tests draws its figures from the right samples."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.testing.latency import percentile


def test_percentiles() -> None:
    assert percentile(range(500, 0, -1), 99) == 495
    assert percentile([7.0], 99) == 7.0
    assert percentile([1.0, 2.0], 50) == 1.0


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=300), st.integers(1, 100))
def test_so_many_percent_do_not_exceed_it(values: list[float], percent: int) -> None:
    bound = percentile(values, percent)
    assert bound in values
    assert sum(value <= bound for value in values) * 100 >= percent * len(values)
    assert sum(value < bound for value in values) * 100 < percent * len(values)
