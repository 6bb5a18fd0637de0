"""Lines for a terminal of 80 columns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.cli.fitting import COLUMNS, beside, beside_whole, fitted

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


def test_beside_a_label() -> None:
    assert beside("yes", "  1 Is it?  ") == ["  1 Is it?  yes"]
    column = " " * 44
    lines = beside("so " * 30, " " * 40 + "why:")
    assert lines[1:] == [column + " ".join(["so"] * 12), column + " ".join(["so"] * 6)]


def test_what_has_no_room_beside_it_begins_further_left() -> None:
    path = "/" + "x" * 59
    label = f"  1 {'Where?':<40}"
    assert beside(path, label) == ["  1 Where?", f"{'':<20}{path}"]
    assert beside(f"in {path}", label) == [f"{label}in", f"{'':<20}{path}"]
    assert beside(path, " " * 44) == [f"{'':<20}{path}"]
    assert beside("/" + "x" * 99, label)[1] == "/" + "x" * 99


def test_what_is_to_be_copied_is_one_word() -> None:
    path = "/a b/" + "x" * 50
    assert beside_whole(path, "    where  ") == [f"    where  {path}"]
    assert beside_whole(path, " " * 40) == [f"{'':<25}{path}"]
    assert beside_whole("a\nb", "x ") == ["x a\\nb"]


@given(WORDS, st.integers(0, 60))
def test_beside_anything_every_line_fits(words: list[str], indent: int) -> None:
    lines = beside(" ".join(words), " " * indent)
    assert [word for line in lines for word in line.split()] == words
    assert all(len(line) <= COLUMNS for line in lines)
