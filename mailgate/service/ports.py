"""Opening and closing the ports of a gateway."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any, Final

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.tcp import Port
from twisted.logger import Logger
from twisted.python.failure import Failure

from mailgate.config import with_backlog
from mailgate.config.listeners import without_lock
from mailgate.faults import Fault
from mailgate.service.sockets import make_way

log = Logger(namespace="mailgate.service")

# What the kernel takes of our answers before they are sent. Left to itself it takes megabytes for a peer that does not
# read, which would not be noticed here, and which it keeps when the connection is closed.
UNSENT_OCTETS: Final = 131_072
_NOT_SENT: Final = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # Linux and macOS have it

_HINTS: Final = {
    errno.EADDRINUSE: "is another server running there?",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "ports below 1024 are root's: start as root with --uid and --gid, or let systemd open them",
}


class CannotListen(Exception):
    """A port cannot be opened; `fault` says which and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@frozen
class Listening:
    """A port that is open."""

    key: str  # under which the listener stands in the configuration: "pop3.listen_tls"
    host: str  # or the path of a UNIX socket
    port: int  # 0 for a UNIX socket

    @property
    def place(self) -> str:
        """Host and port as URLs have them, or the path."""
        if not self.port:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.place} ({self.key})"


class Ports:
    """The ports that are open."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._open: dict[Listening, IListeningPort] = {}

    @property
    def listening(self) -> tuple[Listening, ...]:
        """The ports that are open, in the order in which they were opened."""
        return tuple(self._open)

    def open(self, key: str, listener: str, factory: IProtocolFactory) -> Listening:
        """Open the port of a listener, an endpoint string. Raises `CannotListen`. What a killed server has left of a
        UNIX socket is removed.
        """
        if fault := make_way(f"{key} = {listener}", listener):
            raise CannotListen(fault)
        endpoint = serverFromString(self._reactor, with_backlog(without_lock(listener)))
        # Twisted's server endpoints listen at once or fail at once; which is as well, as the privileges go next.
        results: list[Any] = []
        endpoint.listen(factory).addBoth(results.append)
        if not results or isinstance(results[0], Failure):
            error = results[0].value if results else None
            raise CannotListen(_refusal(key, listener, error)) from error
        return self._note(key, results[0])

    async def close(self, *listening: Listening) -> None:
        """Close these, or all."""
        ports = [self._open.pop(place) for place in listening or self.listening if place in self._open]
        await DeferredList([Deferred.fromCoroutine(_closed(port)) for port in ports])

    def _note(self, key: str, port: IListeningPort) -> Listening:
        listening = getattr(port, "socket", None)
        if _NOT_SENT is not None and listening is not None and listening.family != socket.AF_UNIX:
            listening.setsockopt(socket.IPPROTO_TCP, _NOT_SENT, UNSENT_OCTETS)  # accepted sockets inherit it
        address = port.getHost()
        host = getattr(address, "host", None) or os.fsdecode(getattr(address, "name", b""))
        place = Listening(key, host, int(getattr(address, "port", 0)))
        self._open[place] = port
        log.info("listening on {listening}", listening=place)
        return place


def _refusal(key: str, listener: str, error: BaseException | None) -> Fault:
    cause = error.socketError if isinstance(error, CannotListenError) else error
    hint = _HINTS.get(getattr(cause, "errno", None) or 0, "")
    if listener.startswith("unix:"):
        hint = ""  # what a UNIX socket lacks is no port, and whether another server is there was seen to
    return Fault(f"{key} = {listener}", str(getattr(cause, "strerror", None) or cause), hint)


async def _closed(port: Any) -> None:
    try:
        await maybeDeferred(port.stopListening)
    except OSError as error:
        # Twisted removes a UNIX socket first, and goes no further if it cannot: the file is gone, or in a directory
        # that is not ours since the privileges went. Nobody shall be left waiting at a socket that nobody serves.
        Port.connectionLost(port, Failure(ConnectionDone()))
        if not isinstance(error, FileNotFoundError):
            path = os.fsdecode(error.filename)
            log.warn("{path} cannot be removed: {reason}; the next start does it", path=path, reason=error.strerror)
