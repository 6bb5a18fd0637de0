"""A maildrop's numbers, marks and listings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import Snapshot
from mailgate.pop3.listings import Listings
from mailgate.pop3.surrogates import AS_THEY_ARE, Surrogates
from mailgate.pop3.view import View
from tests.pop3.support import entry


def view(count: int) -> View:
    return View(Snapshot(count, tuple(entry(f"u{number}", number * 10) for number in range(1, count + 1))), Listings())


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


def test_a_listing_is_rendered_once_for_all_sessions() -> None:
    listings = Listings()
    snapshot = Snapshot(1, (entry("u1"), entry("u2")))
    one, other = View(snapshot, listings), View(snapshot, listings)
    assert one.sizes() is other.sizes()
    assert one.uids() is other.uids()
    one.mark(1)
    assert (one.sizes(), other.sizes()) == (b"2 10\r\n", b"1 10\r\n2 10\r\n")


def international(surrogates: Surrogates) -> View:
    return View(Snapshot(1, (entry("u1", 10), entry("u2", 20, smtputf8=True))), Listings(), surrogates)


def test_surrogates_have_their_own_sizes() -> None:
    some = international(Surrogates({2: 33}, 13))
    assert (some.count, some.octets) == (2, 43)
    assert some.sizes() == b"1 10\r\n2 33\r\n"
    assert [some.octets_of(number) for number in (1, 2)] == [10, 33]
    assert [some.is_surrogate(number) for number in (1, 2)] == [False, True]
    some.mark(2)
    assert (some.count, some.octets) == (1, 10)
    some.unmark()
    assert (some.count, some.octets) == (2, 43)


def test_a_surrogate_that_could_not_be_measured_is_one_all_the_same() -> None:
    some = international(Surrogates(complete=False))
    assert (some.octets, some.octets_of(2), some.is_surrogate(2)) == (30, 20, True)


def test_with_utf8_there_are_none() -> None:
    some = international(AS_THEY_ARE)
    assert (some.octets, some.octets_of(2), some.is_surrogate(2)) == (30, 20, False)
    assert some.sizes() == b"1 10\r\n2 20\r\n"


def test_counts_what_the_client_was_told_of() -> None:
    some = view(4)
    assert (some.messages, some.listed) == (4, 0)
    some.note_listed(2)
    some.note_listed(2)
    assert some.listed == 1
    some.mark(1)
    some.mark(2)
    some.uids()
    assert some.listed == 3  # 3 and 4 besides
    some.unmark()
    some.sizes()
    some.mark(1)
    some.sizes()
    assert (some.messages, some.listed) == (4, 4)


@given(st.integers(0, 120), st.sets(st.integers(1, 120)))
def test_a_listing_has_all_that_are_not_marked(count: int, marks: set[int]) -> None:
    some = view(count)
    for number in marks:
        assert some.mark(number) == (number <= count)
    left = [number for number in range(1, count + 1) if number not in marks]
    assert some.sizes() == b"".join(b"%d %d\r\n" % (number, number * 10) for number in left)
    assert some.uids() == b"".join(b"%d u%d\r\n" % (number, number) for number in left)
    assert (some.count, some.octets) == (len(left), sum(left) * 10)
