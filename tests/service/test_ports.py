"""Opening ports; what a gateway does with them is in test_gateway."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from mailgate.service.ports import UNSENT_OCTETS, Ports


class Reactor(MemoryReactorClock):
    """Its ports have real sockets."""

    def __init__(self, listening: socket.socket) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._listening = listening

    def listenTCP(self, *rest: Any, **more: Any) -> Any:
        port = super().listenTCP(*rest, **more)  # type: ignore[no-untyped-call]
        return SimpleNamespace(getHost=port.getHost, stopListening=port.stopListening, socket=self._listening)


def test_the_kernel_keeps_little_for_who_does_not_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Ports(Reactor(listening)).open("smtp.listen", "tcp:2525:interface=127.0.0.1", Factory())
        client = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
        with client, accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == UNSENT_OCTETS
