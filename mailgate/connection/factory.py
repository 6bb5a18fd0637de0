"""The connections of one listener, from the first to the common end."""

from __future__ import annotations

from typing import Generic, TypeVar

from twisted.internet.defer import DeferredList
from twisted.internet.interfaces import IAddress, IOpenSSLServerConnectionCreator, IReactorTime
from twisted.internet.protocol import Factory

from mailgate.clients import client_of
from mailgate.connection.connection import Connection
from mailgate.connection.contract import Build

R = TypeVar("R")


class ConnectionFactory(Factory, Generic[R]):
    """The connections of one listener, and their common end."""

    noisy = False

    def __init__(
        self,
        clock: IReactorTime,
        tls: IOpenSSLServerConnectionCreator | None,
        build: Build[R],
    ) -> None:
        """`build` makes machine and session for a client."""
        self._clock = clock
        self._tls = tls
        self._build = build
        self._open: set[Connection[R]] = set()

    def buildProtocol(self, addr: IAddress | None) -> Connection[R]:
        machine, session = self._build(client_of(addr), int(getattr(addr, "port", 0)))
        connection = Connection(machine, session, self._clock, self._tls, self._open.discard)
        self._open.add(connection)
        return connection

    @property
    def sessions(self) -> int:
        """How many there are now."""
        return len(self._open)

    async def drain(self, seconds: float) -> None:
        """End all sessions, idle ones at once, busy ones after what they are doing; cut those that take longer than
        `seconds`, and wait for their commits all the same.
        """
        connections = list(self._open)
        for connection in connections:
            connection.stop()
        cut = self._clock.callLater(seconds, self.cut)
        await DeferredList([connection.gone for connection in connections])
        if cut.active():
            cut.cancel()

    def cut(self) -> None:
        """Cut all connections; `drain` goes on waiting for their commits."""
        for connection in list(self._open):
            connection.abort()
