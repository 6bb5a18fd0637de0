"""`mailgate config show`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailgate.cli import main
from mailgate.config import load

WRITTEN = 'state = "."\n[smtp]\nlisten = ["tcp:2525"]\n[[handler]]\nuse = "loop-guard"\nmax_hops = 50\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mailgate.toml"
    path.write_text(WRITTEN)
    return path


def show(file: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["config", "show", "--config", str(file), *options])


def test_what_it_prints_is_a_configuration(file: Path, tmp_path: Path) -> None:
    result = show(file, "--set", "smtp.max_recipients=200")
    assert result.exit_code == 0 and result.stderr == ""
    printed = tmp_path / "printed.toml"
    printed.write_text(result.stdout)
    assert load(str(printed)) == load(str(file), ["smtp.max_recipients=200"])
    marks = [line.split() for line in result.stdout.splitlines()[1:] if "#" in line]
    assert [f"{words[0]} {words[-1]}" for words in marks] == [
        "state file",
        "smtp.listen file",
        "smtp.max_recipients --set",
        "use file",
        "max_hops file",
    ]


def test_only_what_is_not_at_its_default(file: Path) -> None:
    lines = show(file, "--changed").stdout.splitlines()
    assert [line.split(" = ")[0] for line in lines[1:]] == [
        "state",
        "smtp.listen",
        "",
        "[[handler]]",
        "use",
        "max_hops",
    ]
    file.write_text("")
    result = show(file, "--changed", "--set", "smtp.listen=tcp:2525")
    assert len(result.stdout.splitlines()) == 2


def test_for_programs(file: Path) -> None:
    rows = {row["key"]: row for row in map(json.loads, show(file, "--json").stdout.splitlines())}
    assert rows["smtp.max_message"] == {
        "key": "smtp.max_message",
        "value": 26_214_400,
        "source": "default",
        "default": 26_214_400,
        "changed": False,
    }
    assert rows["handler[1].max_hops"]["value"] == 50 and rows["smtp.listen"]["changed"]


def test_what_is_wrong_is_told_beside_it(file: Path) -> None:
    file.write_text(WRITTEN.replace("max_hops", "timeout"))
    result = show(file, "--set", "drain=soon")
    assert result.exit_code == 2 and 'drain = "30s"' in result.stdout
    assert "--set drain: " in result.stderr


def test_what_cannot_be_read(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("hostname =")
    result = show(file)
    assert result.exit_code == 1 and "mailgate.toml:1: " in result.stderr and result.stdout == ""
    monkeypatch.setattr("mailgate.config.find", lambda path, environ: None)
    result = show(file)
    assert result.exit_code == 1 and "no configuration found" in result.stderr
