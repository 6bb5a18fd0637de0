"""Which messages are meant."""

from __future__ import annotations

from typing import Any

import pytest

from mailgate.control.calls import Arguments, CallError
from mailgate.control.letter import Kept
from mailgate.control.matching import MAX_PATTERN_CHARACTERS, Criteria, criteria_in, namespace_in, recipient_key
from mailgate.control.reading import LARGE_OCTETS, Head
from tests.control.support import ALICE, BOB, CAROL, DAVE, a_letter

CONTENT = b"""\
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an alle
X-Tag: one
X-Tag: two
Content-Type: multipart/alternative; boundary=x

--x
Content-Transfer-Encoding: base64

aGVsbG8gd29ybGQ=
--x
Content-Type: text/html

<b>bold</b>
--x--
"""


def question(**values: Any) -> Criteria:
    arguments = {"namespace": "t1", **{key.rstrip("_"): value for key, value in values.items()}}
    return criteria_in(Arguments(arguments))


def fits(**values: Any) -> bool:
    letter = a_letter(ALICE, DAVE, fronts={ALICE: f"Delivered-To: {ALICE}\n".encode()}, number=7)
    kept = Kept(letter, CONTENT)
    return question(**values).fit(kept, kept.reading())


def complaint(**values: Any) -> str:
    with pytest.raises(CallError) as caught:
        question(**values)
    assert caught.value.kind == "bad"
    return caught.value.message


def test_without_a_question_it_is_all_of_the_namespace() -> None:
    assert fits()
    assert fits(namespace="")
    assert not fits(namespace="t2")


@pytest.mark.parametrize("to", [ALICE, ALICE.upper(), f"<{ALICE}>", DAVE, '"alice"@T1.example.test'])
def test_to(to: str) -> None:
    assert fits(to=to)


def test_to_somebody_else() -> None:
    assert not fits(to=BOB)
    assert not fits(to="postmaster")


def test_who_belongs_to_others_cannot_be_asked_for() -> None:
    assert complaint(to=CAROL) == f"{CAROL} belongs to namespace 't2'; this call is made in namespace 't1'"
    assert "no namespace" in complaint(to=ALICE, namespace="")
    assert recipient_key(DAVE.upper(), "t1") == DAVE


@pytest.mark.parametrize("to", ["alice", "@example.test", "a@b@c", "<a@b.test> x", "<>", "a b@c.test"])
def test_to_has_to_be_an_address(to: str) -> None:
    assert "to has to be an address" in complaint(to=to)


def test_from() -> None:
    assert fits(from_="APP@Example.test")
    assert not fits(from_="other@example.test")
    assert not fits(from_="<>")
    bounce = Kept(a_letter(ALICE, sender=""), CONTENT)
    assert question(from_="<>").fit(bounce, bounce.reading())
    assert "from has to be an address" in complaint(from_="app")


def test_subject() -> None:
    assert fits(subject="Grüße an")
    assert not fits(subject="grüße")
    assert fits(subject_pattern="^Gr..e an (alle|dich)$")
    assert not fits(subject_pattern="^an")
    assert not fits(subject="Grüße", subject_pattern="x")


def test_body() -> None:
    assert fits(body="hello world")
    assert fits(body="<b>bold")
    assert fits(body_pattern=r"w\w+d$")
    assert not fits(body="Hello")
    assert not fits(body="hello", body_pattern="x")


def test_header() -> None:
    assert fits(header="x-tag: two")
    assert fits(header=["X-Tag: one", "Subject: Grüße", "Delivered-To: alice@t1"])
    assert fits(header="X-Tag:")
    assert not fits(header="X-Other:")
    assert not fits(header=["X-Tag: one", "X-Tag: three"])


def test_after() -> None:
    assert fits(after=6)
    assert not fits(after=7)


@pytest.mark.parametrize("name", ["subject_pattern", "body_pattern"])
@pytest.mark.parametrize("pattern", ["(", "*", "a{99999999999}", "(?P<a>", "x" * (MAX_PATTERN_CHARACTERS + 1)])
def test_a_pattern_that_is_none(name: str, pattern: str) -> None:
    assert complaint(**{name: pattern}).startswith(name)


@pytest.mark.parametrize("header", ["X-Tag", ": x", " :"])
def test_a_header_needs_a_name(header: str) -> None:
    assert "Name: contained text" in complaint(header=header)


def test_a_namespace_has_to_be_one() -> None:
    assert namespace_in(Arguments({})) == ""
    assert "a namespace is letters" in complaint(namespace="A.b")


def test_what_is_not_here_does_not_fit() -> None:
    kept = Kept(a_letter(ALICE), None, Head("Grüße", "", (), ""))
    assert question(subject="Grüße").fit(kept, None)
    assert not question(subject="x").fit(kept, None)
    assert not question(body="hello").fit(kept, None)
    assert not question(subject="Grüße").fit(Kept(a_letter(ALICE)), None)


def test_the_question_in_words() -> None:
    assert question().words == "any message"
    asked = question(to=ALICE, subject="Hi", header="A: b", after=3)
    assert asked.words == f"a message with to '{ALICE}', subject 'Hi', header 'A: b', after number 3"


def test_what_needs_the_content() -> None:
    assert question(body="x").wants_content and question(header="A: b").wants_content
    assert not question(to=ALICE, subject="x").wants_content


@pytest.mark.parametrize("name", ["subject_pattern", "body_pattern"])
def test_patterns_may_be_forbidden(name: str) -> None:
    with pytest.raises(CallError, match="this one serves people") as caught:
        criteria_in(Arguments({name: "a"}), patterns=False)
    assert caught.value.kind == "forbidden"
    assert criteria_in(Arguments({name: ""}), patterns=False) == criteria_in(Arguments({}))


def test_only_bodies_take_long() -> None:
    assert criteria_in(Arguments({"body": "a"})).takes_long(LARGE_OCTETS + 1)
    assert not criteria_in(Arguments({"body": "a"})).takes_long(LARGE_OCTETS)
    assert not criteria_in(Arguments({"subject": "a", "header": "a: b"})).takes_long(LARGE_OCTETS + 1)
