"""AUTH as a dialogue: challenges, refusals, credentials (RFC 5034)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.pop3.authentication import (
    CANCELLED,
    NOT_A_RESPONSE,
    NOT_BASE64,
    RESPONSE_TOO_LONG,
    Answer,
    Exchange,
    begin_exchange,
)
from mailgate.pop3.reply import Reply
from mailgate.wire.sasl import MECHANISMS, Credentials

ALICE = Credentials("", "alice", "correct horse")


def b64(text: str) -> bytes:
    return base64.b64encode(text.encode())


def exchange(name: str) -> Exchange:
    begun = begin_exchange(name)
    assert begun is not None
    return begun


def challenge(answer: Answer) -> str:
    assert isinstance(answer, Reply)
    assert answer.ok and answer.challenge is not None
    return str(answer)


def test_there_are_mechanisms_and_no_others() -> None:
    assert all(begin_exchange(name) is not None for name in ("PLAIN", "LOGIN"))
    assert begin_exchange("CRAM-MD5") is None
    assert begin_exchange("plain") is None  # the machine gives names in upper case


def test_plain_with_an_initial_response() -> None:
    assert exchange("PLAIN").begin(b64("\0alice\0correct horse")) == ALICE


def test_plain_without() -> None:
    plain = exchange("PLAIN")
    assert challenge(plain.begin(None)) == "+ "  # RFC 5034 section 4: an empty challenge
    assert plain.go_on(b64("alice\0alice\0correct horse")) == ALICE


def test_plain_for_somebody_else_is_told() -> None:
    assert exchange("PLAIN").begin(b64("bob\0alice\0x")) == Credentials("bob", "alice", "x")


def test_login_asks_twice() -> None:
    login = exchange("LOGIN")
    assert challenge(login.begin(None)) == "+ VXNlcm5hbWU6"
    assert challenge(login.go_on(b64("alice"))) == "+ UGFzc3dvcmQ6"
    assert login.go_on(b64("correct horse")) == ALICE


def test_login_takes_the_name_at_once() -> None:
    login = exchange("LOGIN")
    assert challenge(login.begin(b64("alice"))) == "+ UGFzc3dvcmQ6"
    assert login.go_on(b64("correct horse")) == ALICE


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        (b"*", CANCELLED),
        (None, RESPONSE_TOO_LONG),
        (b"?", NOT_BASE64),
        (b"YWxpY2U", NOT_BASE64),  # without its padding
        (b"QUJD\nREVG", NOT_BASE64),
        (b"=", NOT_BASE64),  # which is an empty response behind AUTH alone
        (b"", NOT_A_RESPONSE),
        (b64("alice\0correct horse"), NOT_A_RESPONSE),
        (b64("\0\0x"), NOT_A_RESPONSE),
        (base64.b64encode(b"\0al\xff\0x"), NOT_A_RESPONSE),
    ],
)
def test_what_is_no_response_is_refused_and_is_no_wrong_password(line: bytes | None, refusal: Reply) -> None:
    plain = exchange("PLAIN")
    plain.begin(None)
    assert plain.go_on(line) == refusal
    assert not refusal.ok
    assert refusal.code == ""  # RFC 3206 section 5: [AUTH] would make the client ask the user for another password


@pytest.mark.parametrize(("initial", "refusal"), [(b"?", NOT_BASE64), (b"*", NOT_BASE64), (b"=", NOT_A_RESPONSE)])
def test_an_initial_response_may_be_none_too(initial: bytes, refusal: Reply) -> None:
    assert exchange("PLAIN").begin(initial) == refusal


def test_the_empty_initial_response_is_an_equals_sign() -> None:
    login = exchange("LOGIN")
    assert challenge(login.begin(b"=")) == "+ UGFzc3dvcmQ6"
    assert login.go_on(b64("x")) == NOT_A_RESPONSE  # nobody has an empty name


@given(
    st.sampled_from(sorted(MECHANISMS)),
    st.none() | st.binary(max_size=20),
    st.lists(st.none() | st.binary(max_size=20) | st.text(max_size=8).map(b64), max_size=4),
)
def test_any_lines_end_in_credentials_or_a_refusal(name: str, initial: bytes | None, lines: list[bytes | None]) -> None:
    begun = exchange(name)
    answer = begun.begin(initial)
    while lines and isinstance(answer, Reply) and answer.ok:
        answer = begun.go_on(lines.pop())
    assert isinstance(answer, Reply | Credentials)
