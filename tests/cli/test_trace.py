"""`mailgate trace`: with a gateway and without one, for people and for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from mailgate.cli import main
from mailgate.cli import trace as module
from mailgate.cli.fitting import COLUMNS
from mailgate.cli.lives import when
from mailgate.journal.files import segments
from tests.cli.support import make_house
from tests.journal.support import ALICE, DAY, accepted, fetched, handled, id_at, write


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A gateway that has taken two messages, and does not run."""
    make_house(tmp_path)
    now = time.time()
    old, new = id_at(now - 5 * DAY), id_at(now - 60)
    told = [handled(old, now - 5 * DAY), accepted(old, now - 5 * DAY), accepted(new, now - 60, message_id="new@x")]
    write(tmp_path / "journal", [*told, fetched(new, now - 30)])
    return tmp_path


def trace(house: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["trace", *arguments, "--config", str(house / "mailgate.toml")])


def test_without_a_gateway_the_files_are_read_and_that_is_said(house: Path) -> None:
    result = trace(house, ALICE)
    assert result.exit_code == 0
    said = " ".join(result.stderr.split())
    assert said.startswith("mailgate: no gateway runs: nobody listens at ")
    assert said.endswith("control.sock; this is what the journal's files say")
    first, second = result.stdout.rstrip("\n").split("\n\n")
    assert "5 days ago\n" in first and "handler loop-guard: passed" in first
    assert "1 minute ago\n" in second and f"fetched by {ALICE}" in second


def test_for_programs(house: Path) -> None:
    result = trace(house, ALICE, "--json")
    lives = [json.loads(line) for line in result.stdout.splitlines()]
    assert [[event["what"] for event in life["events"]] for life in lives] == [
        ["handled", "accepted"],
        ["accepted", "fetched"],
    ]


def test_since_and_limit(house: Path) -> None:
    assert "days ago" not in trace(house, ALICE, "--since", "2d").stdout
    result = trace(house, ALICE, "--limit", "1")
    assert "1 minute ago" in result.stdout and "days ago" not in result.stdout
    assert result.stderr.endswith("mailgate: there may be more: --limit shows more, --since less\n")
    assert max(map(len, result.stdout.splitlines())) <= COLUMNS


def test_nothing_is_found(house: Path) -> None:
    oldest = json.loads(Path(segments(str(house / "journal"))[0].path).read_text().splitlines()[0])["at"]
    result = trace(house, "nobody\x1b@example.test")
    assert (result.exit_code, result.stdout) == (1, "")
    said = f"nothing is known of nobody\\x1b@example.test; the journal begins at {when(oldest)}"
    assert " ".join(result.stderr.split()).endswith(said)
    assert len(result.stderr.splitlines()[-1]) <= COLUMNS
    assert "example.test in the last 1d; the" in " ".join(
        trace(house, "nobody@example.test", "--since", "1d").stderr.split()
    )


def test_an_empty_journal(tmp_path: Path) -> None:
    result = trace(make_house(tmp_path), ALICE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("the journal is empty\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["<>"], "expected a message's id"), ([ALICE, "--since", "soon"], "'soon' is not understood")],
)
def test_what_cannot_be_asked(house: Path, arguments: list[str], said: str) -> None:
    result = trace(house, *arguments)
    assert result.exit_code == 1 and said in result.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "/j"), "/j: run this as the user that mailgate runs as"),
        (OSError(5, "Input/output error", "/j"), "/j cannot be read: Input/output error"),
    ],
)
def test_files_that_cannot_be_read(house: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("mailgate.journal.search.search", broken)
    result = trace(house, ALICE)
    assert result.exit_code == 1 and said in result.stderr


def test_none_is_kept(house: Path) -> None:
    (house / "mailgate.toml").write_text('state = "."\n[journal]\nkeep_days = 0\n')
    result = trace(house, ALICE)
    assert result.exit_code == 1 and "no journal is kept: journal.keep_days is 0" in result.stderr


def test_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mailgate.toml").write_text("strange = 1\n")
    assert "strange" in trace(tmp_path, ALICE).stderr
    monkeypatch.setattr("mailgate.config.find", lambda *_: None)
    result = CliRunner().invoke(main, ["trace", ALICE])
    assert result.exit_code == 1 and "no configuration found" in result.stderr


def test_a_gateway_is_asked(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, Mapping[str, Any], float]] = []

    def ask(socket: str, name: str, arguments: Mapping[str, Any], seconds: float) -> Any:
        asked.append((socket, name, arguments, seconds))
        return {"lives": [{"kind": "session", "id": "s1", "begun": 0, "events": []}], "more": False, "oldest": 0.0}

    monkeypatch.setattr(module, "ask", ask)
    result = trace(house, ALICE, "--since", "2d", "--limit", "7")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("session s1, ")
    assert asked == [
        (str(house / "control.sock"), "trace", {"what": ALICE, "since": "2d", "limit": 7}, module.SEARCH_SECONDS)
    ]


def test_what_the_gateway_would_not_do(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object) -> Any:
        raise click.ClickException("another search is under way: try again in a moment")

    monkeypatch.setattr(module, "ask", ask)
    result = trace(house, ALICE)
    assert (result.exit_code, result.stdout) == (1, "") and "another search" in result.stderr
