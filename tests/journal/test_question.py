"""What answers a question, and that no answer is missed by the quick look."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.journal.lines import line_of, read_line
from mailgate.journal.question import Question
from tests.journal.support import ALICE, accepted, delivered, fetched, refused

ONE: dict[str, Any] = read_line(line_of(accepted("01m", session="s1", user="Carol@example.net"))) or {}
WHAT = st.text(min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("what", "answers"),
    [
        ("01m", True),
        ("S1", True),
        ("alice@example.test", True),
        (" <ALICE@example.test> ", True),
        ("sender@EXAMPLE.org", True),
        ("carol@example.net", True),
        ("one@example.org", True),
        ("<one@example.org>", True),
        ("192.0.2.1", True),
        ("@example.org", True),
        ("@example.test", True),
        ("lice@example.test", False),
        ("@ample.test", False),
        ("example.test", False),
        ("mx.example.org", False),
        ("accepted", False),
        ("123", False),
    ],
)
def test_a_message(what: str, answers: bool) -> None:
    assert Question(what).is_answered_by(ONE) is answers


def test_the_other_kinds() -> None:
    def is_answered(what: str, fact: Any) -> bool:
        return Question(what).is_answered_by(read_line(line_of(fact)) or {})

    assert is_answered(ALICE, delivered("m", 1.0, "info@example.test", ALICE))
    assert is_answered("info@example.test", delivered("m", 1.0, "info@example.test", ALICE))
    assert is_answered("nobody@example.test", refused("m"))
    assert is_answered(ALICE, fetched("m"))
    assert is_answered("U7", fetched("", uid="u7")) and is_answered(ALICE, fetched("", uid="u7"))
    assert not is_answered("u", fetched("", uid="u7"))


@pytest.mark.parametrize("what", ["", " ", "<>", "é", "\n"])
def test_what_cannot_be_looked_for(what: str) -> None:
    with pytest.raises(ValueError, match="expected a message's id"):
        Question(what)


@given(WHAT)
def test_every_line_that_answers_has_the_text(what: str) -> None:
    try:
        question = Question(what)
    except ValueError:
        return
    for said in (question.what, question.what.upper(), question.what.lower()):
        for fact in (accepted("m", sender=said), accepted("m", recipients=("x", said)), accepted("m", message_id=said)):
            line = line_of(fact)
            assert question.text in line.lower()
            if said == question.what:
                assert question.is_answered_by(read_line(line) or {})


def test_case_does_not_matter_beyond_ascii() -> None:
    line = line_of(accepted("m", sender="JÖRG@example.org"))
    question = Question("jörg@example.org")
    assert question.text == b"rg@example.org" and question.text in line.lower()
    assert question.is_answered_by(read_line(line) or {})
