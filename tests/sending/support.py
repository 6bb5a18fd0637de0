"""A smarthost that follows a script, and a connection to it in memory, with real TLS."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import alsoProvides

from mailgate.tls import ServerCertificate

HOST = "relay.example.org"
OURS = "mx.example.test"
BUFFER_OCTETS = 65_536  # as in twisted.internet.abstract

Act = Callable[["Host"], None]
Answer = str | bytes | Act
Answers = Mapping[str, Answer | list[Answer]]
DEFAULTS: Mapping[str, str] = {
    "STARTTLS": "220 2.0.0 go ahead",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 send it",
    ".": "250 2.0.0 queued as 4711",
    "QUIT": "221 2.0.0 bye",
}


def nothing(_: Host) -> None:
    """An act: say nothing."""


def hang_up(host: Host) -> None:
    """An act: close the connection."""
    host.transport.loseConnection()  # type: ignore[union-attr]


class Host(Protocol):
    """A smarthost. `answers` by verb, "." for the final dot, "" for the greeting; a list is used up one by one."""

    def __init__(
        self,
        *keywords: str,
        answers: Answers | None = None,
        tls: IOpenSSLServerConnectionCreator | None = None,
        name: str = HOST,
    ) -> None:
        ehlo = "\r\n".join(["250-" + name + " hello", *(f"250-{keyword}" for keyword in keywords), "250 OK"])
        self.answers: dict[str, Answer | list[Answer]] = {
            "": f"220 {name} ESMTP",
            "EHLO": ehlo,
            **DEFAULTS,
            **(answers or {}),
        }
        self.tls = tls
        self.said: list[str] = []  # the client's lines
        self.content = b""
        self.closed = False
        self.deaf = False  # it takes no notice of what comes
        self._buffer = b""
        self._in_content = False

    def connectionMade(self) -> None:
        self.answer("")

    def dataReceived(self, data: bytes) -> None:
        if self.deaf:
            return
        self._buffer += data
        while True:
            if self._in_content:
                if not ("\r\n" + self._buffer.decode("latin-1")).endswith("\r\n.\r\n"):
                    return
                self.content, self._buffer, self._in_content = self._buffer, b"", False
                self.answer(".")
            line, end, rest = self._buffer.partition(b"\r\n")
            if not end:
                return
            self._buffer = rest
            self.said.append(line.decode())
            self.answer(line.decode().partition(" ")[0])

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self.closed = True

    def answer(self, verb: str) -> None:
        given = self.answers.get(verb, "500 5.5.1 what?")
        answer = given.pop(0) if isinstance(given, list) else given
        if callable(answer):
            answer(self)
            return
        self.say(answer)
        if verb == "DATA" and str(answer).startswith("354"):
            self._in_content = True
        if verb == "STARTTLS" and str(answer).startswith("220") and self.tls is not None:
            transport: Any = self.transport
            transport.startTLS(self.tls, client=False)
        if verb == "QUIT":
            hang_up(self)

    def say(self, answer: str | bytes) -> None:
        """Say a reply; octets as they are."""
        octets = answer if isinstance(answer, bytes) else answer.encode() + b"\r\n"
        self.transport.write(octets)  # type: ignore[union-attr]

    def verbs(self) -> list[str]:
        """What the client said, without arguments."""
        return [line.partition(" ")[0] for line in self.said]


class Raw:
    """One end of a connection in memory, below TLS."""

    def __init__(self, clock: Clock) -> None:
        self.protocol: Any = None
        self.peer: Raw
        self.out = b""
        self.disconnecting = False
        self.aborted = False
        self.lost = False
        self.stuck = False  # it does not read
        self.octets_at_once = BUFFER_OCTETS * 100  # which the peer gets of what was written
        self.no_delay = False
        self._clock = clock
        self._producer: Any = None
        self._paused = False
        alsoProvides(self, ITCPTransport)

    def write(self, data: bytes) -> None:
        if self.lost or self.aborted or self.disconnecting:
            return
        self.out += data
        if self._producer is not None and len(self.out) > BUFFER_OCTETS:
            self._paused = True
            self._producer.pauseProducing()

    def writeSequence(self, data: Sequence[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self.disconnecting = True

    def abortConnection(self) -> None:
        self.out = b""
        self.aborted = True
        self._clock.callLater(0, self.lose, ConnectionAborted())  # as twisted.internet.tcp does it

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert streaming and self._producer is None
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.no_delay = enabled

    def lose(self, error: Exception) -> None:
        """Both ends learn that it is over."""
        for end in (self, self.peer):
            if not end.lost:
                end.lost = True
                protocol, end.protocol = end.protocol, None  # as twisted.internet.tcp does it
                protocol.connectionLost(Failure(error if end is self else ConnectionDone()))

    def deliver(self) -> bool:
        """Let the peer have what was written; did anything happen?"""
        if self.lost:
            return False
        if self.out and not self.peer.stuck and not self.peer.aborted:
            data, self.out = self.out[: self.octets_at_once], self.out[self.octets_at_once :]
            self.peer.protocol.dataReceived(data)
            if not self.out and self._paused and self._producer is not None:
                self._paused = False
                self._producer.resumeProducing()
            return True
        if self.disconnecting and not self.out and not self.aborted:
            self.lose(ConnectionDone())
            return True
        return False


class End(Raw):
    """What a protocol has as its transport: it goes through TLS once that has begun, as in `twisted.internet`."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._tls = False

    def startTLS(self, creator: Any, *, client: bool = True) -> None:
        no_factory: Any = None
        factory = TLSMemoryBIOFactory(creator, client, no_factory, self._clock)
        self.protocol = TLSMemoryBIOProtocol(factory, self.protocol, False)
        self._tls = True
        self.protocol.makeConnection(Below(self))

    def write(self, data: bytes) -> None:
        if not self._tls:
            super().write(data)
        elif not self.lost:
            self.protocol.write(data)

    def loseConnection(self) -> None:
        if not self._tls:
            super().loseConnection()
        elif not self.lost:
            self.protocol.loseConnection()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if not self._tls:
            super().registerProducer(producer, streaming)
        else:
            self.protocol.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        if not self._tls:
            super().unregisterProducer()
        else:
            self.protocol.unregisterProducer()


class Below:
    """What TLS has as its transport: an `End` without TLS."""

    def __init__(self, end: End) -> None:
        self._end = end
        alsoProvides(self, ITCPTransport)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(getattr(Raw, name), self._end)


class Link:
    """A client and a smarthost, connected."""

    def __init__(self, client: Any, host: Any, clock: Clock, *, implicit_tls: bool = False) -> None:
        self._clock = clock
        self.client, self.host = End(clock), End(clock)
        self.client.peer, self.host.peer = self.host, self.client
        self.client.protocol, self.host.protocol = client, host
        client.makeConnection(self.client)
        if implicit_tls:
            host.transport = self.host
            self.host.startTLS(host.tls, client=False)
            host.connectionMade()
        else:
            host.makeConnection(self.host)

    def pump(self) -> None:
        """Carry octets to and fro until nothing moves; the clock's next turn comes when none are on the way."""
        while self.client.deliver() or self.host.deliver() or self._turn():
            pass

    def _turn(self) -> bool:
        due = any(call.getTime() <= self._clock.seconds() for call in self._clock.getDelayedCalls())
        self._clock.advance(0)
        return due


@frozen
class Authority:
    """An authority that issues certificates; `file` is its own, in PEM."""

    directory: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, directory: Path) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        authority = cls(directory, key, _certificate("our own authority", key, [], None))
        Path(authority.file).write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
        return authority

    @property
    def file(self) -> str:
        return str(self.directory / "authority.pem")

    def server(self, *names: str) -> ServerCertificate:
        """A server's certificate for names and IP addresses, loaded."""
        key = ec.generate_private_key(ec.SECP256R1())
        chain, private = self.directory / f"{names[0]}.pem", self.directory / f"{names[0]}.key"
        made = _certificate(names[0], key, names, self)
        chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        server = ServerCertificate(str(chain), str(private))
        server.load()
        return server


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, names: Sequence[str], issuer: Authority | None
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), False)
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
