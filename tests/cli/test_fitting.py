"""Lines for a terminal of 80 columns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.cli.fitting import COLUMNS, fitted

WORDS = st.lists(st.text("abc-/.", min_size=1, max_size=50), max_size=40)


@given(WORDS, st.integers(0, 25))
def test_every_line_fits_and_no_word_is_lost(words: list[str], indent: int) -> None:
    lines = fitted(" ".join(words), " " * indent).split("\n")
    assert [word for line in lines for word in line.split()] == words
    assert all(len(line) <= COLUMNS for line in lines)
    assert all(line.startswith(" " * indent) for line in lines if line)


def test_long_words_stay_whole_and_further_lines_begin_as_they_should() -> None:
    path = "/" + "x" * 100
    assert fitted(f"see {path} for it", "now: ").split("\n") == ["now: see", f"     {path}", "     for it"]
    assert fitted(f"see {path}", "", "    ").split("\n") == ["see", f"    {path}"]


def test_nothing_moves_the_cursor() -> None:
    assert fitted("b\x1b[2J\nc", "a ") == "a b\\x1b[2J\\nc"
