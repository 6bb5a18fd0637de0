"""The way out of a connection: what is said in one turn leaves as one write, and at once where the system takes it.

Twisted's transports only ever put octets into a buffer and ask the reactor to call back, which costs a reply three
system calls more than sending it. What the system does not take goes that way.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import tcp


class Outlet:
    """Gathers octets for a transport until they are to go."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        # By its class, not by what it can do: TLS in front of a socket lends out the socket's abilities, and what is
        # sent by these goes in clear.
        self._is_socket = isinstance(transport, tcp.Connection)
        self._gathered: list[bytes] = []

    def write(self, data: bytes) -> None:
        """These octets are next."""
        self._gathered.append(data)

    def flush(self) -> None:
        """Let go what was gathered."""
        gathered = self._gathered
        if not gathered:
            return
        data = gathered[0] if len(gathered) == 1 else b"".join(gathered)
        self._gathered = []
        sent = self._send(data) if self._may_send() else 0
        if sent < len(data):
            self._transport.write(data[sent:] if sent else data)

    def discard(self) -> None:
        """Forget what was gathered: nobody will read it."""
        self._gathered = []

    def _may_send(self) -> bool:
        transport = self._transport
        return (
            self._is_socket
            and transport.connected
            and not transport.TLS
            and not transport.dataBuffer
            and not transport._tempDataBuffer
        )

    def _send(self, data: bytes) -> int:
        """How many octets the system has taken."""
        sent: int | Exception = self._transport.writeSomeData(data)
        # That the connection is lost is for the transport to find out, and to say, in its own time.
        return sent if isinstance(sent, int) else 0
