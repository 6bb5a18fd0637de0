"""Logging in, and the password's file."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from mailgate.sending.login import MAX_PASSWORD_OCTETS, log_in, read_password
from mailgate.sending.trouble import INSECURE, Trouble
from tests.sending.scripted import ScriptedWire
from tests.support import result_of

USER, PASSWORD = "alice@example.test", "wönder land"


def greeted(**answers: str | list[str]) -> ScriptedWire:
    wire = ScriptedWire(answers={"=": ["334 UGFzc3dvcmQ6", "235 2.7.0 ok"], **answers})
    result_of(wire.reply())
    return wire


def trouble(wire: ScriptedWire, *mechanisms: str) -> str:
    """Why one cannot log in."""
    with pytest.raises(Trouble) as error:
        result_of(log_in(wire, frozenset(mechanisms), USER, PASSWORD))
    assert error.value.reply == INSECURE and PASSWORD not in error.value.reason
    return error.value.reason


def test_plain_with_its_response_at_once() -> None:
    wire = greeted()
    result_of(log_in(wire, frozenset({"LOGIN", "PLAIN"}), USER, PASSWORD))
    (line,) = wire.said
    verb, mechanism, response = line.split(" ")
    assert (verb, mechanism) == ("AUTH", "PLAIN")
    assert base64.b64decode(response) == f"\0{USER}\0{PASSWORD}".encode()


def test_login_word_by_word() -> None:
    wire = greeted(AUTH="334 VXNlcm5hbWU6")
    result_of(log_in(wire, frozenset({"LOGIN", "CRAM-MD5"}), USER, PASSWORD))
    assert wire.said[0] == "AUTH LOGIN"
    assert [base64.b64decode(word).decode() for word in wire.said[1:]] == [USER, PASSWORD]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("answer", ["535 5.7.8 wrong", "454 4.7.0 later", "500 what?", "250 ok"])
def test_a_login_that_is_refused_is_our_trouble(mechanism: str, answer: str) -> None:
    wire = greeted(AUTH=answer)
    assert trouble(wire, mechanism) == f"the smarthost refuses the login of {USER}: {answer}"
    assert len(wire.said) == 1  # the password is not said to who does not ask for it


def test_a_password_that_is_refused_word_by_word() -> None:
    wire = greeted(AUTH="334 VXNlcm5hbWU6", **{"=": ["334 UGFzc3dvcmQ6", "535 5.7.8 wrong"]})
    assert trouble(wire, "LOGIN").endswith("535 5.7.8 wrong")


def test_no_way_to_log_in() -> None:
    assert "offers no login" in trouble(greeted())
    assert "offers only CRAM-MD5, XOAUTH2;" in trouble(greeted(), "XOAUTH2", "CRAM-MD5")


# The file.


@pytest.mark.parametrize(
    ("octets", "password"),
    [
        (b"hush\n", "hush"),
        (b"hush", "hush"),
        (b"hush\r\n", "hush"),
        (b" hush \n", " hush "),
        ("wönder\n".encode(), "wönder"),
        (b"x" * MAX_PASSWORD_OCTETS + b"\r\n", "x" * MAX_PASSWORD_OCTETS),
    ],
)
def test_a_password_is_a_line(octets: bytes, password: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(octets)
    assert read_password(str(file)) == password


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"hush\n\n", "more than a password"),
        (b"hush\nhush\n", "more than a password"),
        (b"hu\0sh\n", "more than a password"),
        (b"hu\x7fsh\n", "more than a password"),
        (b"x" * (MAX_PASSWORD_OCTETS + 1), "more than a password"),
        (b"x" * 100_000, "more than a password"),
        (b"hush\xff\n", "not UTF-8"),
    ],
)
def test_what_is_no_password(octets: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(octets)
    with pytest.raises(ValueError, match=message) as error:
        read_password(str(file))
    assert "hush" not in str(error.value).removeprefix(str(file))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_password(str(tmp_path / "none"))
