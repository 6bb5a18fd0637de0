"""Listeners on demand that cannot be opened; the others are in test_gateway, and those that can in tests/testing."""

from __future__ import annotations

from typing import Any, cast

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from mailgate.config import Config
from mailgate.control.calls import CallError
from mailgate.facts import Fact
from mailgate.service.front import Front
from mailgate.service.listeners import Listeners
from mailgate.service.testbed import Testbed
from mailgate.service.wishes import Wish


class Rooms:
    """A front that opens no store."""

    def door(self, *_: Any, **__: Any) -> Any:
        return lambda client, port: None


def open_on_demand(listeners: Listeners, wish: Wish) -> Any:
    return listeners.open_on_demand(cast(Front, Rooms()), Testbed(Clock(), faults=True), wish)


def unheard(fact: Fact) -> None:
    raise AssertionError(fact)


def test_tls_without_a_certificate() -> None:
    listeners = Listeners(Config(), MemoryReactorClock(), unheard)
    with pytest.raises(CallError, match="there is no certificate") as failure:
        open_on_demand(listeners, Wish("pop3", tls=True))
    assert failure.value.kind == "bad"


def test_no_port_left(monkeypatch: pytest.MonkeyPatch) -> None:
    reactor = MemoryReactorClock()

    def refuse(*_: Any, **__: Any) -> Any:
        raise CannotListenError("127.0.0.1", 0, OSError(98, "Address already in use"))

    monkeypatch.setattr(reactor, "listenTCP", refuse)
    listeners = Listeners(Config(), reactor, unheard)
    with pytest.raises(CallError, match="Address already in use") as failure:
        open_on_demand(listeners, Wish("smtp"))
    assert failure.value.kind == "unavailable"
    assert listeners.sessions == 0
