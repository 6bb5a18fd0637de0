"""What arrived, for as long as there is room."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from mailgate.control.letter import Kept
from mailgate.control.letters import Letters
from mailgate.facts import Deleted, Expired, Fact, LoggedIn
from mailgate.interfaces import IFactReader
from tests.control.support import ALICE, BOB, CAROL, DAVE, HELLO, a_letter, kept


def numbers(letters: Iterable[Kept]) -> list[int]:
    return [each.letter.number for each in letters]


def test_they_are_found_by_namespace_address_and_id() -> None:
    letters = Letters()
    one, two, three = kept(letters, ALICE), kept(letters, ALICE, CAROL), kept(letters, DAVE)
    assert numbers([one, two, three]) == [1, 2, 3]
    assert numbers(letters.of("t1")) == [1, 2]
    assert numbers(letters.of("t2")) == [2]
    assert numbers(letters.of("")) == [3]
    assert numbers(letters.to(ALICE)) == [1, 2]
    assert letters.of("t3") == letters.to(BOB) == []
    assert letters.find(two.letter.id) is two
    assert letters.find("x") is None
    assert len(letters) == 3


def test_an_id_is_there_once() -> None:
    letters = Letters()
    letter = a_letter(ALICE)
    letters.add(letter, HELLO)
    with pytest.raises(ValueError, match="already"):
        letters.add(letter, HELLO)
    assert len(letters) == 1 and letters.octets == len(HELLO)


def test_of_what_is_not_kept_the_head_is() -> None:
    letters = Letters(content_octets=10)
    letter = a_letter(ALICE, octets=11)
    assert not letters.keeps(letter) and letters.keeps(a_letter(ALICE, octets=10))
    kept = letters.add(letter, None, b"Subject: long\n\n")
    assert kept.content is None and kept.head is not None and kept.head.subject == "long"
    assert letters.octets == 0


def test_what_is_no_letter_and_will_be_none_is_older() -> None:
    letters = Letters()
    one = kept(letters, ALICE, CAROL).letter.id
    assert letters.is_older("x", "t1")
    assert not letters.is_older(one, "t1") and letters.is_older(one, "t3")
    with letters.expecting("x"):
        assert not letters.is_older("x", "t1")
    assert letters.is_older("x", "t1")


def test_maildrops_with_what_is_forgotten_are_noted() -> None:
    letters = Letters(max_letters=1)
    first = kept(letters, ALICE, BOB, DAVE)
    first.removed.add(BOB)
    kept(letters, DAVE)
    assert letters.with_older("t1") == [ALICE] and letters.with_older("") == []
    letters.note_none_older(ALICE)
    letters.note_none_older(BOB)
    assert letters.with_older("t1") == []


def test_the_oldest_is_forgotten_first() -> None:
    letters = Letters(max_letters=2)
    first = kept(letters, ALICE, BOB)
    for _ in range(2):
        kept(letters, ALICE)
    assert numbers(letters.of("t1")) == numbers(letters.to(ALICE)) == [2, 3]
    assert letters.to(BOB) == []
    assert letters.find(first.letter.id) is None
    assert letters.octets == 2 * len(HELLO)


def test_contents_are_forgotten_before_letters() -> None:
    letters = Letters(content_octets=2 * len(HELLO))
    every = [kept(letters, ALICE) for _ in range(3)]
    assert [each.content for each in every] == [None, HELLO, HELLO]
    assert every[0].head is not None and every[0].head.subject == "hello"
    assert numbers(letters.of("t1")) == [1, 2, 3]


def test_a_content_beyond_the_limit_costs_no_letter() -> None:
    letters = Letters(content_octets=1)
    assert kept(letters, ALICE).content is None
    assert (len(letters), letters.octets) == (1, 0)


def test_a_content_may_be_unknown_from_the_beginning() -> None:
    letters = Letters()
    unread = kept(letters, ALICE, content=None)
    assert (unread.content, letters.octets) == (None, 0)
    letters.clear("t1")
    assert len(letters) == 0


def test_a_namespace_is_cleared_and_others_are_not() -> None:
    letters = Letters()
    kept(letters, ALICE)
    both = kept(letters, ALICE, CAROL)
    letters.clear("t1")
    assert letters.of("t1") == letters.to(ALICE) == []
    assert letters.of("t2") == letters.to(CAROL) == [both]
    assert [each.address for each in both.letter.recipients] == [CAROL]
    assert letters.octets == len(HELLO)
    letters.clear("t2")
    letters.forget(both, "t2")  # again
    assert (len(letters), letters.octets) == (0, 0)


def test_one_who_is_named_twice_is_forgotten_once() -> None:
    letters = Letters()
    kept(letters, ALICE, ALICE.upper(), CAROL)
    letters.clear("t1")
    assert letters.to(ALICE) == [] and len(letters) == 1


def test_facts_tell_what_is_removed() -> None:
    letters = Letters()
    verifyObject(IFactReader, letters)
    one, two = kept(letters, ALICE, BOB), kept(letters, ALICE)
    told: list[Fact] = [
        Deleted(session="s", user=ALICE, message=one.letter.id, uid="1"),
        Expired(user=ALICE, message=two.letter.id, uid="2", to_trash=False),
        Deleted(session="s", user=ALICE, message="", uid="3"),
        LoggedIn(session="s", listener="pop3", client="c", user=ALICE),
    ]
    for fact in told:
        letters.read(fact)
    assert one.removed == two.removed == {ALICE}
    assert not one.is_removed(one.letter.recipients) and two.is_removed(two.letter.recipients)


STEPS = st.lists(
    st.tuples(st.just("add"), st.sets(st.sampled_from([ALICE, BOB, CAROL, DAVE]), min_size=1), st.integers(0, 40))
    | st.tuples(st.just("clear"), st.sampled_from(["t1", "t2", ""]), st.just(0)),
    max_size=30,
)


@given(STEPS)
def test_the_octets_are_those_of_the_contents_and_within_the_limits(
    steps: list[tuple[str, str | set[str], int]],
) -> None:
    letters = Letters(max_letters=5, content_octets=100)
    every: list[Kept] = []
    for _, what, octets in steps:
        if isinstance(what, str):
            letters.clear(what)
        else:
            every.append(kept(letters, *sorted(what), content=b"x" * octets))
        there = [each for each in every if letters.find(each.letter.id) is each]
        assert letters.octets == sum(len(each.content or b"") for each in every) <= 100
        assert len(letters) == len(there) <= 5
        for namespace in ("t1", "t2", ""):
            assert letters.of(namespace) == [each for each in there if each.letter.recipients_for(namespace)]
        for address in (ALICE, BOB, CAROL, DAVE):
            assert letters.to(address) == [
                each for each in there if address in [reached.key for reached in each.letter.recipients]
            ]
