"""`mailgate limits`: what a server says, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailgate.cli import limits as module
from mailgate.cli import main
from mailgate.cli.server import NO_SERVER, NoServer

STANDING = {"delay_seconds": 0.0, "seconds": 1_800}
TOLD: dict[str, Any] = {
    "wrong_passwords": 10,
    "unknown_users": 10,
    "window_seconds": 3_600.0,
    "exempt_seconds": 86_400.0,
    "looked_at": 12,
    "refused": 1,
    "under_way": 0,
    "accounts": [
        {"account": "alice@example.test", "failures": 10, "state": "refused", **STANDING},
        {"account": "bob@example.test", "failures": 4, "state": "delayed", "delay_seconds": 2.0, "seconds": 59},
    ],
    "unknown": [{"name": "evil\x1b[31m", "failures": 1, "state": "counted", **STANDING}],
    "networks": [],
    "exempt": [{"account": "alice@example.test", "network": "192.0.2.1", "seconds": 80_000}],
    "totals": {"accounts": 7, "unknown": 1, "networks": 0, "exempt": 1},
}
SHOWN = """\
Limits in 1 h: 10 different wrong passwords for an account, 10 names in vain
from a network.
Since the start: 12 passwords looked at, 1 refused without a look; 0 under way.

Accounts with wrong passwords:
  alice@example.test  10  refused for 30 min
  bob@example.test    4   waits 2 s, for 59 s
  and 5 more

Names that nobody has:
  evil\\x1b[31m  1  counted for 30 min

Networks with names in vain: none

Exempt: logged in within a day:
  alice@example.test  192.0.2.1  for 22 h more
"""


class Server:
    """What a server would be asked, and answer."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.answer: Any = TOLD

    def ask(self, socket: str, name: str, arguments: Any) -> Any:
        self.asked.append((socket, name, arguments))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(module, "ask", server.ask)
    return server


def limits(gateway: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["limits", *arguments, "--config", str(gateway / "mailgate.toml")])


def test_for_people(gateway: Path, server: Server) -> None:
    result = limits(gateway)
    assert (result.exit_code, result.output) == (0, SHOWN)
    assert server.asked == [(str(gateway / "control.sock"), "limits", {})]


def test_for_programs(gateway: Path, server: Server) -> None:
    assert json.loads(limits(gateway, "--json").output) == TOLD


def test_clear(gateway: Path, server: Server) -> None:
    server.answer = {
        "cleared": {"account": "alice@example.test", "network": "192.0.2.1"},
        "forgotten": {"wrong_passwords": 3, "names": 1},
        "is_account": True,
    }
    result = limits(gateway, "clear", "--account", "alice", "--network", "192.0.2.1")
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        ["Forgotten: 3 wrong passwords for alice@example.test.", "Forgotten: 1 name in vain from 192.0.2.1."],
    )
    assert server.asked[0][1:] == ("clear_limits", {"account": "alice", "network": "192.0.2.1", "all": False})
    assert json.loads(limits(gateway, "clear", "--account", "alice", "--json").output) == server.answer


def test_clear_all_with_the_configuration_named_first(gateway: Path, server: Server) -> None:
    server.answer = {"cleared": "all", "forgotten": {"accounts": 1, "wrong_passwords": 1, "networks": 2, "names": 9}}
    configuration = str(gateway / "mailgate.toml")
    result = CliRunner().invoke(main, ["limits", "--config", configuration, "clear", "--all"])
    assert result.output == "Forgotten: 1 wrong password (1 account) and 9 names in vain (2 networks).\n"
    assert server.asked[0][1:] == ("clear_limits", {"account": "", "network": "", "all": True})


@pytest.mark.parametrize(
    ("cleared", "forgotten", "is_account", "said"),
    [
        ({"account": "alice@example.test"}, {"wrong_passwords": 0}, True, "Nothing was known of alice@example.test.\n"),
        (
            {"account": "nobody"},
            {"wrong_passwords": 0},
            False,
            "Nothing was known of nobody, a name that no account has.\n",
        ),
        (
            {"account": "evil\x1b"},
            {"wrong_passwords": 2},
            False,
            "Forgotten: 2 wrong passwords for evil\\x1b, a name that no account has.\n",
        ),
        ({"network": "192.0.2.1"}, {"names": 0}, True, "Nothing was known of 192.0.2.1.\n"),
        (
            "all",
            {"accounts": 0, "wrong_passwords": 0, "networks": 0, "names": 0},
            True,
            "Nothing was known of anybody.\n",
        ),
    ],
)
def test_that_nothing_was_known_is_said_and_is_no_failure(
    gateway: Path, server: Server, cleared: Any, forgotten: Any, is_account: bool, said: str
) -> None:
    server.answer = {"cleared": cleared, "forgotten": forgotten, "is_account": is_account}
    result = limits(gateway, "clear", "--account", "x")
    assert (result.exit_code, result.output) == (0, said)


@pytest.mark.parametrize("options", [[], ["--all", "--account", "alice"]])
def test_what_is_to_be_cleared_has_to_be_said(gateway: Path, server: Server, options: list[str]) -> None:
    result = limits(gateway, "clear", *options)
    assert (result.exit_code, "or say --all" in result.output) == (2, True)
    assert server.asked == []


def test_without_a_server(gateway: Path, server: Server) -> None:
    server.answer = NoServer("no gateway runs")
    result = limits(gateway)
    assert (result.exit_code, "no gateway runs" in result.stderr) == (NO_SERVER, True)


def test_a_configuration_that_is_wrong_or_nowhere(
    gateway: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gateway / "mailgate.toml").write_text("[limits]\nconnections = -1\n")
    result = limits(gateway)
    assert (result.exit_code, "limits.connections" in result.output) == (0, True)  # the server may say more
    monkeypatch.chdir(gateway / "domains")
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    monkeypatch.setattr("mailgate.config.places.SYSTEM", str(gateway / "nowhere"))
    result = CliRunner().invoke(main, ["limits"])
    assert (result.exit_code, "no configuration found" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (59, "59 s"), (60, "1 min"), (3_600, "1 h"), (172_800, "2 d")]
)
def test_times(seconds: float, words: str) -> None:
    assert module._time(seconds) == words
