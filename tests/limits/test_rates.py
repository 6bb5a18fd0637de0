"""Rates: never more than the limit in any window, never less long than promised, and never many keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.limits.rates import SLOTS, Rate

SLOT_SECONDS = 1.0
WINDOW_SECONDS = SLOT_SECONDS * SLOTS
LIMIT = 5


class Clock:
    """Goes when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def a_rate(limit: int = LIMIT, max_keys: int = 100) -> tuple[Rate, Clock]:
    clock = Clock()
    return Rate(limit, WINDOW_SECONDS, clock, max_keys), clock


def test_as_many_as_the_limit_and_no_more() -> None:
    rate, _ = a_rate()
    assert [rate.take("one") for _ in range(7)] == [True] * 5 + [False] * 2
    assert rate.take("two")


def test_several_are_taken_together_or_not_at_all() -> None:
    rate, _ = a_rate()
    assert rate.take("one", 3)
    assert not rate.take("one", 3)
    assert rate.take("one", 2)
    assert not rate.take("two", LIMIT + 1)


def test_after_the_window_there_is_room_again() -> None:
    rate, clock = a_rate()
    rate.take("one", 4)
    clock.seconds += 3 * SLOT_SECONDS
    rate.take("one", 1)
    clock.seconds += WINDOW_SECONDS - 3 * SLOT_SECONDS
    assert not rate.take("one")  # the first slot may still be in the window
    clock.seconds += SLOT_SECONDS
    assert rate.take("one", 4)
    assert not rate.take("one")


def test_whether_there_is_room_can_be_asked_and_takes_nothing() -> None:
    rate, clock = a_rate()
    for taken in range(LIMIT):
        assert rate.fits("one", LIMIT - taken) and not rate.fits("one", LIMIT - taken + 1)
        rate.take("one")
    assert not rate.fits("one")
    assert rate.fits("two")
    assert len(rate) == 1
    clock.seconds += WINDOW_SECONDS + SLOT_SECONDS
    assert rate.fits("one", LIMIT)
    assert a_rate(limit=0)[0].fits("one", 1_000_000)


def test_what_is_refused_does_not_count() -> None:
    rate, clock = a_rate()
    rate.take("one", LIMIT)
    for _ in range(WINDOW_SECONDS.__trunc__()):
        assert not rate.take("one")
        clock.seconds += SLOT_SECONDS
    clock.seconds += SLOT_SECONDS
    assert rate.take("one", LIMIT)


def test_no_limit_is_no_limit_and_remembers_nothing() -> None:
    rate, _ = a_rate(0)
    assert all(rate.take("one", 1_000_000) for _ in range(10))
    assert len(rate) == 0


def test_of_too_many_keys_the_one_that_was_silent_longest_is_forgotten() -> None:
    rate, _ = a_rate(max_keys=2)
    rate.take("one", LIMIT)
    rate.take("two", LIMIT)
    assert not rate.take("one")  # asking is enough
    rate.take("three", LIMIT)
    assert len(rate) == 2
    assert not rate.take("one")
    assert not rate.take("three")
    assert rate.take("two")


def test_keys_are_forgotten_when_they_count_no_more() -> None:
    rate, clock = a_rate()
    for key in range(50):
        rate.take(str(key))
    clock.seconds += WINDOW_SECONDS + SLOT_SECONDS
    assert not rate.take("one", LIMIT + 1)  # which leaves nothing, either
    assert len(rate) == 0


# Quarters of seconds, so that sums are exact.
STEPS = st.lists(
    st.tuples(st.integers(0, 40).map(lambda quarters: quarters / 4), st.sampled_from("ab"), st.integers(1, 3)),
    max_size=60,
)


@given(STEPS)
def test_no_window_has_more_than_the_limit_and_none_lasts_long(steps: list[tuple[float, str, int]]) -> None:
    rate, clock = a_rate()
    taken: list[tuple[float, str, int]] = []
    for seconds, key, n in steps:
        clock.seconds += seconds

        def since(first: float, key: str = key, now: list[tuple[float, str, int]] = taken) -> int:
            return sum(count for at, who, count in now if who == key and at >= first)

        fits = rate.take(key, n)
        if fits:
            taken.append((clock.seconds, key, n))
            assert since(clock.seconds - WINDOW_SECONDS) <= LIMIT
        else:
            assert since(clock.seconds - WINDOW_SECONDS - SLOT_SECONDS) + n > LIMIT


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 20)), max_size=200))
def test_memory_is_bounded(steps: list[tuple[int, int]]) -> None:
    rate, clock = a_rate(max_keys=4)
    for seconds, key in steps:
        clock.seconds += seconds
        rate.take(str(key))
        assert len(rate) <= 4
        assert all(len(slots) <= SLOTS + 1 for slots in rate._taken.values())
