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
        self.octets = 0  # of all that was written

    def write(self, data: bytes) -> None:
        """These octets are next."""
        if data:
            self.octets += len(data)
            self._gathered.append(data)

    def flush(self) -> None:
        """Let go what was gathered."""
        if not self._gathered:
            return
        data = b"".join(self._gathered)
        self._gathered = []
        sent = self._send(data)
        if sent < len(data):
            self._transport.write(data[sent:])

    def discard(self) -> None:
        """Forget what was gathered: nobody will read it."""
        self._gathered = []

    def _send(self, data: bytes) -> int:
        """How many octets the system has taken; none where others are to go first, or it is not for us to send."""
        transport = self._transport
        if (
            not self._is_socket
            or not transport.connected
            or transport.TLS
            or transport.dataBuffer
            or transport._tempDataBuffer
        ):
            return 0
        sent: int | Exception = transport.writeSomeData(data)
        # That the connection is lost is for the transport to find out, and to say, in its own time.
        return sent if isinstance(sent, int) else 0
