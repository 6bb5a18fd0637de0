"""How a listener is reached, and what is said there first."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from mailgate.cli.tls_reaching import INTRODUCTION, Door, careless, comes_as_proxy, connect, introduce
from mailgate.limits.networks import Networks

DOOR = Door("smtp.listen", "192.0.2.1", 25, "smtp")


class Connection:
    """One that was made from a documentation address."""

    family = socket.AF_INET6

    def __init__(self) -> None:
        self.sent = b""

    def getsockname(self) -> tuple[str, int, int, int]:
        return "2001:db8::7", 40_000, 0, 0

    def sendall(self, octets: bytes) -> None:
        self.sent += octets


def behind(*proxies: str) -> Door:
    return Door("smtp.listen", "192.0.2.1", 25, "smtp", Networks(proxies).contains)


def test_places() -> None:
    assert DOOR.place == "192.0.2.1:25"
    assert Door("smtp.listen", "2001:db8::1", 25, "smtp").place == "[2001:db8::1]:25"
    assert Door("lmtp.listen", "/run/lmtp", 0, "lmtp").place == "/run/lmtp"


def test_a_path(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        connect(Door("lmtp.listen", str(tmp_path / "none"), 0, "lmtp"))
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        with connect(Door("lmtp.listen", path, 0, "lmtp")) as connection:
            assert connection.getpeername() == path


def test_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    here, there = socket.socketpair()

    def create(place: tuple[str, int], seconds: float) -> socket.socket:
        seen.append(place)
        return here

    monkeypatch.setattr(socket, "create_connection", create)
    with there, connect(DOOR):
        assert seen == [("192.0.2.1", 25)]


@pytest.mark.parametrize(
    ("proxies", "is_proxy"), [(["2001:db8::/64"], True), (["192.0.2.0/24", "local"], False), ([], False)]
)
def test_a_proxy_is_known_by_the_address_that_it_comes_from(proxies: list[str], is_proxy: bool) -> None:
    connection: Any = Connection()
    assert comes_as_proxy(behind(*proxies), connection) is is_proxy
    introduce(behind(*proxies), connection)
    assert connection.sent == (INTRODUCTION if is_proxy else b"")


def test_a_proxy_at_a_unix_socket() -> None:
    here, there = socket.socketpair()
    with here, there:
        introduce(behind("127.0.0.1"), here)
        introduce(behind("local"), here)
        assert there.recv(100) == b"PROXY UNKNOWN\r\n"


def test_who_takes_anything() -> None:
    context = careless()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)
