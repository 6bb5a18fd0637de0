"""A listener, and a connection to it, up to where its own protocol begins."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Final, Literal

from attrs import frozen

from mailgate.short_paths import ShortPath

PATIENCE_SECONDS: Final = 10.0  # for each thing that the server says
# A proxy that speaks for itself (the PROXY protocol, 2.1): who connects is who it seems to be.
INTRODUCTION: Final = b"PROXY UNKNOWN\r\n"
Dialogue = Literal["tls", "smtp", "lmtp", "pop3"]


@frozen
class Door:
    """A port, and how TLS begins there."""

    key: str  # under which the listener stands in the configuration
    host: str  # or the path of a UNIX socket
    port: int  # 0 for a UNIX socket
    dialogue: Dialogue
    is_proxy: Callable[[str], bool] = lambda _: False  # does one with this address have to say for whom it connects?

    @property
    def place(self) -> str:
        """For people."""
        if not self.port:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def connect(door: Door) -> socket.socket:
    """Raises OSError."""
    if door.port:
        return socket.create_connection((door.host, door.port), PATIENCE_SECONDS)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with ShortPath(door.host) as path:
            connection.connect(path)
        connection.settimeout(PATIENCE_SECONDS)
    except OSError:
        connection.close()
        raise
    return connection


def comes_as_proxy(door: Door, connection: socket.socket) -> bool:
    """Does the listener take this end of a connection for a proxy?"""
    return door.is_proxy(_own_address(connection))


def introduce(door: Door, connection: socket.socket) -> None:
    """Say who comes, where the listener waits to hear it. Raises OSError."""
    if comes_as_proxy(door, connection):
        connection.sendall(INTRODUCTION)


def careless() -> ssl.SSLContext:
    """Takes any certificate: for a look at it, and for what is compared with one that we know."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _own_address(connection: socket.socket) -> str:
    """As lists of networks have it."""
    from mailgate.limits.networks import LOCAL

    return LOCAL if connection.family == socket.AF_UNIX else str(connection.getsockname()[0])
