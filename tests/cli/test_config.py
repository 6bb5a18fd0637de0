"""`mailgate config show`."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

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
    lines = result.stdout.splitlines()
    above = [after.split() for line, after in pairwise(lines) if line == "# file"]  # the path of pytest's may be long
    marks = [line.split() for line in lines if "#" in line and line[0] != "#"]
    assert [words[0] for words in above] in ([], ["state"])
    assert [f"{words[0]} {words[-1]}" for words in marks if words[0] != "state"] == [
        "smtp.listen file",
        "smtp.max_recipients --set",
        "use file",
        "max_hops file",
    ]


def test_only_what_is_not_at_its_default(file: Path) -> None:
    lines = show(file, "--changed").stdout.splitlines()
    assert [line.split(" = ")[0] for line in lines if not line.startswith("#")] == [
        "state",
        "smtp.listen",
        "",
        "[[handler]]",
        "use",
        "max_hops",
    ]
    file.write_text("")
    result = show(file, "--changed", "--set", "smtp.listen=tcp:2525")
    assert [line for line in result.stdout.splitlines() if line[0] != "#"] == [result.stdout.splitlines()[-1]]


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


def test_it_fits_a_terminal_and_is_still_a_configuration(file: Path, tmp_path: Path) -> None:
    networks = ", ".join(f'"192.0.2.{number}/32"' for number in range(9))
    directory = "/srv/" + "x" * 55
    wide = f'[limits]\nexempt = [{networks}]\n[store]\ndirectory = "{directory}"\n'
    environment = ", ".join(f'{name} = "{name}{name}"' for name in ("first", "second", "third", "fourth", "fifth"))
    handler = f'[[handler]]\nuse = "exec"\ncommand = ["/bin/true"]\nenvironment = {{{environment}}}\n'
    file.write_text('state = "."\n[smtp]\nlisten = ["tcp:2525"]\n' + wide + handler)
    result = show(file)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line for line in lines if len(line) > 80 and str(tmp_path) not in line] == []
    at = lines.index(next(line for line in lines if line.startswith("limits.exempt")))
    assert lines[at].split() == ["limits.exempt", "=", "[", "#", "file"]
    assert (lines[at + 1], lines[at + 10]) == ('    "192.0.2.0/32",', "]")
    at = lines.index(f'store.directory = "{directory}"')
    assert lines[at - 1] == "# file"
    assert 'environment.third = "(not shown)"' in lines
    printed = tmp_path / "printed.toml"
    printed.write_text(result.stdout.replace("(not shown)", ""))
    assert load(str(printed)).limits == load(str(file)).limits
    shown: Any = load(str(printed)).handler[0].options["environment"]
    assert set(shown) == set(environment.split()[::3])
