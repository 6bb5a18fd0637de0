"""A relay between a client and the gateway that writes down every octet, who sent it, and in which order.

It alters nothing and understands nothing; TLS passes through it as it would through any router.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from attrs import frozen
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

LOOPBACK: Final = "127.0.0.1"

Speaker = Literal["client", "server"]


@frozen
class Chunk:
    """Octets that came in one piece."""

    speaker: Speaker
    octets: bytes


@frozen
class Place:
    """Where to connect to."""

    host: str
    port: int


class Wiretap:
    """Listens on a free port of loopback, and hands on to `beyond` what comes in there."""

    def __init__(self, reactor: Any, beyond: Place) -> None:
        self._reactor = reactor
        self._beyond = beyond
        self._port: IListeningPort | None = None
        self._sessions: list[_Session] = []

    async def listen(self) -> Place:
        """Start; say where."""
        endpoint = TCP4ServerEndpoint(self._reactor, 0, interface=LOOPBACK)
        self._port = await endpoint.listen(Factory.forProtocol(self._connected))
        address: Any = self._port.getHost()
        return Place(LOOPBACK, address.port)

    def overheard(self) -> tuple[Chunk, ...]:
        """What was said so far in the session that began last."""
        return tuple(self._sessions[-1].chunks) if self._sessions else ()

    async def close(self) -> None:
        """Listen no more; cut what is still connected."""
        if self._port is not None:
            closing = self._port.stopListening()
            if isinstance(closing, Deferred):
                await closing
        await gatherResults([session.cut() for session in self._sessions])

    def _connected(self) -> Protocol:
        session = _Session(self._reactor, self._beyond)
        self._sessions.append(session)
        return session.client


class _Session:
    """One client's connection and the one that goes on from there."""

    def __init__(self, reactor: Any, beyond: Place) -> None:
        self._reactor = reactor
        self._beyond = beyond
        self.chunks: list[Chunk] = []
        self.client = _End(self, "client")
        self.server = _End(self, "server")
        self._connecting: Deferred[Any] | None = None

    def cut(self) -> Deferred[list[None]]:
        """Break off both; fires when both are gone."""
        if self._connecting is not None:
            self._connecting.cancel()
        return gatherResults([end.cut() for end in (self.client, self.server)])

    def joined(self, end: _End) -> None:
        """The client is here: go and get the server. Both are here: let them speak."""
        if end is self.client:
            end.transport.pauseProducing()
            endpoint = TCP4ClientEndpoint(self._reactor, self._beyond.host, self._beyond.port)
            self._connecting = connectProtocol(endpoint, self.server)
            self._connecting.addErrback(self._nobody_there)
            return
        self._connecting = None
        # Who does not read makes the other wait, instead of the relay's memory grow.
        self.client.transport.registerProducer(self.server.transport, True)
        self.server.transport.registerProducer(self.client.transport, True)
        self.client.transport.resumeProducing()

    def said(self, end: _End, octets: bytes) -> None:
        self.chunks.append(Chunk(end.speaker, octets))
        self._other(end).transport.write(octets)

    def left(self, end: _End) -> None:
        self._other(end).hang_up()

    def _other(self, end: _End) -> _End:
        return self.server if end is self.client else self.client

    def _nobody_there(self, failure: Failure) -> None:
        self._connecting = None
        self.client.transport.abortConnection()


class _End(Protocol):
    """The wire to one of the two."""

    transport: Any  # TCP: no one interface has all that is asked of it here

    def __init__(self, session: _Session, speaker: Speaker) -> None:
        self.speaker = speaker
        self._session = session
        self._gone: list[Deferred[None]] = []

    def connectionMade(self) -> None:
        self._session.joined(self)

    def dataReceived(self, data: bytes) -> None:
        self._session.said(self, data)

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.connected = 0
        self._session.left(self)
        for waiting in self._gone:
            waiting.callback(None)

    def hang_up(self) -> None:
        """Close when everything is written."""
        if self.connected:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def cut(self) -> Deferred[None]:
        """Close now; fires when it is closed."""
        gone: Deferred[None] = Deferred()
        if self.connected:
            self._gone.append(gone)
            self.transport.abortConnection()
        else:
            gone.callback(None)
        return gone
