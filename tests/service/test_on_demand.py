"""Listeners on demand, whose ports are not real."""

from __future__ import annotations

from typing import Any

import pytest

from mailgate.control.calls import Arguments, CallError
from mailgate.service import on_demand
from mailgate.service.on_demand import OnDemand, Opened
from mailgate.service.ports import Listening
from mailgate.service.wishes import Wish
from tests.support import result_of


class Ports:
    def __init__(self) -> None:
        self.open: list[int] = []
        self.wishes: list[Wish] = []

    def __call__(self, wish: Wish) -> Opened:
        self.wishes.append(wish)
        port = 40_000 + len(self.wishes)
        self.open.append(port)

        async def close() -> None:
            self.open.remove(port)

        return Opened(Listening("smtp.listen", "127.0.0.1", port), close)


@pytest.fixture
def ports() -> Ports:
    return Ports()


@pytest.fixture
def listeners(ports: Ports) -> OnDemand:
    return OnDemand(ports)


def call(listeners: OnDemand, name: str, **arguments: Any) -> Any:
    return result_of(listeners.functions()[name](Arguments(arguments)))


def test_opened_and_closed(listeners: OnDemand, ports: Ports) -> None:
    opened = call(listeners, "open_listener", namespace="a", protocol="pop3", tls=True)
    assert opened["host"] == "127.0.0.1" and ports.open == [opened["port"]]
    assert (ports.wishes[0].kind, ports.wishes[0].tls) == ("pop3", True)
    assert call(listeners, "close_listener", namespace="a", id=opened["id"]) == {"closed": opened["id"]}
    assert ports.open == []


def test_a_namespace_ends_and_closes_its_own(listeners: OnDemand, ports: Ports) -> None:
    mine, _, theirs = (call(listeners, "open_listener", namespace=name) for name in ("a", "a", "b"))
    with pytest.raises(CallError, match="there is no listener"):
        call(listeners, "close_listener", namespace="b", id=mine["id"])
    result_of(listeners.end("a"))
    assert ports.open == [theirs["port"]]
    with pytest.raises(CallError, match="there is no listener"):
        call(listeners, "close_listener", namespace="a", id=mine["id"])


def test_there_is_an_end_to_it(listeners: OnDemand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_demand, "MAX_LISTENERS", 1)
    call(listeners, "open_listener")
    with pytest.raises(CallError, match="1 listeners are open") as failure:
        call(listeners, "open_listener")
    assert failure.value.kind == "busy"


def test_misspelt(listeners: OnDemand) -> None:
    with pytest.raises(CallError, match="no argument 'protocoll'"):
        call(listeners, "open_listener", protocoll="pop3")
