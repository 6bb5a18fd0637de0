"""`mailgate status`, with a server whose answer is written down."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailgate.cli import main
from mailgate.cli.fitting import COLUMNS
from mailgate.cli.status import duration
from tests.cli.answers import server

NONE = {"minute": 0, "hour": 0}
TOLD: dict[str, Any] = {
    "version": "1.2",
    "pid": 4711,
    "node": "n1",
    "started": 1_700_000_000.0,
    "uptime_seconds": 280_000.0,
    "problems": [],
    "waiting": [],
    "listening": [{"listener": "smtp.listen", "place": "0.0.0.0:25"}, {"listener": "pop3.listen", "place": "[::]:110"}],
    "sessions": {"smtp": {"open": 3, "secured": 2}},
    "rates": {
        "messages": {"minute": 4, "hour": 120},
        **dict.fromkeys(("refused", "not_delivered", "fetched", "logins", "wrong_logins", "errors"), NONE),
    },
    "commits": {"waiting": 2, "oldest_seconds": 0.25},
    "disk": {"free_octets": 1_610_612_736, "octets": 107_374_182_400, "free_inodes": 90, "inodes": 100},
    "certificates": [
        {"name": "mx.example.org", "not_after": 1_800_000_000.0, "days_left": 12},
        {"name": "b", "not_after": 0.0, "days_left": -1},
    ],
    "sweeper": {"last_sweep": None, "held": ""},
}


def status(house: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["status", "--config", str(house / "mailgate.toml"), *options])


def test_all_is_well(gateway: Path) -> None:
    with server(gateway, TOLD) as told:
        result = status(gateway)
    assert told.asked == [("status", {})]
    assert result.exit_code == 0
    assert (
        result.stdout
        == """\
mailgate 1.2, running for 3 days 5 hours, process 4711
  No problems.

Listeners
  smtp.listen  0.0.0.0:25
  pop3.listen  [::]:110

Sessions
  smtp  3 open, 2 of them with TLS

In the last minute, hour
  messages taken         4       120
  refusals               0         0
  not delivered          0         0
  messages fetched       0         0
  logins                 0         0
  wrong logins           0         0
  errors                 0         0

Store
  commits  2 waiting, the oldest for 0.2 s
  disk     1.5 GiB of 100 GiB free, 90 of 100 files
  sweeper  no sweep yet

Certificates
  mx.example.org  until 2027-01-15, 12 days
  b               expired on 1970-01-01
"""
    )


def test_problems_come_first(gateway: Path) -> None:
    told = {**TOLD, "problems": ["the disk is full\x1b[2J", "a certificate has expired"]}
    with server(gateway, told):
        result = status(gateway)
    assert result.exit_code == 2
    assert result.stdout.splitlines()[:4] == [
        "mailgate 1.2, running for 3 days 5 hours, process 4711",
        "  PROBLEM  the disk is full\\x1b[2J",
        "  PROBLEM  a certificate has expired",
        "",
    ]


def test_a_gateway_that_has_just_begun(gateway: Path) -> None:
    told = {
        **TOLD,
        "listening": [],
        "sessions": {},
        "certificates": [],
        "disk": None,
        "commits": {"waiting": 0, "oldest_seconds": 0},
        "sweeper": {"last_sweep": time.time() - 7_210, "held": "the clock"},
    }
    with server(gateway, told):
        lines = status(gateway).stdout.splitlines()
    assert {"  none", "  none yet", "  commits  none is waiting", "  disk     cannot be seen"} <= set(lines)
    assert "  sweeper  last sweep 2 hours 10 seconds ago, held" in lines
    assert "Certificates" not in lines


def test_a_sweep_in_the_future(gateway: Path) -> None:
    with server(gateway, {**TOLD, "sweeper": {"last_sweep": time.time() + 86_400.0 * 30 + 60, "held": ""}}):
        lines = status(gateway).stdout.splitlines()
    assert any(
        line.startswith("  sweeper  last sweep 30 days ") and line.endswith("from now, by the clock") for line in lines
    )


def test_for_programs(gateway: Path) -> None:
    with server(gateway, TOLD):
        result = status(gateway, "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, TOLD)
    with server(gateway, {**TOLD, "problems": ["x"]}):
        assert status(gateway, "--json").exit_code == 2


def test_without_a_server(gateway: Path) -> None:
    result = status(gateway)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "no gateway runs" in result.stderr


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 seconds"),
        (1, "1 second"),
        (3_600, "1 hour"),
        (90_061, "1 day 1 hour"),
        (172_799, "1 day 23 hours"),
        (86_405, "1 day 5 seconds"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_what_waits_for_a_restart_is_no_problem(gateway: Path) -> None:
    with server(gateway, {**TOLD, "waiting": ["smtp.listen", "store.directory"]}):
        result = status(gateway)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:3] == [
        "  No problems.",
        "  Waiting for a restart: smtp.listen, store.directory",
    ]


def test_a_server_from_before_an_upgrade(gateway: Path) -> None:
    with server(gateway, {key: value for key, value in TOLD.items() if key != "waiting"}):
        assert status(gateway).exit_code == 0


def test_it_fits_a_terminal_and_no_path_is_torn(gateway: Path) -> None:
    path = "/var/lib/mailgate/domains/" + "long-" * 15 + "name.example/users"
    told = {
        **TOLD,
        "version": "10.11.12",
        "pid": 4_194_304,
        "uptime_seconds": 864_000.0 * 99 + 3_600 * 23,
        "problems": ["the clock says 1970-01-01 00:00 UTC, " + "and so on " * 20, f"{path}: what is wrong " * 2],
        "waiting": [f"limits.number_{number}" for number in range(20)],
        "listening": [{"listener": "submission.listen_tls", "place": f"[{':'.join(['2001'] * 8)}]:65535"}],
        "sessions": {"submission": {"open": 10_000, "secured": 10_000}},
        "rates": {key: {"minute": 123_456, "hour": 1_234_567} for key in TOLD["rates"]},
        "commits": {"waiting": 10_000, "oldest_seconds": 999.9},
        "disk": {"free_octets": 2**50, "octets": 2**50, "free_inodes": 2**32, "inodes": 2**32},
        "certificates": [{"name": f"{'m' * 30}.example.org", "not_after": 1.8e9, "days_left": 9_999}],
        "sweeper": {"last_sweep": time.time() - 864_000 * 9, "held": "the clock"},
    }
    with server(gateway, told):
        lines = status(gateway).stdout.splitlines()
    assert [line for line in lines if len(line) > COLUMNS and path not in line] == []
    assert sum(f"{path}:" in line for line in lines) == 2
    first = next(number for number, line in enumerate(lines) if "PROBLEM" in line)
    assert lines[first].startswith("  PROBLEM  the clock says") and lines[first + 1].startswith("           and so on")
