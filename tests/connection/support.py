"""A real socket with Twisted's own transport on it, driven by the test instead of a reactor; a client, with TLS too."""

from __future__ import annotations

import contextlib
import datetime
import socket
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Server
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from zope.interface import implementer

from mailgate.facts import TurnedAway
from mailgate.tls import ServerCertificate


def a_certificate(directory: Path) -> ServerCertificate:
    """A certificate that listeners can show."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (directory / "cert.pem").write_bytes(signed.public_bytes(pem))
    (directory / "key.pem").write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    certificate = ServerCertificate(str(directory / "cert.pem"), str(directory / "key.pem"))
    certificate.load()
    return certificate


class Speaker(Protocol):
    """Speaks first, and keeps what happens to it. "tls" begins TLS, "quit" ends it."""

    def __init__(self, address: Any, certificate: ServerCertificate | None) -> None:
        self.address = address
        self.certificate = certificate
        self.heard: list[bytes] = []
        self.lost = 0
        self.fails: Exception | None = None

    def connectionMade(self) -> None:
        self.transport.write(b"hello!")  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        self.heard.append(data)
        transport: Any = self.transport
        transport.write(data + b"!")
        if data == b"tls":
            transport.startTLS(self.certificate)
        if data == b"quit":
            transport.loseConnection()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self.lost += 1
        if self.fails is not None:
            raise self.fails


@implementer(IProtocolFactory)
class Speakers:
    """Their factory."""

    def __init__(self, certificate: ServerCertificate | None = None) -> None:
        self.certificate = certificate
        self.built: list[Speaker] = []
        self.ports: list[str] = []
        self.fails: Exception | None = None
        self.refuses = False

    def buildProtocol(self, addr: Any) -> Speaker | None:
        if self.fails is not None:
            raise self.fails
        if self.refuses:
            return None
        self.built.append(Speaker(addr, self.certificate))
        return self.built[-1]

    def doStart(self) -> None:
        self.ports.append("start")

    def doStop(self) -> None:
        self.ports.append("stop")

    @property
    def one(self) -> Speaker:
        """The only one."""
        (speaker,) = self.built
        return speaker


class Turned(list[TurnedAway]):
    """What was told."""

    @property
    def reasons(self) -> list[tuple[str, str, str]]:
        return [(fact.listener, fact.client, fact.reason) for fact in self]


class Client:
    """A client of a factory."""

    def __init__(self, factory: Any, address: Any, reactor: MemoryReactorClock) -> None:
        self._reactor = reactor
        ours, self._socket = socket.socketpair()
        self._socket.setblocking(False)
        self.protocol = factory.buildProtocol(address)
        assert self.protocol is not None
        self.server = Server(ours, self.protocol, ("peer", 1), None, 0, reactor)  # type: ignore[arg-type]
        self.protocol.makeConnection(self.server)
        self._run()

    def say(self, octets: bytes) -> bytes:
        """Send, and give what comes back."""
        self._socket.sendall(octets)
        return self.hear()

    def hear(self) -> bytes:
        """What has come; nothing, too, when the server has closed."""
        self._run()
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            return self._socket.recv(1 << 16)
        return b""

    def close(self) -> None:
        """Go away."""
        self._socket.close()
        self._run()

    @property
    def is_cut(self) -> bool:
        """Has the server closed?"""
        self._run()
        return bool(self.server.disconnected)

    def _run(self) -> None:
        """What a reactor does, once around for reading and writing each, and a little time for what waits for none."""
        for _ in range(2):
            if self.server in self._reactor.getReaders():
                self._lose(self.server.doRead(), reading=True)
            self._reactor.advance(0)
            if self.server in self._reactor.getWriters():
                self._lose(self.server.doWrite(), reading=False)

    def _lose(self, why: Any, *, reading: bool) -> None:
        if why is not None:
            lose = self.server.readConnectionLost if reading else self.server.connectionLost
            lose(Failure(why))


class TLSClient:
    """TLS over a `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        self._connection.set_connect_state()

    def shake_hands(self, beginning: bytes = b"") -> None:
        """To the end of the handshake; `beginning` is sent in clear, in one piece with TLS's first octets."""
        for _ in range(5):
            try:
                self._connection.do_handshake()
            except SSL.WantReadError:
                self._exchange(beginning)
                beginning = b""
            else:
                return
        raise AssertionError("no handshake")

    def say(self, octets: bytes) -> bytes:
        """Send, and give what comes back."""
        if octets:
            self._connection.send(octets)
        self._exchange(b"")
        with contextlib.suppress(SSL.WantReadError):
            return self._connection.recv(1 << 16)
        return b""

    def _exchange(self, beginning: bytes) -> None:
        out = beginning
        with contextlib.suppress(SSL.WantReadError):
            out += self._connection.bio_read(1 << 16)
        if back := self._client.say(out):
            self._connection.bio_write(back)
