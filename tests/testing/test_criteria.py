"""Criteria, divided between the server and us: together they mean what the test said."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ({"subject": re.compile("W.l"), "body": re.compile("^h")}, {"subject_pattern": "W.l", "body_pattern": "^h"}),
        ({"subject": re.compile("w", re.I | re.S)}, {"subject_pattern": "(?is)w"}),
        ({"subject": re.compile("(?i)w", re.M)}, {"subject_pattern": "(?im)(?i)w"}),
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
        {"subject": re.compile(f"Welcome|{'x' * 1000}")},  # too long for the server
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
        {"subject": re.compile("x" * 1001)},
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


@given(st.sets(st.sampled_from([re.I, re.M, re.S, re.X, re.A])), st.sampled_from(["(?i)w", "^w l", "(?x)w.l"]))
def test_a_pattern_means_the_same_to_the_server(flags: set[re.RegexFlag], text: str) -> None:
    pattern = re.compile(text, sum(flags, re.NOFLAG))
    sent = question({"subject": pattern}).arguments["subject_pattern"]
    assert re.compile(sent).flags == pattern.flags
    assert sent.endswith(text)


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
