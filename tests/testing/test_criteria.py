"""Criteria, divided between the server and us: together they mean what the test said."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mailgate.testing.criteria import Criteria, described, question
from tests.testing.support import a_message

MESSAGE = a_message(content=b"Subject: Welcome\nX-Tag: red\nX-Tag: blue\n\nhello\n")


@pytest.mark.parametrize(
    ("criteria", "arguments"),
    [
        ({}, {}),
        ({"to": "a@b", "from_": "c@d"}, {"to": "a@b", "from": "c@d"}),
        ({"to": None, "subject": None, "header": None, "body": None, "after": None}, {}),
        ({"subject": "Wel", "body": "hel"}, {"subject": "Wel", "body": "hel"}),
        ({"header": "X-Tag: red"}, {"header": "X-Tag: red"}),
        ({"header": {"X-Tag": "red", "Subject": "W"}}, {"header": ["X-Tag: red", "Subject: W"]}),
        ({"after": MESSAGE}, {"after": 1}),
    ],
)
def test_what_the_server_decides(criteria: Criteria, arguments: dict[str, Any]) -> None:
    asked = question(criteria)
    assert asked.arguments == arguments
    assert asked.judgements == ()
    assert asked.fits(MESSAGE)


@pytest.mark.parametrize(
    "criteria",
    [
        {"subject": str.istitle},
        {"subject": re.compile("W.l"), "body": re.compile("^h")},
        {"subject": re.compile("w", re.I)},
        {"body": lambda text: text.strip() == "hello"},
        {"header": re.compile("^X-Tag: b")},
        {"header": lambda field: field == "X-Tag: blue"},
        {"header": {"x-tag": re.compile("^blue$")}},
        {"header": {"X-TAG": lambda value: value == "red", "Subject": "W"}},
    ],
)
def test_what_is_tested_here_and_fits(criteria: Criteria) -> None:
    asked = question(criteria)
    assert asked.judgements
    assert asked.fits(MESSAGE)


@pytest.mark.parametrize(
    "criteria",
    [
        {"subject": str.isupper},
        {"subject": re.compile("w")},
        {"body": lambda text: text == "other"},
        {"header": re.compile("^X-Tag: g")},
        {"header": lambda field: field == "X-Tag"},
        {"header": {"x-tag": re.compile("^b$")}},
        {"header": {"X-Tag": lambda value: value == "red", "X-Other": lambda value: True}},
        {"subject": str.istitle, "body": str.isupper},
    ],
)
def test_what_is_tested_here_and_does_not_fit(criteria: Criteria) -> None:
    assert not question(criteria).fits(MESSAGE)


def test_the_null_path_is_asked_for_as_the_envelope_has_it() -> None:
    assert question({"from_": ""}).arguments == {"from": "<>"}


WRONG: list[tuple[Any, str]] = [
    ({"subjekt": "never"}, "no criterion 'subjekt'; there are to, from_"),
    ({"sender": "a@b"}, "no criterion 'sender'"),
    ({"to": ""}, "to is empty"),
    ({"to": 7}, "to has to be an address"),
    ({"from_": b"a@b"}, "from_ has to be an address"),
    ({"after": 3}, "after has to be a message"),
    ({"subject": ""}, "subject is empty"),
    ({"header": ""}, "header is empty"),
    ({"subject": b"x"}, "subject has to be a text"),
    ({"body": 7}, "body has to be a text"),
    ({"header": {"X": 1}}, "header 'X' has to be a text"),
    ({"header": {"X": ""}}, "header 'X' is empty"),
    ({"subject": re.compile(b"x")}, "subject has to be a text, a pattern of text"),
]


@pytest.mark.parametrize(("criteria", "said"), WRONG)
def test_what_cannot_be_meant_is_an_error_at_once(criteria: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        question(criteria)


def test_the_html_is_body_too() -> None:
    message = a_message(content=b"Content-Type: text/html\n\n<p class=x>hello</p>\n")
    assert question({"body": lambda text: "class=x" in text}).fits(message)
    assert question({"body": lambda text: text.strip() == "hello"}).fits(message)


def test_they_are_told_to_people() -> None:
    said = described(
        {"to": "a@b", "from_": "c@d", "subject": "Hi", "header": {"X": "y"}, "body": re.compile("z"), "after": MESSAGE}
    )
    assert said.startswith(" to a@b from c@d with subject 'Hi' with header {'X': 'y'} with body /z/ after <Message")
    assert described({"subject": str.istitle, "to": None}) == " with subject str.istitle"
    assert described({}) == ""
