"""SASLprep: RFC 4013's examples, each table of 2.3, both rules of 2.4, and what is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.saslprep import UnpreparedError, prepare


@pytest.mark.parametrize(
    ("text", "prepared"),
    [  # RFC 4013 section 3
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
    ],
)
def test_examples_of_the_rfc(text: str, prepared: str) -> None:
    assert prepare(text) == prepared


@pytest.mark.parametrize(
    ("text", "why"),
    [  # RFC 4013 section 3
        ("\u0007", "prohibited"),
        ("\u0627\u0031", "right to left"),
    ],
)
def test_examples_of_the_rfc_that_are_refused(text: str, why: str) -> None:
    with pytest.raises(UnpreparedError, match=why):
        prepare(text)


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("", ""),
        ("\u00ad", ""),  # nothing is left
        ("a\u00a0b\u3000c", "a b c"),  # C.1.2
        ("a\u200bb", "a b"),  # in C.1.2 and B.1
        ("a\u180bb\ufe0fc\ufeffd", "abcd"),  # B.1
        ("u\u0308", "\u00fc"),  # composed
        ("\uff21", "A"),  # full width
        ("Stra\u00dfe", "Stra\u00dfe"),  # no case folding
        ("\u0627\u0031\u0628", "\u0627\u0031\u0628"),
        ("\u0221", "\u0221"),  # not assigned in Unicode 3.2
        ("\U0001f511", "\U0001f511"),
        ("\u1e9e", "\u1e9e"),
        ("\u321d\U0001f130", "\u321d\U0001f130"),  # newer compatibility characters are not decomposed
    ],
)
def test_maps_and_normalises(text: str, prepared: str) -> None:
    assert prepare(text) == prepared


@pytest.mark.parametrize(
    "character",
    [
        "\x00",  # C.2.1
        "\n",
        "\x7f",
        "\x80",  # C.2.2
        "\u2028",
        "\ue000",  # C.3
        "\uffff",  # C.4
        "\ud800",  # C.5
        "\ufffd",  # C.6
        "\u2ff0",  # C.7
        "\u202e",  # C.8
        "\U000e0041",  # C.9
    ],
)
def test_refuses_what_is_prohibited_and_does_not_tell_it(character: str) -> None:
    with pytest.raises(UnpreparedError, match="prohibited") as error:
        prepare(f"se{character}cret")
    assert "se" not in str(error.value).split() and character not in str(error.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [("\u0627a\u0627", "both directions"), ("1\u0627", "first or last"), ("\u06271", "first or last")],
)
def test_refuses_mixed_directions(text: str, why: str) -> None:
    with pytest.raises(UnpreparedError, match=why):
        prepare(text)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_printable_ascii_is_left_alone(text: str) -> None:
    assert prepare(text) is text


@given(st.text())
def test_what_is_prepared_stays_so_and_nothing_else_is_raised(text: str) -> None:
    try:
        prepared = prepare(text)
    except UnpreparedError:
        return
    assert prepare(prepared) == prepared
