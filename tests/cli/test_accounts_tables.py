"""Rows for people and for programs."""

from __future__ import annotations

import pytest

from mailgate.cli.accounts_tables import show_json, show_pairs, show_table


def test_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("A", "B"), [("long cell", ""), ("x", "\x1b[2J")])
    assert capsys.readouterr().out == "A          B\nlong cell\nx          \\x1b[2J\n"


def test_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    show_pairs([("name", "a"), ("", "b\n"), ("x", "")])
    assert capsys.readouterr().out == "name  a\n      b\\n\nx\n"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_json([{"a": 1}, {"b": "ü"}])
    assert capsys.readouterr().out == '{"a": 1}\n{"b": "\\u00fc"}\n'
