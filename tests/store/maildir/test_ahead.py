from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import BLOCK_OCTETS, Entry
from mailgate.store.maildir.ahead import AHEAD_OCTETS, SHELF_OCTETS, ReadAhead, Shelf


def _entries(*octets: int) -> tuple[Entry, ...]:
    return tuple(Entry(f"u{at}", size, f"new/{at:03}.x", seconds=at // 3) for at, size in enumerate(octets))


class _Reader:
    """Fetches as a session does, from a disk that has everything."""

    def __init__(self, entries: Sequence[Entry], shelf: Shelf | None = None) -> None:
        self.shelf = shelf or Shelf()
        self.ahead = ReadAhead(self.shelf)
        self.ahead.follow(entries)
        self.trips: list[list[str]] = []

    def fetch(self, entry: Entry) -> bytes:
        kept = self.ahead.take(entry)
        if kept is not None:
            return kept
        due = self.ahead.due()
        self.trips.append([entry.uid, *(one.uid for one in due)])
        self.ahead.keep({one.key: _content(one) for one in due})
        return _content(entry)


def _content(entry: Entry) -> bytes:
    return entry.uid.encode().ljust(entry.octets)


def test_a_hundred_messages_in_order_cost_ten_trips() -> None:
    entries = _entries(*[10_000] * 100)
    reader = _Reader(entries)
    for entry in entries:
        assert reader.fetch(entry) == _content(entry)
        assert reader.shelf.octets <= AHEAD_OCTETS
    assert 8 <= len(reader.trips) <= 11 and reader.shelf.octets == 0
    assert [len(trip) for trip in reader.trips[:3]] == [3, 9, 14]


def test_who_fetches_one_reads_two_ahead_and_no_more() -> None:
    entries = _entries(*[100] * 10)
    reader = _Reader(entries)
    reader.fetch(entries[0])
    assert reader.trips == [["u0", "u1", "u2"]]


def test_who_begins_in_the_middle_is_followed_too() -> None:
    entries = _entries(*[100] * 50)
    reader = _Reader(entries)
    for entry in entries[40:]:
        reader.fetch(entry)
    assert reader.trips[0] == ["u40"]
    assert [len(trip) for trip in reader.trips] == [1, 3, 6]


def test_who_jumps_about_reads_nothing_ahead() -> None:
    entries = _entries(*[100] * 50)
    reader = _Reader(entries)
    for at in (7, 40, 3, 30, 1):
        reader.fetch(entries[at])
    assert reader.trips == [["u7"], ["u40"], ["u3"], ["u30"], ["u1"]] and reader.shelf.octets == 0


def test_who_reads_elsewhere_keeps_nothing() -> None:
    entries = _entries(*[100] * 50)
    reader = _Reader(entries)
    reader.fetch(entries[0])
    assert reader.shelf.octets == 200
    reader.fetch(entries[30])
    assert reader.shelf.octets == 0


def test_who_leaves_some_out_goes_on_with_what_is_there() -> None:
    entries = _entries(*[100] * 50)
    reader = _Reader(entries)
    for at in (0, 1, 2, 3, 4, 6, 8, 9, 11, 12):
        reader.fetch(entries[at])
    assert [trip[0] for trip in reader.trips] == ["u0", "u3", "u12"]


def test_each_message_twice_in_order_as_by_top_and_retr() -> None:
    entries = _entries(*[100] * 6)
    reader = _Reader(entries)
    for entry in entries:
        reader.fetch(entry)
        reader.fetch(entry)
    together = [trip for trip in reader.trips if len(trip) > 1]
    assert len(together) >= 2


@pytest.mark.parametrize("large", [BLOCK_OCTETS + 1, 10**9])
def test_large_ones_are_not_read_ahead(large: int) -> None:
    entries = _entries(100, large, 100, 100)
    reader = _Reader(entries)
    assert reader.ahead.take(entries[0]) is None
    assert reader.ahead.due() == []
    assert reader.ahead.take(entries[1]) is None
    assert reader.ahead.due() == list(entries[2:])


def test_an_entry_is_known_by_its_key() -> None:
    entries = _entries(*[100] * 6)
    reader = _Reader(entries)
    for entry in entries:
        reader.fetch(Entry(entry.uid, 7_777, entry.key, seconds=entry.seconds))  # such as a surrogate's, of other size
    assert len(reader.trips) == 2


def test_a_new_snapshot_and_a_removal_begin_anew() -> None:
    entries = _entries(*[100] * 6)
    reader = _Reader(entries)
    for begin_anew in (reader.ahead.forget, lambda: reader.ahead.follow(entries)):
        reader.fetch(entries[0])
        assert reader.shelf.octets == 200
        begin_anew()
        assert reader.shelf.octets == 0
    reader.fetch(entries[5])
    assert reader.trips[-1] == ["u5"]


def test_one_of_another_snapshot_is_read_by_itself() -> None:
    reader = _Reader(())
    assert reader.fetch(_entries(5)[0]) == b"u0   "
    assert reader.trips == [["u0"]]


def test_all_sessions_together_are_bounded_and_the_idle_one_gives_way() -> None:
    entries = _entries(*[100] * 10)
    shelf = Shelf(limit=450)
    idle, other, third = (_Reader(entries, shelf) for _ in range(3))
    for reader in (idle, other):
        reader.fetch(entries[0])
    assert shelf.octets == 400
    third.fetch(entries[0])
    assert shelf.octets == 400
    other.fetch(entries[1])
    idle.fetch(entries[1])
    assert [len(reader.trips) for reader in (idle, other)] == [2, 1]
    assert AHEAD_OCTETS * 50 < SHELF_OCTETS


def test_a_batch_that_is_too_large_for_the_shelf() -> None:
    shelf = Shelf(limit=10)
    shelf.put("me", {"a": b"x" * 11})
    assert shelf.octets == 0 and shelf.take("me", "a") is None


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["put", "take", "drop"]), st.integers(0, 3)), max_size=40
    )
)
def test_the_shelf_knows_what_it_has(actions: Sequence[tuple[str, str, int]]) -> None:
    shelf, most = Shelf(limit=60), 60
    for owner, action, number in actions:
        if action == "put":
            shelf.put(owner, {str(key): (owner + str(key)).encode() * 10 for key in range(number)})
        elif action == "take":
            assert shelf.take(owner, str(number)) in (None, (owner + str(number)).encode() * 10)
        else:
            shelf.drop(owner)
        assert 0 <= shelf.octets <= most
    for owner in "abc":
        shelf.drop(owner)
    assert shelf.octets == 0


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=30), st.data())
def test_whatever_is_asked_for_in_whatever_order_is_what_is_given(sizes: list[int], data: st.DataObject) -> None:
    entries = _entries(*sizes)
    reader = _Reader(entries)
    for at in data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=60)):
        assert reader.fetch(entries[at]) == _content(entries[at])
        assert reader.shelf.octets <= AHEAD_OCTETS
