"""Opening ports; what a gateway does with them is in test_gateway."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet import unix
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from mailgate.service.ports import UNSENT_OCTETS, CannotListen, Listening, Ports
from tests.support import logged, outcome_of, started


class Reactor(MemoryReactorClock):
    """Its ports have real sockets."""

    def __init__(self, listening: socket.socket | None = None, error: Exception | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._listening = listening
        self._error = error

    def listenTCP(self, *rest: Any, **more: Any) -> Any:
        if self._error is not None:
            raise self._error
        port = super().listenTCP(*rest, **more)  # type: ignore[no-untyped-call]
        return SimpleNamespace(getHost=port.getHost, stopListening=port.stopListening, socket=self._listening)

    def listenUNIX(self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: int = 0) -> Any:
        if self._error is not None:
            raise self._error
        port = unix.Port(address, factory, backlog, mode, self, wantPID)
        port.startListening()
        return port


class Counting(Factory):
    """Knows of how many ports it is the factory."""

    noisy = False
    open = 0

    def doStart(self) -> None:
        self.open += 1

    def doStop(self) -> None:
        self.open -= 1


def connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        return client.connect_ex(str(path)) == 0


def closed(ports: Ports, reactor: Reactor) -> None:
    closing = started(ports.close())
    reactor.advance(0)
    outcome_of(closing)


def refusal(reactor: Reactor, listener: str) -> str:
    with pytest.raises(CannotListen) as caught:
        Ports(reactor).open("lmtp.listen", listener, Factory())
    assert caught.value.fault.where == f"lmtp.listen = {listener}"
    return str(caught.value).removeprefix(f"lmtp.listen = {listener}: ")


def test_a_port_is_named_as_urls_have_it() -> None:
    assert str(Listening("smtp.listen", "192.0.2.1", 25)) == "192.0.2.1:25 (smtp.listen)"
    assert str(Listening("smtp.listen", "2001:db8::1", 25)) == "[2001:db8::1]:25 (smtp.listen)"


def test_the_kernel_keeps_little_for_who_does_not_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Ports(Reactor(listening)).open("smtp.listen", "tcp:2525:interface=127.0.0.1", Factory())
        client = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
        with client, accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == UNSENT_OCTETS


def test_a_unix_socket_is_there_while_it_is_open_and_nothing_else(tmp_path: Path) -> None:
    reactor, factory, path = Reactor(), Counting(), tmp_path / "lmtp"
    ports = Ports(reactor)
    ports.open("lmtp.listen", f"unix:{path}:mode=660", factory)
    assert connects(path)
    assert path.stat().st_mode & 0o777 == 0o660
    assert os.listdir(tmp_path) == ["lmtp"]  # no lock
    assert [str(place) for place in ports.listening] == [f"{path} (lmtp.listen)"]
    assert factory.open == 1
    closed(ports, reactor)
    assert os.listdir(tmp_path) == []
    assert factory.open == 0


def test_what_a_killed_server_has_left_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
    (tmp_path / "lmtp.lock").symlink_to(str(os.getpid()))  # its number is another living process's now
    reactor = Reactor()
    ports = Ports(reactor)
    ports.open("lmtp.listen", f"unix:{path}", Factory())
    assert connects(path)
    closed(ports, reactor)
    assert not path.exists()


def test_a_lock_is_made_if_it_is_wanted(tmp_path: Path) -> None:
    reactor = Reactor()
    ports = Ports(reactor)
    ports.open("lmtp.listen", f"unix:{tmp_path}/lmtp:lockfile=1", Factory())
    assert sorted(os.listdir(tmp_path)) == ["lmtp", "lmtp.lock"]
    closed(ports, reactor)
    assert os.listdir(tmp_path) == []
    (tmp_path / "lmtp.lock").symlink_to(str(os.getpid()))
    assert refusal(reactor, f"unix:{tmp_path}/lmtp:lockfile=1") == "Cannot acquire lock"


def test_where_another_server_listens_nothing_is_opened(tmp_path: Path) -> None:
    path, reactor = tmp_path / "lmtp", Reactor()
    ports = Ports(reactor)
    ports.open("lmtp.listen", f"unix:{path}", Factory())
    assert refusal(Reactor(), f"unix:{path}") == f"another server listens at {path}"
    assert connects(path)
    closed(ports, reactor)


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    assert refusal(Reactor(), f"unix:{tmp_path}/run/lmtp") == f"there is no directory {tmp_path}/run (create it)"


@pytest.mark.parametrize("whose", ["nobody's", "another's"])
def test_a_socket_that_cannot_be_removed_is_closed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    reactor, factory, path = Reactor(), Counting(), tmp_path / "lmtp"
    ports = Ports(reactor)
    ports.open("lmtp.listen", f"unix:{path}", factory)
    if whose == "nobody's":
        path.unlink()
    else:

        def unlink(path: str) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", path)

        monkeypatch.setattr(os, "unlink", unlink)
    with logged() as events:
        closed(ports, reactor)
    assert not connects(path)
    assert factory.open == 0
    warnings = [(event["path"], event["reason"]) for event in events if "path" in event]
    assert warnings == ([] if whose == "nobody's" else [(str(path), "Permission denied")])


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (errno.EADDRINUSE, "Address already in use (is another server running there?)"),
        (errno.EADDRNOTAVAIL, "Cannot assign requested address (this machine has no such address)"),
        (
            errno.EACCES,
            "Permission denied (ports below 1024 are root's: start as root with --uid and --gid, "
            "or let systemd open them)",
        ),
        (errno.EAFNOSUPPORT, "Address family not supported by protocol"),
    ],
)
def test_what_the_system_says_comes_with_what_can_be_done(number: int, what: str) -> None:
    error = CannotListenError("", 25, OSError(number, os.strerror(number)))
    assert refusal(Reactor(error=error), "tcp:25") == what


def test_an_error_of_another_kind_is_told_as_it_is(tmp_path: Path) -> None:
    assert refusal(Reactor(error=ValueError("something else")), "tcp:25") == "something else"
    error = CannotListenError("", 0, PermissionError(errno.EACCES, "Permission denied"))
    assert refusal(Reactor(error=error), f"unix:{tmp_path}/lmtp") == "Permission denied"  # has no port
    assert refusal(Reactor(), f"unix:{tmp_path}/{'x' * 200}") == "AF_UNIX path too long"
