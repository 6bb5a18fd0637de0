"""Sentences that fit a terminal."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.cli.accounts_saying import complain, refusal, say

LONG = "alice@example.test leads to " + ", ".join(f"somebody{number}@example.test" for number in range(9)) + "."


def test_what_is_said_is_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    say(LONG)
    said = capsys.readouterr()
    assert said.err == "" and " ".join(said.out.split()) == LONG
    assert max(map(len, said.out.splitlines())) <= 80


def test_complaints_are_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    complain(LONG)
    said = capsys.readouterr()
    first, *others = said.err.splitlines()
    assert said.out == "" and first.startswith("mailgate: alice@") and others
    assert all(line.startswith(" " * 10) and len(line) <= 80 for line in others)


def test_a_path_stays_whole(capsys: pytest.CaptureFixture[str]) -> None:
    path = "/srv/" + "x-" * 60
    complain(f"there is no {path}")
    assert path in capsys.readouterr().err


@given(st.lists(st.text("abc ", max_size=200), min_size=1, max_size=3).map("\n".join))
def test_refusals_fit_behind_click_s_word(text: str) -> None:
    error = refusal(text)
    assert isinstance(error, click.ClickException)
    words = f"Error: {error.message}"
    assert words.split() == f"Error: {text}".split()
    assert all(len(line) <= 80 or " " not in line.strip() for line in words.split("\n"))


def test_what_a_terminal_could_take_for_a_command_is_not_said() -> None:
    assert refusal("no \x1b[2J\nnext").message == "no \\x1b[2J\nnext"
