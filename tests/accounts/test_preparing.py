"""SASLprep, where it is the server's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.preparing import prepared_forms


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("", ("",)),
        ("sesame 1", ("sesame 1",)),
        ("grüße", ("grüße",)),
        ("gru\u0308ße", ("grüße", "gru\u0308ße")),
        ("\uff53esame", ("sesame", "\uff53esame")),
        ("a\u00a0b", ("a b", "a\u00a0b")),
        ("I\u00adX", ("IX", "I\u00adX")),
        ("\u00ad", ()),  # nothing is left
        ("a\tb", ()),
        ("\0", ()),
        ("\x7f", ()),
        ("ü\ue000", ()),
        ("\ud800", ()),
        ("שלום", ("שלום",)),
        ("שלום1", ("שלום1",)),  # mixed directions have no prepared form, and no character that is prohibited
        ("שלום\x07" + "1", ()),
    ],
)
def test_forms(text: str, forms: tuple[str, ...]) -> None:
    assert prepared_forms(text) == forms


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_ascii_is_what_it_is(text: str) -> None:
    assert prepared_forms(text) == (text,)


@given(st.text(max_size=20))
def test_what_came_is_the_last_form_if_there_is_any(text: str) -> None:
    forms = prepared_forms(text)
    assert forms == () or forms[-1] == text
    assert len(forms) == len(set(forms)) <= 2
