"""Rows for people and for programs."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.cli.accounts_tables import show_json, show_pairs, show_table


def test_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("A", "B"), [("long cell", ""), ("x", "\x1b[2J")])
    assert capsys.readouterr().out == "A          B\nlong cell\nx          \\x1b[2J\n"


WIDE = ("abc " * 12).strip()


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_table_that_is_too_wide_is_folded_where_it_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("HEAD", "B", "C"), [(WIDE, WIDE, "end"), ("x", "y", "z")], foldable=(1,))
    head, first, second, last = shown(capsys)
    assert head.split() == ["HEAD", "B", "C"] and last.split() == ["x", "y", "z"]
    assert len(first) == 80 and first.endswith("  end") and first.startswith(f"{WIDE}  abc")
    assert second.startswith(" " * 49 + "abc") and (first + second).count("abc") == 24


def test_the_widest_column_is_folded_first(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("A", "B"), [("one two", f"{WIDE} {WIDE}")], foldable=(0, 1))
    _, first, second = shown(capsys)
    assert first.startswith("one two  abc") and second.startswith(" " * 9 + "abc")


def test_words_stay_whole_and_a_table_that_fits_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("A", "B", ""), [("x" * 90, "y y", "")], foldable=(1, 2))
    assert shown(capsys) == [f"{'A'.ljust(90)}  B", f"{'x' * 90}  y", f"{'':92}y"]
    show_table(("A", "B"), [("a  b", "c d")], foldable=(0, 1))
    assert shown(capsys) == ["A     B", "a  b  c d"]
    show_table(("A", "B"), [], foldable=(0, 1))
    assert shown(capsys) == ["A  B"]


@given(st.lists(st.tuples(*[st.text("ab ,", max_size=120).map(str.strip)] * 3), max_size=4))
def test_a_folded_table_loses_no_word(rows: list[tuple[str, str, str]]) -> None:
    stream = io.StringIO()
    with redirect_stdout(stream):
        show_table(("A", "B", "C"), rows, foldable=(0, 1, 2))
    words = sorted(stream.getvalue().split())
    assert words == sorted(["A", "B", "C", *(word for row in rows for cell in row for word in cell.split())])


def test_long_values_go_on_below_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    show_pairs([("name", f"{WIDE} {WIDE}")])
    first, second = shown(capsys)
    assert first.startswith("name  abc") and second.startswith("      abc") and len(first) <= 80


def test_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    show_pairs([("name", "a"), ("", "b\n"), ("x", "")])
    assert capsys.readouterr().out == "name  a\n      b\\n\nx\n"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_json([{"a": 1}, {"b": "ü"}])
    assert capsys.readouterr().out == '{"a": 1}\n{"b": "\\u00fc"}\n'
