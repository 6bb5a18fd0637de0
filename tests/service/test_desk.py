"""The doors to the calls: which there are, and what they lead to."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock, StringTransport

from mailgate.config import HTTP, Config, Listener
from mailgate.control.calls import Arguments, Functions
from mailgate.service import desk as module
from mailgate.service.desk import SOCKET_MODE, Desk, has_http
from mailgate.service.token import BadToken
from tests.support import result_of

TOKEN = "0123456789abcdef0123456789abcdef"


async def echo(arguments: Arguments) -> Any:
    return arguments.besides()


FUNCTIONS: Functions = dict.fromkeys(["ports", "messages", "clear"], echo)
INSTRUMENTS: Any = SimpleNamespace(failing=dict, families=tuple)


def config(directory: Path, *, token: bool = False) -> Config:
    (directory / "token").write_text(TOKEN)
    listener = Listener("tcp:8025:interface=127.0.0.1")
    return Config(state=str(directory), http=HTTP(listen=(listener,), token=str(directory / "token") if token else ""))


def asked(desk: Desk, request: bytes) -> bytes:
    transport = StringTransport()
    protocol: Any = desk.http.buildProtocol(None)
    protocol.makeConnection(transport)
    protocol.dataReceived(request)
    octets: bytes = transport.value()
    return octets


def get(path: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def test_what_is_asked_by_the_socket_and_by_http(tmp_path: Path) -> None:
    reactor = MemoryReactorClock()
    desk = Desk(config(tmp_path), reactor)
    assert desk.functions == {}
    desk.open(FUNCTIONS, INSTRUMENTS, for_tests=True)
    assert desk.functions == FUNCTIONS
    path, factory, _, mode, _ = reactor.unixServers[0]
    assert (path, mode) == (str(tmp_path / "control.sock"), SOCKET_MODE)
    transport = StringTransport()
    connection = factory.buildProtocol(None)
    connection.makeConnection(transport)
    connection.dataReceived(b'{"call": "clear", "arguments": {"namespace": "n"}}\n')
    reactor.advance(0)
    assert json.loads(transport.value()) == {"result": {"namespace": "n"}}
    assert b"200 OK" in asked(desk, get("/api/v1/ports"))
    result_of(desk.close())
    assert transport.disconnecting or transport.disconnected


def test_people_have_http_with_a_token_and_the_socket(tmp_path: Path) -> None:
    reactor = MemoryReactorClock()
    desk = Desk(config(tmp_path, token=True), reactor)
    desk.open(FUNCTIONS, INSTRUMENTS, for_tests=False)
    assert len(reactor.unixServers) == 1
    assert b"401 Unauthorized" in asked(desk, get("/api/v1/messages"))
    assert b"200 OK" in asked(desk, get("/api/v1/messages", f"Authorization: Bearer {TOKEN}"))
    assert b'"kind": "missing"' in asked(desk, get("/api/v1/faults", f"Authorization: Bearer {TOKEN}"))
    assert b"200 OK" in asked(desk, get("/livez")) and b"401" in asked(desk, get("/metrics"))
    result_of(desk.close())


def test_a_token_that_is_none(tmp_path: Path) -> None:
    settings = config(tmp_path, token=True)
    (tmp_path / "token").write_text("")
    with pytest.raises(BadToken):
        Desk(settings, MemoryReactorClock()).open(FUNCTIONS, INSTRUMENTS, for_tests=False)


def test_is_what_http_needs_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_http()
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert not has_http()


def test_a_directory_with_a_long_name_and_what_a_killed_server_left_there(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    (deep / "control.sock").touch()
    reactor = MemoryReactorClock()
    desk = Desk(config(deep), reactor)
    desk.open(FUNCTIONS, INSTRUMENTS, for_tests=True)
    path = reactor.unixServers[0][0]
    assert path.startswith("/proc/self/fd/") and not (deep / "control.sock").exists()
    assert Path(path).parent.samefile(deep)
    result_of(desk.close())
    assert not Path(path).parent.exists()
