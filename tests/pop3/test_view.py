"""A maildrop's numbers, marks and listings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import Snapshot
from mailgate.pop3.view import View
from tests.pop3.support import entry


def view(count: int) -> View:
    return View(Snapshot(1, tuple(entry(f"u{number}", number * 10) for number in range(1, count + 1))))


def test_numbers_begin_with_one() -> None:
    three = view(3)
    assert [each and each.uid for each in map(three.entry, (-1, 0, 1, 3, 4, 10**50))] == [
        None,
        None,
        "u1",
        "u3",
        None,
        None,
    ]


def test_listings() -> None:
    assert view(2).sizes() == b"1 10\r\n2 20\r\n"
    assert view(2).uids() == b"1 u1\r\n2 u2\r\n"
    assert view(0).sizes() == view(0).uids() == b""


def test_what_is_marked_is_neither_counted_nor_listed_nor_found() -> None:
    three = view(3)
    assert three.mark(2)
    assert not three.mark(2)
    assert not three.mark(4)
    assert (three.count, three.octets) == (2, 40)
    assert three.entry(2) is None
    assert three.sizes() == b"1 10\r\n3 30\r\n"
    assert three.uids() == b"1 u1\r\n3 u3\r\n"
    assert [each.uid for each in three.marked] == ["u2"]


def test_unmark_takes_all_marks_away() -> None:
    three = view(3)
    three.mark(3)
    three.mark(1)
    assert [each.uid for each in three.marked] == ["u1", "u3"]
    three.unmark()
    assert (three.count, three.octets, three.marked) == (3, 60, ())
    assert three.sizes() == b"1 10\r\n2 20\r\n3 30\r\n"


def test_a_listing_is_rendered_once() -> None:
    three = view(3)
    assert three.sizes() is three.sizes()
    assert three.uids() is three.uids()


@given(st.integers(0, 120), st.sets(st.integers(1, 120)))
def test_a_listing_has_all_that_are_not_marked(count: int, marks: set[int]) -> None:
    some = view(count)
    for number in marks:
        assert some.mark(number) == (number <= count)
    left = [number for number in range(1, count + 1) if number not in marks]
    assert some.sizes() == b"".join(b"%d %d\r\n" % (number, number * 10) for number in left)
    assert some.uids() == b"".join(b"%d u%d\r\n" % (number, number) for number in left)
    assert (some.count, some.octets) == (len(left), sum(left) * 10)
