"""Counts that sessions share."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import formatEvent
from zope.interface.verify import verifyObject

from mailgate.interfaces import ITally, Offload
from mailgate.tally import PARTS, REST, SAVE_SECONDS, Tally, TallyFile, file
from mailgate.tally import tally as module
from tests.support import logged, result_of, started

T = TypeVar("T")


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


# Members, one by one.


def test_members_are_told_and_dropped(counter: Counter) -> None:
    counter.distinct("a", "x", 60)
    counter.now += 20
    counter.distinct("a", "y", 30)
    assert result_of(counter.tally.members("a")) == {"x": 40, "y": 30}
    assert result_of(counter.tally.members("b")) == {}
    for _ in range(2):
        result_of(counter.tally.drop("a", "x"))
    result_of(counter.tally.drop("b", "x"))
    assert result_of(counter.tally.members("a")) == {"y": 30}
    assert counter.distinct("a", "z") == 2
    assert counter.distinct("a", "x") == 3  # it may be noted again
    counter.now += 60
    assert result_of(counter.tally.members("a")) == {}


def test_keys_with_members(counter: Counter) -> None:
    for key in ("wrong/a", "wrong/b", "other"):
        counter.distinct(key, "x")
    counter.add("wrong/c", 1)
    result_of(counter.tally.drop("wrong/b", "x"))
    assert result_of(counter.tally.keys("wrong/")) == ["wrong/a"]
    counter.now += 60
    assert result_of(counter.tally.keys("")) == []


def test_nothing_is_noted_by_adding_nothing(counter: Counter) -> None:
    assert counter.add("a", 0) == 0
    assert (counter.tally.changes, counter.tally._sums._ends) == (0, [])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.booleans(), st.floats(0, 3)), max_size=60))
def test_members_are_those_of_a_plain_model(steps: list[tuple[str, str, bool, float]]) -> None:
    counter = Counter()
    model: dict[tuple[str, str], float] = {}
    for key, member, dropped, wait in steps:
        if dropped:
            result_of(counter.tally.drop(key, member))
            model.pop((key, member), None)
        else:
            counter.distinct(key, member, 5)
            model[key, member] = counter.now + 5
        counter.now += wait
        for each in "abc":
            expected = {member for (of, member), end in model.items() if of == each and end > counter.now}
            assert set(result_of(counter.tally.members(each))) == expected


# The file.


async def at_once(work: Callable[[], T], /) -> T:
    return work()


class Kept:
    """A tally in a file, with two clocks: one that never goes back, and one that can say anything."""

    def __init__(self, directory: Path, unix_time: float = 1_700_000_000.0) -> None:
        self.clock = Clock()
        self.clock.advance(1_000.0)
        self.unix_time = unix_time
        self.tally = Tally(self.clock.seconds)
        self.path = directory / "tally"
        self.offload: Offload = at_once
        self.file = TallyFile(str(self.path), {"one": self.tally}, self.clock, self._offloaded, lambda: self.unix_time)
        self.file.load()

    def _offloaded(self, work: Callable[[], T], /) -> Awaitable[T]:
        return self.offload(work)

    def fill(self) -> Kept:
        """Something of every kind, all within a window of a minute; a line break is nothing special."""
        result_of(self.tally.add("sum\n", 3, 60))
        result_of(self.tally.distinct("key\n", "ü\ud800", 60))
        result_of(self.tally.once("once", 60))
        return self

    def saved(self) -> Kept:
        result_of(self.file.stop())
        return self

    def counts(self) -> tuple[int, int, bool]:
        members = result_of(self.tally.members("key\n"))
        return result_of(self.tally.add("sum\n", 0, 60)), len(members), not result_of(self.tally.once("once", 60))


def test_counts_survive_a_restart(tmp_path: Path) -> None:
    first = Kept(tmp_path).fill()
    first.clock.advance(20)
    first.unix_time += 20
    first.saved()
    second = Kept(tmp_path, first.unix_time + 30)
    assert second.counts() == (3, 1, True)
    assert result_of(second.tally.members("key\n")) == {"ü\ud800": 10}
    assert result_of(second.tally.add("sum\n", 4, 60)) == 7
    second.clock.advance(10)
    assert second.counts() == (4, 0, False)


def test_it_is_for_nobody_else(tmp_path: Path) -> None:
    kept = Kept(tmp_path).fill().saved()
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["tally"]


@pytest.mark.parametrize(
    ("jump", "counts"), [(-(10**9), (3, 1, True)), (-1, (3, 1, True)), (59, (3, 1, True)), (10**9, (0, 0, False))]
)
def test_a_clock_that_jumps_makes_nothing_count_for_longer_than_its_window(
    tmp_path: Path, jump: int, counts: tuple[int, int, bool]
) -> None:
    kept = Kept(tmp_path).fill().saved()
    second = Kept(tmp_path, kept.unix_time + jump)
    assert second.counts() == counts
    second.clock.advance(60)
    assert second.counts() == (0, 0, False)


def test_a_clock_that_jumps_while_it_runs_is_nothing_to_it(tmp_path: Path) -> None:
    kept = Kept(tmp_path).fill()
    kept.unix_time = 0.0
    assert kept.counts() == (3, 1, True)
    assert Kept(tmp_path, kept.saved().unix_time).counts() == (3, 1, True)


def test_what_claims_to_last_longer_than_its_window_is_cut(tmp_path: Path) -> None:
    rows = [["one", "members", "key\n", "x", 1, 9e9, 60], ["one", "times", "once", "", 9e9, 9e9, 60]]
    write(tmp_path, HEAD, *rows)
    kept = Kept(tmp_path)
    assert result_of(kept.tally.members("key\n")) == {"x": 60}
    assert not result_of(kept.tally.once("once", 60))
    kept.clock.advance(60)
    assert result_of(kept.tally.once("once", 60))


def test_windows_survive_many_restarts(tmp_path: Path) -> None:
    for expected in (1, 2, 3, 4):
        kept = Kept(tmp_path)
        assert result_of(kept.tally.add("sum", 1, 60)) == expected
        kept.saved()


HEAD: dict[str, object] = {"format": 1, "written": 1_700_000_000.0}
ROW = ["one", "members", "key", "x", 1, 10, 60]


def write(directory: Path, *lines: object) -> None:
    (directory / "tally").write_text("".join(json.dumps(line) + "\n" for line in lines))


def changed(place: int, value: object) -> list[object]:
    return [*ROW[:place], value, *ROW[place + 1 :]]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [[]],
        [{"format": 2, "written": 1.0}],
        [{"format": 1}],
        [{"format": 1, "written": "x"}],
        [{"format": 1, "written": None}],
        [HEAD, {}],
        [HEAD, ROW[:-1]],
        *([HEAD, ROW, changed(*change)] for change in [(0, 1), (1, "no"), (1, []), (2, 1), (3, None), (4, "1")]),
        *([HEAD, ROW, changed(*change)] for change in [(5, None), (5, math.nan), (6, 0), (6, -1), (6, math.inf)]),
    ],
)
def test_a_file_that_is_not_understood_is_put_aside(tmp_path: Path, lines: list[object]) -> None:
    write(tmp_path, *lines)
    with logged() as log:
        kept = Kept(tmp_path)
    assert len(log) == 1 and "put aside" in str(formatEvent(log[0]))
    assert os.listdir(tmp_path) == ["tally.broken"]
    assert result_of(kept.tally.keys("")) == []  # all or nothing
    assert Kept(tmp_path, kept.fill().saved().unix_time).counts() == (3, 1, True)


def test_octets_that_are_no_text_and_a_line_cut_short(tmp_path: Path) -> None:
    whole = Kept(tmp_path).fill().saved().path.read_bytes()
    for content in (b"\xff\xfe", whole[:-10], whole + b"[", b"null"):
        (tmp_path / "tally").write_bytes(content)
        with logged() as log:
            Kept(tmp_path)
        assert len(log) == 1


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "MAX_FILE_OCTETS", 10)
    write(tmp_path, HEAD)
    with logged() as log:
        Kept(tmp_path)
    assert "too large" in str(formatEvent(log[0]))


def test_a_file_that_cannot_even_be_put_aside_is_told_and_that_is_all(tmp_path: Path) -> None:
    (tmp_path / "tally").mkdir()
    (tmp_path / "tally.broken").write_text("in the way")
    with logged() as log:
        kept = Kept(tmp_path)
    assert len(log) == 1
    assert kept.fill().counts() == (3, 1, True)


def test_it_is_written_now_and_then_if_there_is_something_new(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.file.start()
    kept.clock.advance(SAVE_SECONDS)
    assert not kept.path.exists()
    kept.fill()
    assert not kept.path.exists()
    kept.clock.advance(SAVE_SECONDS)
    assert Kept(tmp_path).counts() == (3, 1, True)
    kept.path.unlink()
    kept.clock.advance(SAVE_SECONDS)
    assert not kept.path.exists()  # nothing has changed
    result_of(kept.tally.forget(""))
    result_of(kept.file.stop())
    assert Kept(tmp_path).counts() == (0, 0, False)
    assert kept.clock.getDelayedCalls() == []


def test_a_disk_that_takes_its_time_has_its_rest(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    written: list[Deferred[None]] = []

    def slowly(work: Callable[[], T], /) -> Awaitable[T]:
        work()
        written.append(Deferred())
        return written[-1]  # type: ignore[return-value]

    kept.offload = slowly
    kept.file.start()
    kept.fill()
    kept.clock.advance(SAVE_SECONDS)
    result_of(kept.tally.add("sum", 1, 60))
    kept.clock.advance(SAVE_SECONDS)
    assert len(written) == 1  # one at a time
    written[0].callback(None)
    kept.clock.pump([SAVE_SECONDS] * int(REST - 1))
    assert len(written) == 1
    kept.clock.pump([SAVE_SECONDS] * 2)
    assert len(written) == 2
    stopped = started(kept.file.stop())
    assert not stopped.called
    written[1].callback(None)
    result_of(stopped)


def test_what_counted_while_it_was_written_is_written_the_next_time(tmp_path: Path) -> None:
    kept = Kept(tmp_path).fill()
    kept.file.start()

    async def meanwhile(work: Callable[[], T], /) -> T:
        kept.offload = at_once
        await kept.tally.distinct("key\n", "y", 60)
        return work()

    kept.offload = meanwhile
    kept.clock.advance(SAVE_SECONDS)
    assert Kept(tmp_path).counts()[1] == 1  # as it was when it began
    kept.clock.advance(SAVE_SECONDS)
    assert Kept(tmp_path).counts()[1] == 2
    result_of(kept.file.stop())


def test_a_disk_that_fails_is_told_once_until_it_works_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path)

    async def failing(work: Callable[[], T], /) -> T:
        raise OSError(28, "No space left on device")

    with logged() as log:
        for offload in (failing, failing, at_once, failing):
            kept.offload = offload
            result_of(kept.tally.add("sum", 1, 60))
            result_of(kept.file.stop())
    assert len(log) == 2 and "cannot be written" in str(formatEvent(log[0]))


def test_a_draft_that_a_killed_process_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "tally.new").write_text("half")
    Kept(tmp_path).fill().saved()
    assert os.listdir(tmp_path) == ["tally"]


def test_each_tally_has_its_own(tmp_path: Path) -> None:
    clock = Clock()

    def made() -> tuple[TallyFile, Tally, Tally]:
        one, other = Tally(clock.seconds), Tally(clock.seconds)
        file = TallyFile(str(tmp_path / "tally"), {"one": one, "other": other}, clock, at_once)
        file.load()
        return file, one, other

    file, one, _ = made()
    result_of(one.distinct("key", "x", 60))
    result_of(file.stop())
    _, one, other = made()
    assert [list(result_of(each.keys(""))) for each in (one, other)] == [["key"], []]
