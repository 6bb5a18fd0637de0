"""`mailgate store sweep`: as an administrator uses it, on real files."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailgate.cli import main
from mailgate.rules import DAY_SECONDS

CONFIGURATION = 'state = "."\n[maildrops]\nkeep_days = 30\n'


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "mailgate.toml").write_text(CONFIGURATION)
    domain = tmp_path / "domains" / "example.test"
    domain.mkdir(parents=True)
    (domain / "users").write_text("alice:{PLAIN}x\nbob:{PLAIN}x\n")
    new = tmp_path / "mail" / "example.test" / "alice" / "new"
    new.mkdir(parents=True)
    for number in range(8):
        (new / f"{1_000_000_000 + number}.{number}.elsewhere").write_text("Subject: old\n\nold\n")
    return tmp_path


def sweep(house: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["store", "sweep", "--config", str(house / "mailgate.toml"), *options])


def left(house: Path) -> int:
    return len(os.listdir(house / "mail" / "example.test" / "alice" / "new"))


def test_a_sweep(house: Path) -> None:
    result = sweep(house)
    assert (result.exit_code, result.output) == (
        0,
        "alice@example.test: 2 messages, 42 octets removed; 6 more another time\n"
        "2 messages, 42 octets removed in all.\n",
    )
    assert left(house) == 6
    assert sweep(house).exit_code == 0  # by hand it is always due
    assert left(house) == 4


def test_a_dry_run(house: Path) -> None:
    result = sweep(house, "--dry-run", "--clock-is-right")
    assert result.output.splitlines()[-1] == "8 messages, 168 octets would go in all."
    assert left(house) == 8
    assert not (house / "sweeps.json").exists()


def test_for_programs(house: Path) -> None:
    (line,) = sweep(house, "--json").output.splitlines()
    assert json.loads(line) == {
        "maildrop": "alice@example.test",
        "messages": 2,
        "octets": 42,
        "spared": 6,
        "emptied": 0,
        "trouble": "",
    }


def test_a_clock_that_may_be_wrong(house: Path) -> None:
    (house / "sweeps.json").write_text(json.dumps({"last_sweep": time.time() + DAY_SECONDS}))
    result = sweep(house)
    assert result.exit_code == 1
    assert "Error: the last sweep was at" in result.output and "--clock-is-right" in result.output
    assert left(house) == 8
    assert sweep(house, "--clock-is-right").exit_code == 0
    assert left(house) == 0
    assert sweep(house).exit_code == 0


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def test_an_open_maildrop_is_told_of(house: Path) -> None:
    with locked(house / "mail" / "example.test" / "alice"):
        result = sweep(house)
    assert result.exit_code == 2
    assert "another process has alice@example.test open" in result.output
    assert left(house) == 8


def test_the_trash_is_emptied(house: Path) -> None:
    (house / "mailgate.toml").write_text(CONFIGURATION + "removed_days = 7\n")
    assert "2 messages, 42 octets removed;" in sweep(house).output
    trash = house / "mail" / "example.test" / "alice" / "mailgate-removed"
    for file in trash.iterdir():
        seconds, _, name = file.name.partition("~")
        file.rename(trash / f"{int(seconds) - 8 * DAY_SECONDS}~{name}")
    assert "2 out of the trash" in sweep(house).output
    assert len(os.listdir(trash)) == 2  # which this sweep removed


def test_what_is_wrong_with_accounts_is_told(house: Path) -> None:
    (house / "domains" / "example.test" / "users").write_text("alice\n")
    result = sweep(house)
    assert result.exit_code == 0
    assert "mailgate: " in result.stderr and "users:1" in result.stderr
    assert left(house) == 8


def test_a_configuration_that_is_wrong(house: Path) -> None:
    (house / "mailgate.toml").write_text("[maildrops]\nkeep_days = -1\n")
    result = sweep(house)
    assert (result.exit_code, "maildrops.keep_days" in result.output) == (1, True)


def test_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    monkeypatch.setattr("mailgate.config.places.SYSTEM", str(tmp_path / "nowhere"))
    result = CliRunner().invoke(main, ["store", "sweep"])
    assert (result.exit_code, "no configuration found" in result.output) == (1, True)
