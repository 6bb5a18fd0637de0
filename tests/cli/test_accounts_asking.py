"""Where a new password comes from."""

from __future__ import annotations

import io

import click
import pytest

from mailgate.accounts.secrets import ALPHABET
from mailgate.cli.accounts_asking import is_too_short, new_password


def test_from_standard_input_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(" wonder land \r\nmore\n"))
    assert new_password(from_stdin=True) == " wonder land "


def test_from_a_prompt_that_asks_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def prompt(text: str, **named: object) -> str:
        asked.append({"text": text, **named})
        return "wonder land"

    monkeypatch.setattr(click, "prompt", prompt)
    assert new_password(from_stdin=False) == "wonder land"
    assert asked == [{"text": "Password", "hide_input": True, "confirmation_prompt": True, "err": True}]


def test_the_prompt_comes_again_after_one_that_is_too_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = ["x", "sevennn", "eight ok"]
    monkeypatch.setattr(click, "prompt", lambda text, **named: typed.pop(0))
    assert new_password(from_stdin=False) == "eight ok"
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("a password has at least 8 characters") == 2
    assert "take a longer one" in said.err and "sevennn" not in said.err


@pytest.mark.parametrize("plain", ["", "x", "1234567", "päßwört", "1234567\u00ad"])
def test_too_short_on_standard_input(monkeypatch: pytest.MonkeyPatch, plain: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{plain}\n"))
    with pytest.raises(click.ClickException, match="at least 8 characters"):
        new_password(from_stdin=True)


# What can be no password is for who makes the hash to say.
@pytest.mark.parametrize("plain", ["12345678", "pässwört", "x" * 2000, "nul\0", "\u00ad"])
def test_not_too_short(plain: str) -> None:
    assert not is_too_short(plain)


def test_what_is_made_is_long_enough() -> None:
    assert not is_too_short(new_password(from_stdin=False, generate=True))


def test_made_by_chance() -> None:
    made = {new_password(from_stdin=False, generate=True) for _ in range(20)}
    assert len(made) == 20
    assert set("".join(made)) <= {*ALPHABET, "-"}
    with pytest.raises(click.UsageError, match="not both"):
        new_password(from_stdin=True, generate=True)
