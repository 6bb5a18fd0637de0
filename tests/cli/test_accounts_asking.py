"""Where a new password comes from."""

from __future__ import annotations

import io

import click
import pytest

from mailgate.accounts.secrets import ALPHABET
from mailgate.cli.accounts_asking import new_password


def test_from_standard_input_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(" wonder land \r\nmore\n"))
    assert new_password(from_stdin=True) == " wonder land "


def test_from_a_prompt_that_asks_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def prompt(text: str, **named: object) -> str:
        asked.append({"text": text, **named})
        return "wonder"

    monkeypatch.setattr(click, "prompt", prompt)
    assert new_password(from_stdin=False) == "wonder"
    assert asked == [{"text": "Password", "hide_input": True, "confirmation_prompt": True, "err": True}]


def test_made_by_chance() -> None:
    made = {new_password(from_stdin=False, generate=True) for _ in range(20)}
    assert len(made) == 20
    assert set("".join(made)) <= {*ALPHABET, "-"}
    with pytest.raises(click.UsageError, match="not both"):
        new_password(from_stdin=True, generate=True)
