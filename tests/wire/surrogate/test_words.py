"""Encoded-words that a reader decodes to the same text, in lines that may be sent."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.surrogate.words import ENCODED_WORD_OCTETS, Word, encode, fold

LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z", "Cf"))
WORDS = st.text(LETTERS, min_size=1, max_size=40).filter(lambda text: "=?" not in text)


def encoded(*texts: str) -> list[str]:
    return [word.separator + word.text for word in encode([Word(text) for text in texts])]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("plain", "words"), [" plain", " words"]),
        (("Gr\u00fc\u00dfe",), [" =?utf-8?b?R3LDvMOfZQ==?="]),
        (("caf\u00e9s!",), [" =?utf-8?q?caf=C3=A9s!?="]),  # Q where it is no longer than B
        (("a", "\u00fc", "b"), [" a", " =?utf-8?b?w7w=?=", " b"]),
        (
            ("abcdefgh\u00fc", "ijklmnopqrst\u00fc"),
            [" =?utf-8?q?abcdefgh=C3=BC_ijklmnopqrst=C3=BC?="],
        ),  # with the space between
        (("a\x07bcdefghi",), [" =?utf-8?q?a=07bcdefghi?="]),
    ],
)
def test_encodes_what_must_be(texts: tuple[str, ...], expected: list[str]) -> None:
    assert encoded(*texts) == expected


def test_keeps_the_space_beside_an_encoded_word_that_was_there() -> None:
    theirs = "=?utf-8?q?a?="
    assert encoded(theirs, "bcdefghi\u00fc", theirs) == [f" {theirs}", " =?utf-8?q?_bcdefghi=C3=BC_?=", f" {theirs}"]


def test_what_only_looks_like_an_encoded_word_is_encoded_if_it_is_long() -> None:
    assert encoded("=?utf-8?q?" + "a" * 100 + "?=")[0].startswith(" =?utf-8?q?=3D=3Futf-8")


def test_what_must_be_is_encoded_with_nothing_beyond_ascii_in_it() -> None:
    assert encode([Word("abc,"), Word("abc,", must_encode=True)])[1:] == [Word("=?utf-8?q?abc=2C?=")]


def test_glued_words_get_white_space_around_encoded_words() -> None:
    words = encode([Word("a", ""), Word("\u00fc", ""), Word("b", "")])
    assert [word.separator for word in words] == ["", " ", " "]


@pytest.mark.parametrize("text", ["\u65e5" * 100, "a" + "\u00e9" * 100, "a" * 100 + "\u00e9" * 10, "\U0001f511" * 50])
def test_a_long_word_is_cut_where_characters_end(text: str) -> None:
    pieces = encoded(text)
    assert len(pieces) > 1 and all(len(piece) <= 1 + ENCODED_WORD_OCTETS for piece in pieces)
    for piece in pieces:
        assert message_from_bytes(f"Subject:{piece}\n\n".encode(), policy=default)["subject"] in text


def test_folds_at_76_and_at_white_space_alone() -> None:
    assert fold("To", [Word("a" * 40), Word("b" * 40), Word(",", "")], "\r\n") == (
        b"To: " + b"a" * 40 + b"\r\n " + b"b" * 40 + b",\r\n"
    )
    assert fold("To", [Word("a" * 71), Word("b", "")], "\n") == b"To: " + b"a" * 71 + b"b\n"
    assert fold("To", [Word("a" * 70), Word("b")], "\n") == b"To: " + b"a" * 70 + b" b\n"
    assert fold("To", [Word("a" * 71), Word("b")], "\n") == b"To: " + b"a" * 71 + b"\n b\n"


def test_a_field_that_ends_with_the_content_has_no_line_end() -> None:
    assert fold("To", [Word("a" * 60), Word("b" * 60)], "") == b"To: " + b"a" * 60 + b"\n " + b"b" * 60


def test_long_white_space_is_one_space_and_the_first_is_one_in_any_case() -> None:
    assert fold("To", [Word("a", "\t\t"), Word("b", "\t "), Word("c", " " * 9)], "\n") == b"To: a\t b c\n"


@pytest.mark.parametrize("words", [[], [Word("a" * 995)], [Word("a"), Word("b" * 998)]])
def test_nothing_where_no_line_can_be_made(words: list[Word]) -> None:
    assert fold("To", words, "\n") == b""


def test_a_line_may_have_998_octets() -> None:
    assert len(fold("To", [Word("a" * 994)], "\r\n")) == 1000


@given(st.lists(WORDS, min_size=1, max_size=20))
def test_a_reader_finds_the_same_text_and_every_line_is_good(texts: list[str]) -> None:
    field = fold("Subject", encode([Word(text) for text in texts]), "\n")
    assert message_from_bytes(field + b"\n", policy=default)["subject"] == " ".join(texts)
    assert all(len(line) <= 76 and line.strip() for line in field.decode("ascii").removesuffix("\n").split("\n"))
    assert all(len(word) <= ENCODED_WORD_OCTETS for word in re.findall(rb"=\?\S+\?=", field))
