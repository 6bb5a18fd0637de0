"""Edits of lines that leave all others alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.editing.lines import line_of, with_changed_line, with_line, without_lines

TEXTS = st.text(st.sampled_from("ab#\n\r \u2028\x0b\ufeff"), max_size=40)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("\n", "new\n"),
        ("", "new\n"),
        ("a\n", "a\nnew\n"),
        ("a", "a\nnew\n"),
        ("a\n\n# end\n", "a\n\n# end\nnew\n"),
        ("a\r\nb\r\n", "a\r\nb\r\nnew\r\n"),
        ("a\r\nb", "a\r\nb\r\nnew\r\n"),
    ],
)
def test_one_line_more(text: str, after: str) -> None:
    assert with_line(text, "new") == after


def test_one_line_changes_and_keeps_its_end() -> None:
    assert with_changed_line("a\r\nb\r\nc", 2, lambda line: f"<{line}>") == "a\r\n<b>\r\nc"
    assert with_changed_line("a\nb", 2, lambda line: f"<{line}>") == "a\n<b>"


def test_lines_go_with_their_ends() -> None:
    assert without_lines("a\n# b\n\nc\n", {2, 4}) == "a\n\n"
    assert without_lines("a\nb", {2}) == "a\n"
    assert without_lines("a\nb", set()) == "a\nb"


@pytest.mark.parametrize("text", ["a", "a\n", "a\r\n"])
def test_no_file_is_left_without_an_octet(text: str) -> None:
    assert without_lines(text, {1}) == "\n"
    assert with_line("\n", "a") == "a\n"


@given(TEXTS)
def test_a_line_that_comes_and_goes_leaves_what_was_there(text: str) -> None:
    with_it = with_line(text, "new")
    assert without_lines(with_it, {with_it.count("\n")}).startswith(text if text != "\n" else "")


@given(TEXTS, st.data())
def test_a_change_touches_no_other_line(text: str, data: st.DataObject) -> None:
    lines = text.split("\n")
    number = data.draw(st.integers(1, len(lines)))
    after = with_changed_line(text, number, lambda line: "X").split("\n")
    assert after[: number - 1] + after[number:] == lines[: number - 1] + lines[number:]
    assert after[number - 1].rstrip("\r") == "X"


def test_the_line_of_a_place() -> None:
    assert line_of("/etc/a:b/users:17") == 17
