"""What commands say where no gateway answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from mailgate.cli.server import NO_SERVER, NoServer, ask, leave_without_server
from mailgate.control.caller import Caller, GatewayGone


def test_nobody_listens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    socket = str(tmp_path / ("d" * 60) / "control.sock")
    with pytest.raises(NoServer) as caught:
        ask(socket, "status", {})
    with pytest.raises(SystemExit) as left:
        leave_without_server(caught.value)
    assert left.value.code == NO_SERVER
    assert capsys.readouterr().err == (
        f"mailgate: no gateway runs: nobody listens at\n{socket}; start it with: twistd mailgate\n"
        if len(socket) < 49
        else f"mailgate: no gateway runs: nobody listens at\n{socket};\nstart it with: twistd mailgate\n"
    )


def test_one_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> Any:
        raise GatewayGone("the gateway could not be asked: /x belongs to mail; run this as that user, or as somebody\n")

    monkeypatch.setattr(Caller, "ask", gone)
    with pytest.raises(click.ClickException) as caught:
        ask("/x/control.sock", "status", {})
    lines = f"Error: {caught.value.message}".split("\n")
    assert len(lines) == 2 and max(map(len, lines)) <= 80
