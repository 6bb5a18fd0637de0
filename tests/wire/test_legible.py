"""Lines for people: legible, short, and without what is secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.legible import (
    BLANK,
    MAX_CHARACTERS,
    NO_COMMAND,
    TOO_LONG,
    UNCLEAN,
    command_line,
    legible,
    response,
)
from mailgate.wire.lines import OVERLONG

VERBS = frozenset({"EHLO", "MAIL", "AUTH", "NOOP", "PASS", "USER"})


def shown(line: bytes, *, may_answer: bool = False) -> str:
    return command_line(line, VERBS, may_answer=may_answer)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"", ""),
        (b"250 OK", "250 OK"),
        ("MAIL FROM:<ü@example.test>".encode(), "MAIL FROM:<ü@example.test>"),
        (b"a\x1b[2Jb\x00\x7f", "a\\x1b[2Jb\\x00\\x7f"),
        (b"a\tb", "a\\tb"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("\u202egnp.exe".encode(), "\\u202egnp.exe"),  # would turn the text around
        ("\x85\u2028".encode(), "\\x85\\u2028"),
    ],
)
def test_what_does_not_show_is_escaped(octets: bytes, text: str) -> None:
    assert legible(octets) == text


@given(st.binary(max_size=3 * MAX_CHARACTERS))
def test_anything_becomes_one_printable_line(octets: bytes) -> None:
    text = legible(octets)
    assert text.isprintable()
    assert len(text) <= MAX_CHARACTERS


def test_a_long_line_is_cut() -> None:
    assert legible(b"x" * MAX_CHARACTERS) == "x" * MAX_CHARACTERS
    assert legible(b"x" * (MAX_CHARACTERS + 1)) == "x" * (MAX_CHARACTERS - 1) + "…"
    assert legible("ü".encode() * 100_000) == "ü" * (MAX_CHARACTERS - 1) + "…"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"", ""),
        (b"EHLO client.example", "EHLO client.example"),
        (b"ehlo  x ", "ehlo  x "),
        (b"NOOP \xff", "NOOP \\xff"),
        (b"XYZZY", "XYZZY"),
        (b"XYZZY what is it", "XYZZY ***"),
        (b"GET / HTTP/1.1", "GET ***"),
        (b"Subject: hello", NO_COMMAND),
        (b"c2VjcmV0", NO_COMMAND),
        (b" EHLO x", NO_COMMAND),
        (b"EHLO a\rb", UNCLEAN),
        (b"PASS se\ncret", UNCLEAN),
        (b"PASS secret", "PASS ***"),
        (b"pass secret word", "pass ***"),
        (b"PASS", "PASS ***"),
        (b"  PASS secret", "PASS ***"),
        (b"PASS\tsecret", "PASS ***"),
        (b"PASSsecret", "PASS ***"),
        (b"PASSWORD secret", "PASS ***"),
        (b"USER alice@example.test", "USER alice@example.test"),
        (b"USER", "USER"),
        (b"user  alice PASS secret", "user  alice ***"),
        (b"USER alice\tPASS\tsecret", "USER alice ***"),
        (b"USER alice\xffsecret", "USER alice ***"),
        (b"APOP alice c4c9334bac560ecc979e58001b3e22fb", "APOP ***"),
        (b"AUTH", "AUTH"),
        (b"AUTH PLAIN", "AUTH PLAIN"),
        (b"auth plain AGFsaWNlAHNlY3JldA==", "auth plain ***"),
        (b"AUTH LOGIN YQ== cGFzcw==", "AUTH LOGIN ***"),
        (b"AUTH PLAIN =", "AUTH PLAIN ***"),
        (b"AUTH AGFsaWNlAHNlY3JldA==", "AUTH ***"),
        (b"AUTH YWxpY2U", "AUTH ***"),  # would be a mechanism, but for its small and capital letters
        (b"AUTH  PLAIN AGFsaWNlAHNlY3JldA==", "AUTH ***"),
        (b"AUTH\tPLAIN\tAGFsaWNlAHNlY3JldA==", NO_COMMAND),
    ],
)
def test_commands(line: bytes, text: str) -> None:
    assert shown(line) == text


def test_what_is_too_long_is_not_repeated() -> None:
    assert command_line(OVERLONG, VERBS, may_answer=False) == TOO_LONG


@pytest.mark.parametrize("line", [b"c2VjcmV0", b"SECRET", b"secret word", b"QUJDRA=="])
def test_what_may_be_an_answer_of_auth_is_blank(line: bytes) -> None:
    assert shown(line, may_answer=True) == BLANK
    assert shown(b"NOOP", may_answer=True) == "NOOP"


def test_responses_are_blank_but_for_cancelling() -> None:
    assert response(b"c2VjcmV0") == BLANK
    assert response(b"") == BLANK
    assert response(None) == BLANK
    assert response(b"*") == "*"
