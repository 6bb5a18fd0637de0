"""AUTH followed from outside."""

from __future__ import annotations

import base64

import pytest

from mailgate.interference.exchange import Exchange


def b64(text: str) -> bytes:
    return base64.b64encode(text.encode())


def test_plain_at_once() -> None:
    exchange = Exchange()
    assert exchange.name is None
    exchange.begin("PLAIN", b64("\0alice\0secret"))
    assert exchange.name == "alice"


def test_plain_after_a_challenge() -> None:
    exchange = Exchange()
    exchange.begin("PLAIN", None)
    assert exchange.name is None
    exchange.go_on(b64("other\0alice\0secret"))
    assert exchange.name == "alice"


def test_login_step_by_step() -> None:
    exchange = Exchange()
    exchange.begin("LOGIN", None)
    exchange.go_on(b64("alice"))
    assert exchange.name is None  # until the password is there nothing is decided
    exchange.go_on(b64("secret"))
    assert exchange.name == "alice"


@pytest.mark.parametrize("line", [b"*", None, b"", b"not base64", b64("no credentials")])
def test_what_does_not_come_to_an_end(line: bytes | None) -> None:
    exchange = Exchange()
    exchange.begin("PLAIN", None)
    exchange.go_on(line)
    assert exchange.name is None
    exchange.go_on(b64("\0alice\0secret"))
    assert exchange.name is None  # that exchange is over


@pytest.mark.parametrize(("mechanism", "initial"), [("CRAM-MD5", b64("\0a\0b")), ("PLAIN", b"="), ("PLAIN", b"!")])
def test_what_does_not_begin(mechanism: str, initial: bytes) -> None:
    exchange = Exchange()
    exchange.begin("PLAIN", b64("\0alice\0secret"))
    exchange.begin(mechanism, initial)
    exchange.go_on(b64("\0alice\0secret"))
    assert exchange.name is None
