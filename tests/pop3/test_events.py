"""Events are made from octets or plain values."""

from __future__ import annotations

import pytest

from mailgate.pop3 import events


def test_numbers_and_names_are_read_from_octets() -> None:
    assert events.List(b"2") == events.List(2)
    assert events.Uidl(None).number is None
    assert events.Top(b"1", b"0") == events.Top(1, 0)
    assert events.User(b"al") == events.User("al")


def test_a_name_that_is_not_utf8_is_an_error() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        events.User(b"\xff")


def test_mechanisms_and_languages_are_text() -> None:
    assert events.Auth(b"PLAIN", b"x") == events.Auth("PLAIN", b"x")
    assert events.Lang(b"de") == events.Lang("de")
    assert events.Lang(None).wanted is None


def test_what_a_client_answers_is_never_shown() -> None:
    assert "c2VjcmV0" not in repr([events.Auth("PLAIN", b"c2VjcmV0"), events.Response(b"c2VjcmV0")])
