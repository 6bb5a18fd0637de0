"""What is counted and remembered of a gateway, put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import Logger, globalLogPublisher

from mailgate import facts
from mailgate.config import Config, Store
from mailgate.control.calls import Arguments
from mailgate.service.monitoring import Monitoring
from mailgate.service.ports import Listening
from mailgate.units import Octets
from tests.support import Facts, result_of


class Reactor(MemoryReactorClock):
    def callFromThread(self, act: Any, *arguments: Any) -> None:
        act(*arguments)


LISTENING = (Listening("smtp.listen", "127.0.0.1", 2525),)
CONNECTED = facts.Connected(session="s1", listener="smtp", client="192.0.2.1", port=4000)


class Watched:
    def __init__(self, directory: Path, warning: str = "", unreadable: tuple[object, ...] = ()) -> None:
        self.bulletin = Facts()
        reactor: Any = Reactor  # Twisted's own has no types
        self.monitoring = Monitoring(reactor(), self.bulletin)
        config = Config(state=str(directory), store=Store(directory=str(directory), min_free=Octets(0)))
        self.instruments = self.monitoring.instruments(
            config,
            "node",
            lambda: LISTENING,
            tuple,
            lambda: unreadable,
            {"reload": lambda: warning},
            lambda: ["smtp.listen"],
        )
        self.functions = self.monitoring.functions(self.instruments, lambda: LISTENING, lambda name: None)

    def call(self, name: str, **arguments: Any) -> Any:
        return result_of(self.functions[name](Arguments(arguments)))


def test_what_happens_is_counted_and_told(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.bulletin.tell(CONNECTED)
    status = watched.call("status")
    assert status["problems"] == [] and status["node"] == "node"
    assert "smtp" in str(status["sessions"]) and "127.0.0.1:2525" in str(status["listening"])
    assert status["waiting"] == ["smtp.listen"]
    assert "192.0.2.1" in str(watched.call("log", level="debug")) and watched.call("log")["lines"] == []


def test_what_somebody_has_to_see_to(tmp_path: Path) -> None:
    watched = Watched(tmp_path, "the configuration was not read again: x", ("domains/a: broken",))
    problems = str(watched.call("status")["problems"])
    assert "not read again" in problems and "domains/a" in problems
    assert set(watched.instruments.failing()) == {"accounts"}


@pytest.mark.parametrize("running", [True, False])
def test_the_log_is_remembered_while_it_runs(tmp_path: Path, running: bool) -> None:
    watched, log = Watched(tmp_path), Logger(namespace="test")
    watched.monitoring.start()
    if not running:
        watched.monitoring.stop()
    log.warn("something {odd}", odd="odd")
    assert ("something odd" in str(watched.call("log"))) is running
    watched.monitoring.stop()
    assert watched.monitoring._observe not in globalLogPublisher._observers
