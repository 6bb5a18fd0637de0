"""Sentences on lines that fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.cli.tls_paragraph import COLUMNS, paragraph


def test_further_lines_begin_below_the_first() -> None:
    first, second = paragraph("  names  ", "mail.example.test, " * 4 + "end").splitlines()
    assert first == "  names  mail.example.test, mail.example.test, mail.example.test,"
    assert second == "         mail.example.test, end"


def test_nothing_moves_the_cursor() -> None:
    assert paragraph("a ", "b\x1b[2J\nc") == "a b\\x1b[2J\\nc"


def test_a_path_stays_whole() -> None:
    path = "/" + "x" * 100
    assert paragraph("a ", f"{path} is-gone").splitlines() == [f"a {path}", "  is-gone"]


@given(st.lists(st.text("ab-,é", min_size=1, max_size=60)))
def test_no_word_is_lost_and_no_line_is_too_long(words: list[str]) -> None:
    lines = paragraph("WRONG   ", " ".join(words)).splitlines()
    assert " ".join(lines).split() == (["WRONG", *words] if words else [])
    assert all(len(line) <= COLUMNS for line in lines)
