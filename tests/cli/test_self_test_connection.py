"""Whom a self-test believes, and how it reaches a listener."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from mailgate.cli import self_test_connection as module
from mailgate.cli.self_test_connection import (
    AS_PROXY,
    Seen,
    Trouble,
    reach,
    remarks_on,
    secured,
)
from mailgate.cli.self_test_trust import NOT_VERIFIED, Trust
from mailgate.cli.tls_reaching import Door
from tests.cli.self_test_support import TLS, Host, door

IMPLICIT = door("pop3.listen_tls", "tls")


class Connection:
    """One over TCP."""

    family = socket.AF_INET

    def __init__(self) -> None:
        self.sent = b""
        self.seconds = 0.0

    def getsockname(self) -> tuple[str, int]:
        return "192.0.2.7", 40_000

    def settimeout(self, seconds: float) -> None:
        self.seconds = seconds

    def sendall(self, octets: bytes) -> None:
        self.sent += octets


class Client:
    """What begins with TLS."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.closed = False

    def close(self) -> None:
        self.closed = True
        self.sock.close()


def test_reached_as_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection()
    monkeypatch.setattr(module, "connect", lambda _: connection)
    behind = Door("smtp.listen", "127.0.0.1", 25, "smtp", lambda address: address == "192.0.2.7")
    reached: Any = reach(behind, 3.0)
    assert id(reached) == id(connection)
    assert (connection.sent, connection.seconds, remarks_on(behind, reached)) == (
        b"PROXY UNKNOWN\r\n",
        3.0,
        (AS_PROXY,),
    )


def test_reached_as_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection()
    monkeypatch.setattr(module, "connect", lambda _: connection)
    reached: Any = reach(IMPLICIT, 3.0)
    assert id(reached) == id(connection) and connection.sent == b""
    assert remarks_on(IMPLICIT, reached) == ()


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "connect", Host(tmp_path).connect)
    with pytest.raises(Trouble, match="nobody answers: Connection refused"):
        reach(IMPLICIT, 3.0)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    host.will((b"", TLS))
    host.will((b"", TLS))
    return host


def begun(host: Host, clients: list[Client], trust: Trust) -> tuple[Client, Seen]:
    def begin(context: ssl.SSLContext | None) -> Client:
        connection = host.connect(IMPLICIT)
        assert context is not None
        clients.append(Client(context.wrap_socket(connection, server_hostname=trust.name)))
        return clients[-1]

    return secured(IMPLICIT, trust, begin)


def test_vouched_for(host: Host) -> None:
    clients: list[Client] = []
    assert begun(host, clients, host.trust())[1] == Seen("TLSv1.3", True)
    clients[0].close()
    host.end()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("mx.test", ()),
        (
            "b.test",
            (
                "its certificate is not for b.test, but for mx.test: get one for that name, or set hostname to a name "
                "that it has",
            ),
        ),
    ],
)
def test_self_signed_as_configured(host: Host, name: str, wrong: tuple[str, ...]) -> None:
    clients: list[Client] = []
    configured = ssl.PEM_cert_to_DER_cert(host.pem.decode())
    trust = Trust(name, ssl.create_default_context(), configured)
    assert begun(host, clients, trust)[1] == Seen("TLSv1.3", False, (NOT_VERIFIED,), wrong)
    clients[0].close()
    host.end()


def test_vouched_for_and_for_another_name(host: Host) -> None:
    clients: list[Client] = []
    trust = Trust("b.test", host.trust().careful, ssl.PEM_cert_to_DER_cert(host.pem.decode()))
    seen = begun(host, clients, trust)[1]
    assert (seen.verified, seen.remarks, len(seen.wrong)) == (False, (), 1)
    assert seen.wrong[0].startswith("its certificate is not for b.test, but for mx.test")
    clients[0].close()
    host.end()


@pytest.mark.parametrize(
    ("configured", "said"),
    [(b"", "is not trusted: self-signed certificate$"), (b"another", "not the one that is configured")],
)
def test_a_stranger(host: Host, configured: bytes, said: str) -> None:
    clients: list[Client] = []
    with pytest.raises(Trouble, match=said):
        begun(host, clients, Trust("mx.test", ssl.create_default_context(), configured))
    assert [client.closed for client in clients] == [True]
    host.end()


def test_no_certificate_anywhere() -> None:
    client = Client(Connection())
    trust = Trust("mx.test", ssl.create_default_context(), needed=False)
    contexts: list[Any] = []
    assert secured(door("smtp.listen", "smtp"), trust, lambda context: contexts.append(context) or client) == (  # type: ignore[func-returns-value]
        client,
        Seen(),
    )
    assert contexts == [None]


def test_a_listener_without_tls() -> None:
    trust = Trust("mx.test", ssl.create_default_context())
    seen = secured(door("lmtp.listen", "lmtp"), trust, lambda _: Client(Connection()))[1]
    assert seen == Seen("", False, ("it offers no TLS",))
