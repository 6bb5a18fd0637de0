"""What a host offers, and what it calls itself."""

from __future__ import annotations

import pytest

from mailgate.mail import Reply
from mailgate.sending.extensions import Extensions, name_of


def test_keywords() -> None:
    offers = Extensions.read(Reply(250, "", "relay says hello\nSIZE 1000\nstarttls\nAUTH plain LOGIN\n\n8BITMIME "))
    assert "STARTTLS" in offers and "8BITMIME" in offers and "SIZE" in offers
    assert "RELAY" not in offers and "PIPELINING" not in offers and "" not in offers
    assert offers.mechanisms == {"PLAIN", "LOGIN"}


def test_nothing_is_offered() -> None:
    for offers in (Extensions(), Extensions.read(Reply(250, "", "relay"))):
        assert offers.keywords == {} and offers.mechanisms == frozenset()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Relay.Example.org ESMTP hello", "relay.example.org"),
        ("relay.example.org.\nSIZE", "relay.example.org"),
        (" relay.example.org", "relay.example.org"),
        ("", ""),
    ],
)
def test_names(text: str, name: str) -> None:
    assert name_of(Reply(220, "", text)) == name
