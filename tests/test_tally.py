"""Counts that sessions share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from mailgate import tally as module
from mailgate.interfaces import ITally
from mailgate.tally import PARTS, Tally
from tests.support import result_of


class Counter:
    """A tally, and its clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.tally = Tally(lambda: self.now)

    def add(self, key: str, n: int, window: float = 60) -> int:
        return result_of(self.tally.add(key, n, window))

    def distinct(self, key: str, member: str, window: float = 60) -> int:
        return result_of(self.tally.distinct(key, member, window))

    def once(self, key: str, ttl: float = 60) -> bool:
        return result_of(self.tally.once(key, ttl))

    def forget(self, prefix: str) -> None:
        result_of(self.tally.forget(prefix))


@pytest.fixture
def counter() -> Counter:
    return Counter()


def test_it_is_a_tally(counter: Counter) -> None:
    verifyObject(ITally, counter.tally)


def test_a_sum_over_a_window(counter: Counter) -> None:
    assert counter.add("a", 3) == 3
    counter.now += 30
    assert counter.add("a", 4) == 7
    assert counter.add("b", 1) == 1
    counter.now += 30
    assert counter.add("a", 0) == 4  # the first is a whole window ago
    counter.now += 60
    assert counter.add("a", 5) == 5


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 5)), max_size=40))
def test_a_sum_is_never_too_small_and_hardly_too_large(steps: list[tuple[float, int]]) -> None:
    counter = Counter()
    told: list[tuple[float, int]] = []
    for wait, n in steps:
        counter.now += wait
        told.append((counter.now, n))
        total = counter.add("a", n)
        assert total >= sum(n for at, n in told if at > counter.now - 60)
        assert total <= sum(n for at, n in told if at > counter.now - 60 * (1 + 1 / PARTS) - 1e-6)


def test_a_sum_takes_no_more_room_however_often_it_grows(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MEMBERS", PARTS + 2)
    counter = Counter()
    for _ in range(1_000):
        counter.now += 0.05
        total = counter.add("a", 1)
    assert total == 1_000


def test_different_members(counter: Counter) -> None:
    assert [counter.distinct("a", member) for member in "xyxz"] == [1, 2, 2, 3]
    assert counter.distinct("b", "x") == 1
    counter.now += 30
    assert counter.distinct("a", "y") == 3
    counter.now += 30
    assert counter.distinct("a", "w") == 2  # y was noted again
    counter.now += 60
    assert counter.distinct("a", "w") == 1


def test_once(counter: Counter) -> None:
    assert counter.once("a")
    assert not counter.once("a")
    assert counter.once("b")
    counter.now += 59.9
    assert not counter.once("a")
    counter.now += 0.1
    assert counter.once("a")
    assert not counter.once("a")


def test_a_no_does_not_renew(counter: Counter) -> None:
    assert counter.once("a")
    for _ in range(59):
        counter.now += 1
        assert not counter.once("a")
    counter.now += 1
    assert counter.once("a")


def test_a_time_to_live_that_was_made_shorter_counts_at_once(counter: Counter) -> None:
    assert counter.once("a", 3_600)
    counter.now += 60
    assert not counter.once("a", 3_600)
    assert counter.once("a", 60)
    counter.now += 3_500
    assert counter.once("a", 60)
    counter.now += 60
    assert counter.once("a", 60)


def test_what_is_forgotten(counter: Counter) -> None:
    for key in ("login/a", "login/b", "other/a"):
        counter.add(key, 2)
        counter.distinct(key, "x")
        counter.once(key)
    counter.forget("login/")
    assert [counter.add(key, 1) for key in ("login/a", "other/a")] == [1, 3]
    assert [counter.distinct(key, "y") for key in ("login/b", "other/a")] == [1, 2]
    assert [counter.once(key) for key in ("login/a", "other/a")] == [True, False]
    counter.now += 60
    assert counter.once("login/a") and counter.once("other/a")


def test_beyond_so_many_keys_what_ends_first_is_dropped_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEYS", 3)
    counter = Counter()
    for key, ttl in (("long", 90), ("short", 30), ("middle", 60)):
        assert counter.once(key, ttl)
    assert counter.once("new", 60)
    assert not counter.once("long", 90) and not counter.once("middle", 60) and not counter.once("new", 60)
    assert counter.once("short", 30)  # it was dropped, and drops itself the next time
    assert counter.once("newer", 60)
    assert not counter.once("long", 90)
    assert counter.once("short", 30)


def test_members_that_were_noted_again_end_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MEMBERS", 3)
    counter = Counter()
    for member in "xyz":
        counter.distinct("a", member)
        counter.now += 1
    counter.distinct("a", "x")
    assert counter.distinct("b", "v") == 1
    assert counter.distinct("a", "x") == 2  # y went


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(1, 100), st.floats(0, 10)), max_size=60))
def test_it_never_has_more_than_its_limit(steps: list[tuple[int, float, float]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_KEYS", 4)
        counter = Counter()
    for key, ttl, wait in steps:
        counter.once(str(key), ttl)
        notes = counter.tally._times
        assert len(notes._ends) == len(notes._notes) <= 4
        counter.now += wait


def test_what_has_ended_takes_no_room(counter: Counter) -> None:
    for number in range(100):
        counter.once(str(number), 1)
        counter.distinct(str(number), "x", 1)
        counter.add(str(number), 1, 1)
    counter.now += 1
    assert counter.once("new", 1)
    assert counter.distinct("new", "x", 1) == counter.add("new", 1, 1) == 1
    notes = (counter.tally._times, counter.tally._members, counter.tally._sums)
    assert [list(each._notes) for each in notes] == [["new"]] * 3
    assert [len(each._ends) for each in notes] == [1] * 3


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.5, 4)), min_size=1, max_size=30))
def test_once_says_yes_as_often_as_a_plain_model_does(steps: list[tuple[str, float]]) -> None:
    counter = Counter()
    last: dict[str, float] = {}
    for key, wait in steps:
        counter.now += wait
        expected = key not in last or counter.now - last[key] >= 5
        assert counter.once(key, 5) is expected
        if expected:
            last[key] = counter.now


def test_it_has_a_clock_of_its_own_that_never_goes_back() -> None:
    tally = Tally()
    assert result_of(tally.once("a", 3_600))
    assert not result_of(tally.once("a", 3_600))
