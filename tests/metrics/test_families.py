"""What is counted, and that it stays within bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.metrics.families import MAX_SERIES, OTHER, Counter, Histogram


def test_counters() -> None:
    counter = Counter("mails_total", "Mails.", "listener", "code")
    assert counter.values == {}
    counter.add(("smtp", "2xx"))
    counter.add(("smtp", "2xx"), 4)
    counter.add(("lmtp", "5xx"))
    assert counter.values == {("smtp", "2xx"): 5, ("lmtp", "5xx"): 1}


def test_a_counter_without_labels_begins_with_zero() -> None:
    counter = Counter("mails_total", "Mails.")
    assert counter.values == {(): 0}
    counter.add()
    assert counter.values == {(): 1}


def test_labels_that_are_made_up_are_counted_together() -> None:
    counter = Counter("mails_total", "Mails.", "listener", "code")
    for number in range(MAX_SERIES + 5):
        counter.add((str(number), "x"))
    counter.add(("0", "x"))
    assert len(counter.values) == MAX_SERIES + 1
    assert counter.values[OTHER, OTHER] == 5 and counter.values["0", "x"] == 2


def test_histograms() -> None:
    histogram = Histogram("seconds", "Seconds.", (0.1, 1.0), "handler")
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(value, ("loop-guard",))
    distribution = histogram.values["loop-guard",]
    assert (distribution.counts, distribution.sum) == ([2, 1, 1], 7.65)


def test_a_histogram_without_labels_begins_with_zero() -> None:
    assert Histogram("seconds", "Seconds.", (0.1,)).values[()].counts == [0, 0]


def test_histograms_have_bounds_too() -> None:
    histogram = Histogram("seconds", "Seconds.", (1.0,), "handler")
    for number in range(MAX_SERIES + 3):
        histogram.observe(0.0, (str(number),))
    assert len(histogram.values) == MAX_SERIES + 1 and histogram.values[OTHER,].counts == [3, 0]


@given(st.lists(st.floats(0, 100)), st.sets(st.floats(0.01, 50), min_size=1).map(sorted))
def test_every_value_is_counted_once_and_below_its_bound(values: list[float], bounds: list[float]) -> None:
    histogram = Histogram("seconds", "Seconds.", bounds)
    for value in values:
        histogram.observe(value)
    counts = histogram.values[()].counts
    for index, bound in enumerate(bounds):
        assert sum(counts[: index + 1]) == sum(value <= bound for value in values)
    assert sum(counts) == len(values)
