"""`mailgate reload`, beside a server that answers as it is told."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from mailgate.cli import main
from mailgate.cli import reload as module
from mailgate.cli.server import NO_SERVER, NoServer


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    given: list[Any] = []

    def ask(socket: str, name: str, arguments: Any) -> Any:
        assert (socket, name, arguments) == ("/run/control.sock", "reload", {})
        if isinstance(given[0], Exception):
            raise given[0]
        return given[0]

    monkeypatch.setattr(module, "socket_of", lambda path: "/run/control.sock")
    monkeypatch.setattr(module, "ask", ask)
    return given


def test_what_changed_and_what_waits(answers: list[Any]) -> None:
    answers.append({"changed": ["pop3.language", "handler"], "waiting": ["smtp.listen"]})
    result = CliRunner().invoke(main, ["reload"])
    assert (result.exit_code, result.output) == (
        0,
        "Changed: pop3.language, handler\nWaiting for a restart: smtp.listen\n",
    )
    assert '"waiting": ["smtp.listen"]' in CliRunner().invoke(main, ["reload", "--json"]).output


def test_nothing_changed(answers: list[Any]) -> None:
    answers.append({"changed": [], "waiting": []})
    assert CliRunner().invoke(main, ["reload"]).output == "Changed: nothing\n"


def test_a_configuration_that_is_refused(answers: list[Any]) -> None:
    answers.append(click.ClickException("smtp.lisen: unknown"))
    result = CliRunner().invoke(main, ["reload"])
    assert result.exit_code == 1 and "smtp.lisen: unknown" in result.output


def test_no_server(answers: list[Any]) -> None:
    answers.append(NoServer("no gateway runs"))
    result = CliRunner().invoke(main, ["reload"])
    assert result.exit_code == NO_SERVER and "no gateway runs" in result.output
