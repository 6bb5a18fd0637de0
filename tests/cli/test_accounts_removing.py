"""What `remove` says and asks."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from mailgate.cli.accounts_removing import confirm, what_becomes_of


def test_nobody_is_asked_who_has_said_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(click, "confirm", lambda question, **named: asked.append(question))
    confirm("Remove it?", yes=True)
    assert asked == []
    confirm("Remove it?", yes=False)
    assert asked == ["Remove it? [y/N]:"]


def test_where_the_mail_is(tmp_path: Path) -> None:
    assert what_becomes_of(str(tmp_path)) == f"The mail stays in {tmp_path} until somebody removes it."
    assert what_becomes_of(f"{tmp_path}/none") == f"No mail is kept in {tmp_path}/none."
