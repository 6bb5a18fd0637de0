"""Which aliases name an account."""

from __future__ import annotations

from mailgate.accounts.editing.leading import leading_to
from mailgate.accounts.spelling import Spelling
from tests.accounts.support import domain, names

ALICE = "alice@a.test"


def test_in_every_spelling_and_through_others() -> None:
    known = names(
        domain("a.test", "bob a.lice", "info: bob, alice+x\nsales: info\nboth: ALICE, sales, a.lice\nother: bob\n"),
        domain("b.test", "zoe", "far: a.lice@a.test\nfarther: far\n"),
        spelling=Spelling(ignore_dots=["a.test"]),
    )
    assert leading_to("a.lice@a.test", known) == {
        "info@a.test": ("alice+x@a.test",),
        "both@a.test": ("alice@a.test", "a.lice@a.test"),
        "far@b.test": ("a.lice@a.test",),
        "farther@b.test": ("far@b.test",),
    }


def test_not_who_is_on_duty_nor_the_catch_all_s() -> None:
    known = names(domain("a.test", "alice bob", "info: postmaster\nany: nobody\n*: alice\n"))
    assert leading_to(ALICE, known) == {"*@a.test": (ALICE,)}
    assert leading_to(ALICE, names(domain("a.test", "alice bob", "info: postmaster\n"))) == {}


def test_an_alias_that_has_other_targets_stays() -> None:
    known = names(domain("a.test", "alice bob", "info: alice, bob\nsales: info\n"))
    assert leading_to(ALICE, known) == {"info@a.test": (ALICE,)}


def test_circles_end() -> None:
    known = names(domain("a.test", "alice bob", "one: two\ntwo: one\nthree: alice\n"))
    assert leading_to(ALICE, known) == {"three@a.test": (ALICE,)}
