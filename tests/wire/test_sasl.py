"""PLAIN and LOGIN from the server's side, and their base64."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire import sasl
from mailgate.wire.sasl import Challenge, Credentials, SASLError

NAMES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("response", "credentials"),
    [
        (b"\0alice\0secret", Credentials("", "alice", "secret")),
        (b"alice\0alice\0secret", Credentials("", "alice", "secret")),  # to act for oneself is to act for nobody
        (b"root\0alice\0secret", Credentials("root", "alice", "secret")),
        ("\0ülf\0 pässwörd ".encode(), Credentials("", "ülf", " pässwörd ")),
    ],
)
def test_plain(response: bytes, credentials: Credentials) -> None:
    assert sasl.Plain().step(response) == credentials


def test_plain_without_an_initial_response_asks_for_nothing_in_particular() -> None:
    mechanism = sasl.Plain()
    assert mechanism.step(None) == Challenge(b"")
    assert mechanism.step(b"\0a\0b") == Credentials("", "a", "b")


@pytest.mark.parametrize(
    "response",
    [b"", b"alice", b"alice\0secret", b"\0\0secret", b"\0alice\0", b"\0a\0b\0c", b"\0\xff\0secret", b"\0\0"],
)
def test_plain_refuses(response: bytes) -> None:
    with pytest.raises(SASLError):
        sasl.Plain().step(response)


@given(st.one_of(st.just(""), NAMES), NAMES, NAMES)
def test_plain_gives_what_was_said(authorization: str, user: str, password: str) -> None:
    said = sasl.Plain().step(f"{authorization}\0{user}\0{password}".encode())
    assert said == Credentials(authorization if authorization != user else "", user, password)


def test_login() -> None:
    mechanism = sasl.Login()
    assert mechanism.step(None) == Challenge(b"Username:")
    assert mechanism.step(b"alice") == Challenge(b"Password:")
    assert mechanism.step("pässword".encode()) == Credentials("", "alice", "pässword")


def test_login_with_the_user_as_initial_response() -> None:
    mechanism = sasl.Login()
    assert mechanism.step(b"alice") == Challenge(b"Password:")
    assert mechanism.step(b"secret") == Credentials("", "alice", "secret")


@pytest.mark.parametrize(("user", "password"), [(b"", b"secret"), (b"alice", b""), (b"alice", b"\xff")])
def test_login_refuses(user: bytes, password: bytes) -> None:
    mechanism = sasl.Login()
    assert mechanism.step(user) == Challenge(b"Password:")
    with pytest.raises(SASLError):
        mechanism.step(password)


def test_login_refuses_a_user_that_is_not_utf8() -> None:
    with pytest.raises(SASLError, match="UTF-8"):
        sasl.Login().step(b"\xff")


def test_mechanisms_begin_anew_each_time() -> None:
    assert set(sasl.MECHANISMS) == {"PLAIN", "LOGIN"}
    sasl.MECHANISMS["LOGIN"]().step(b"alice")
    assert sasl.MECHANISMS["LOGIN"]().step(b"bob") == Challenge(b"Password:")


@given(st.binary(max_size=60))
def test_base64_there_and_back(octets: bytes) -> None:
    assert sasl.decode(sasl.encode(Challenge(octets))) == octets
    assert sasl.decode_initial(base64.b64encode(octets)) == octets


@pytest.mark.parametrize("line", [b"*", b"YQ", b"YQ=", b"YWI=Y", b"Y Q==", b"YQ==\n", b"YQ==YQ==", b"\xff", b"===="])
def test_bad_base64(line: bytes) -> None:
    with pytest.raises(SASLError, match="base64"):
        sasl.decode(line)


def test_an_empty_initial_response() -> None:
    # RFC 4954 4: "=" alone; on a line of its own an empty response is an empty line.
    assert sasl.decode_initial(b"=") == b""
    assert sasl.decode(b"") == b""
    with pytest.raises(SASLError):
        sasl.decode(b"=")
