"""Clients behind a proxy: the PROXY header is read before there is a session, as a server that speaks first must.

"The receiver MUST NOT start processing the connection before it receives a complete and valid PROXY protocol header"
(proxy-protocol.txt 2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IDelayedCall, IProtocol, IProtocolFactory, IReactorTime
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from mailgate.facts import TurnedAway
from mailgate.wire.proxy import Header, ProxyFault, ProxyReader

HEADER_SECONDS: Final = 10.0  # for a header; three at least, one lost segment long (2)


@implementer(IProtocolFactory)
class ProxiedFactory:
    """Lets `inner` build for the client that a proxy names.

    A peer that is `trusted` must send a header first; whether there is one is never guessed (2). Any other peer goes
    straight in, and a header of its is a wrong command like another. The protocol learns the client's address from
    `buildProtocol`; its transport's `getPeer` goes on telling the proxy's.

    Who waits for a header is not yet a client, and no admission counts it; so it is counted here.
    """

    def __init__(
        self,
        inner: IProtocolFactory,
        trusted: Callable[[str], bool],
        listener: str,
        clock: IReactorTime,
        tell: Callable[[TurnedAway], None],
        seconds: float = HEADER_SECONDS,
        waiting: int = 0,
    ) -> None:
        """`trusted` is asked with the peer's address, `local` for one without. `seconds` is the time for a header. The
        session's own time begins behind it, so a client has both together: give no more than the session gives for
        its greeting. `waiting` is how many may be without their header at a time, 0 any number; one more is cut.
        """
        self._inner = inner
        self._trusted = trusted
        self._listener = listener
        self._clock = clock
        self._tell = tell
        self._seconds = seconds
        self._most_waiting = waiting
        self._waiting: set[Introduction] = set()

    def doStart(self) -> None:
        self._inner.doStart()

    def doStop(self) -> None:
        """The port is closed: nothing new begins, and who has not said its header has no session that could end."""
        for introduction in tuple(self._waiting):
            introduction.abort()
        self._inner.doStop()

    def buildProtocol(self, addr: IAddress) -> IProtocol | None:
        peer = str(getattr(addr, "host", "local"))
        if not self._trusted(peer):
            return self._inner.buildProtocol(addr)

        def build(header: Header) -> IProtocol | None:
            return self._inner.buildProtocol(addr if header.source is None else _address(*header.source))

        def turn_away(reason: str) -> None:
            self._tell(TurnedAway(listener=self._listener, client=peer, reason=reason))

        if self._most_waiting and len(self._waiting) >= self._most_waiting:
            turn_away(f"too many connections without a PROXY header ({self._most_waiting})")
            return None
        introduction = Introduction(build, turn_away, self._clock, self._seconds, self._waiting.discard)
        self._waiting.add(introduction)
        return introduction


class Introduction(Protocol):
    """A connection up to its header. Then the transport gets the protocol of the session instead, as `startTLS` does
    it, and nothing of this stays in the way.
    """

    def __init__(
        self,
        build: Callable[[Header], IProtocol | None],
        turn_away: Callable[[str], None],
        clock: IReactorTime,
        seconds: float,
        done: Callable[[Introduction], None],
    ) -> None:
        self._reader = ProxyReader()
        self._build = build
        self._turn_away = turn_away
        self._done = done
        self._clock = clock
        self._seconds = seconds
        self._timer: IDelayedCall | None = None
        self._over = False

    def connectionMade(self) -> None:
        self._timer = self._clock.callLater(self._seconds, self._fail, f"no PROXY header within {self._seconds:g} s")

    def dataReceived(self, data: bytes) -> None:
        if self._over:
            return
        try:
            header = self._reader.feed(data)
        except ProxyFault as fault:
            self._fail(str(fault))
            return
        if header is not None:
            self._finish()
            self._hand_over(header)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self._finish()  # a proxy that only looks whether somebody is there is not worth a word

    def abort(self) -> None:
        """Cut the connection."""
        self._finish()
        self.transport.abortConnection()  # type: ignore[union-attr]

    def _fail(self, reason: str) -> None:
        self.abort()
        self._turn_away(reason)

    def _finish(self) -> None:
        self._over = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._done(self)

    def _hand_over(self, header: Header) -> None:
        transport: Any = self.transport
        protocol = self._build(header)
        if protocol is None:
            transport.abortConnection()
            return
        transport.protocol = protocol
        protocol.makeConnection(transport)
        if rest := self._reader.rest:
            protocol.dataReceived(rest)


def _address(host: str, port: int) -> IAddress:
    return IPv6Address("TCP", host, port) if ":" in host else IPv4Address("TCP", host, port)
