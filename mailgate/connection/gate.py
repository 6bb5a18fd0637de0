"""Turns clients away before there is anything of a session, TLS included, and counts those that are in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IAddress, IDelayedCall, IProtocol, IProtocolFactory, IReactorTime, ITransport
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from mailgate.clients import client_of
from mailgate.facts import TurnedAway

REFUSE_SECONDS: Final = 5.0  # how long the refusal may take to be sent

Leave = Callable[[], None]
# For a client's address and the listener it comes to: what to call when it leaves, or why it may not come in.
Enter = Callable[[str, str], Leave | str]


@implementer(IProtocolFactory)
class Gate:
    """Asks `enter` before `inner` builds anything.

    It wants to know when the connection is over, however many layers come and go meanwhile (implicit TLS inside of
    it, STARTTLS around it). So it stands between transport and protocol, but in the way of nothing: the protocol has
    the transport itself, and the transport calls the protocol's own `dataReceived`. Protocols that close one
    direction alone, or want to hear of handshakes, are not for it: it hides what else the protocol provides.
    """

    def __init__(
        self,
        inner: IProtocolFactory,
        enter: Enter,
        refusal: Callable[[str], bytes],
        listener: str,
        clock: IReactorTime,
        tell: Callable[[TurnedAway], None],
    ) -> None:
        """`refusal` gives what a client hears for a reason of `enter`; empty: nothing, as before TLS, and it is cut."""
        self._inner = inner
        self._enter = enter
        self._refusal = refusal
        self._listener = listener
        self._clock = clock
        self._tell = tell

    def doStart(self) -> None:
        self._inner.doStart()

    def doStop(self) -> None:
        self._inner.doStop()

    def buildProtocol(self, addr: IAddress) -> IProtocol | None:
        client = client_of(addr)
        leave = self._enter(client, self._listener)
        if isinstance(leave, str):
            self._tell(TurnedAway(listener=self._listener, client=client, reason=leave))
            refusal = self._refusal(leave)
            return Refuser(refusal, self._clock) if refusal else None
        protocol = None
        try:
            protocol = self._inner.buildProtocol(addr)
        finally:
            if protocol is None:
                leave()
        return None if protocol is None else Visit(protocol, leave)


@implementer(IProtocol)
class Visit:
    """A connection that was let in; says when it is over."""

    __slots__ = ("_leave", "_protocol", "dataReceived")

    def __init__(self, protocol: IProtocol, leave: Leave) -> None:
        self._protocol = protocol
        self._leave = leave
        self.dataReceived = protocol.dataReceived

    def makeConnection(self, transport: ITransport) -> None:
        self._protocol.makeConnection(transport)

    def connectionMade(self) -> None:
        """`makeConnection` has told the protocol."""

    def connectionLost(self, reason: Failure) -> None:
        try:
            self._protocol.connectionLost(reason)
        finally:
            self._leave()


class Refuser(Protocol):
    """Says one thing and closes. Reads nothing."""

    def __init__(self, refusal: bytes, clock: IReactorTime) -> None:
        self._refusal = refusal
        self._clock = clock
        self._abort: IDelayedCall | None = None

    def connectionMade(self) -> None:
        transport: Any = self.transport
        self._abort = self._clock.callLater(REFUSE_SECONDS, transport.abortConnection)
        transport.write(self._refusal)
        transport.loseConnection()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        if self._abort is not None and self._abort.active():
            self._abort.cancel()
