"""A message that arrived."""

from __future__ import annotations

import pytest

from mailgate.control.letter import Kept, Reached, address_key, maildrops_of
from tests.control.support import ALICE, BOB, CAROL, DAVE, a_letter


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice@Example.TEST", "alice@example.test"),
        ("STRASSE@example.test", "straße@example.test"),
        ("e\u0301@example.test", "é@example.test"),
    ],
)
def test_spellings_of_one_address(one: str, other: str) -> None:
    assert address_key(one) == address_key(other)


def test_a_recipient_knows_its_namespace() -> None:
    reached = Reached("Alice@T1.example.test", ())
    assert (reached.namespace, reached.key) == ("t1", ALICE)


def seen(namespace: str, key: str = "") -> list[str]:
    letter = a_letter(ALICE, BOB, CAROL, DAVE)
    return [each.address for each in letter.recipients_for(namespace, key)]


def test_a_namespace_sees_its_own_recipients() -> None:
    assert seen("t1") == [ALICE, BOB]
    assert seen("t2") == [CAROL]
    assert seen("") == [DAVE]
    assert seen("t3") == []


def test_it_sees_of_everybodys_whom_it_asks_for() -> None:
    assert seen("t1", DAVE) == [ALICE, BOB, DAVE]
    assert seen("t1", CAROL) == [ALICE, BOB]


def test_what_is_in_front_is_that_of_the_first_copy() -> None:
    letter = a_letter(ALICE, CAROL, fronts={ALICE: b"A: a\n", CAROL: b"C: c\n"})
    assert letter.front_for(letter.recipients_for("t1")) == b"A: a\n"
    assert letter.front_for(letter.recipients_for("t2")) == b"C: c\n"
    assert letter.front_for(()) == b""


def test_it_is_removed_when_no_maildrop_of_these_has_it() -> None:
    kept = Kept(a_letter(ALICE, BOB))
    alice, bob = kept.letter.recipients
    kept.removed.add(ALICE)
    assert kept.is_removed([alice]) and not kept.is_removed([alice, bob])
    assert list(maildrops_of([bob, alice])) == [BOB, ALICE]


def test_it_can_be_read_while_its_content_is_here() -> None:
    kept = Kept(a_letter(ALICE), b"Subject: hi\n\n")
    reading = kept.reading()
    assert reading is not None and reading.head.subject == "hi"
    kept.content = None
    assert kept.reading() is None
