"""What must not be told is found in what a host says, in every form that it was said in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.sending.secrecy import Secrecy, encoded, plain_response

ALICE = Secrecy("alice", "wönder lånd")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("no: wönder lånd!".encode("ascii", "replace").decode().replace("?", "??"), "no: ***!"),
        (f"AUTH PLAIN {plain_response('alice', 'wönder lånd')}", "AUTH PLAIN ***"),
        (f"<{encoded('wönder lånd')}>", "<***>"),
        (f"{encoded('alice')}, who?", "***, who?"),
        (f"cut: {plain_response('alice', 'wönder lånd')[:6]}", "cut: ***"),
        (f"cut: {plain_response('alice', 'wönder lånd')[5:12]}...", "cut: ***..."),
        ("what did you say? AUTH PLAIN? EHLO/HELO + MAIL=0", "what did you say? AUTH PLAIN? EHLO/HELO + MAIL=0"),
    ],
)
def test_what_is_hidden(said: str, told: str) -> None:
    assert ALICE.hide(said) == told


def test_a_password_that_is_shorter_than_what_tells() -> None:
    short = Secrecy("", "ab")
    assert short.hide(f"{encoded('ab')} ab YWI") == "*** *** YWI"


def test_without_a_password_there_is_nothing_to_hide() -> None:
    text = f"{encoded('alice')} {plain_response('alice', '')}"
    assert Secrecy("alice", "").hide(text) == text


def test_it_does_not_show_itself() -> None:
    assert "nder" not in repr(ALICE)


SECRET = st.text(st.characters(min_codepoint=0x20, exclude_characters="*\x7f", codec="utf-8"), min_size=4, max_size=40)
ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)


@given(SECRET, SECRET, ASCII, ASCII)
def test_whatever_stands_around_it_no_response_is_left(user: str, password: str, before: str, behind: str) -> None:
    for response in (encoded(password), plain_response(user, password)):
        assert response not in Secrecy(user, password).hide(before + response + behind)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="*"), min_size=1), ASCII, ASCII)
def test_nor_the_password_itself(password: str, before: str, behind: str) -> None:
    assert password not in Secrecy("alice", password).hide(before + password + behind)
