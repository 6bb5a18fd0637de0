"""Looks at the certificate of a port, by the standard library's TLS: a stranger to that of the gateway."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from mailgate.cli.tls_reaching import Dialogue, Door, careless, connect, introduce

LINE_OCTETS: Final = 4096
BEGINNINGS: Final[Mapping[Dialogue, str]] = {"tls": "TLS", "smtp": "STARTTLS", "lmtp": "STARTTLS", "pop3": "STLS"}


class NobodyThere(Exception):
    """There is no connection; the message says why."""


class NoTLS(Exception):
    """The server did not begin TLS; the message says what it did instead."""


@frozen
class Served:
    """What a port has shown."""

    certificate: bytes  # DER
    protocol: str
    cipher: str
    distrust: str  # why the system's authorities do not vouch for it and the name that was asked for; empty: they do


def probe(door: Door, name: str, connect: Callable[[Door], socket.socket] = connect) -> Served:
    """What the port shows to a client that asks for `name` (empty: for none). Raises `NobodyThere`, `NoTLS`, and
    OSError if the connection breaks.

    The authorities are the system's, or those of $SSL_CERT_FILE. Who is not vouched for is asked once more, by a client
    that believes anybody.
    """
    careful = ssl.create_default_context()
    careful.check_hostname = bool(name)
    try:
        return _meet(door, name, careful, connect, "")
    except ssl.SSLCertVerificationError as error:
        distrust = error.verify_message
    return _meet(door, name, careless(), connect, distrust)


def _meet(
    door: Door, name: str, context: ssl.SSLContext, connect: Callable[[Door], socket.socket], distrust: str
) -> Served:
    with _connected(door, connect) as connection:
        introduce(door, connection)
        if door.dialogue != "tls":
            _ask_for_tls(connection, door.dialogue)
        with context.wrap_socket(connection, server_hostname=name or None) as secured:
            cipher = secured.cipher()
            served = Served(
                secured.getpeercert(True) or b"", secured.version() or "", cipher[0] if cipher else "", distrust
            )
            with contextlib.suppress(OSError, NoTLS):  # there is nothing more to learn
                _leave(secured, greeted=door.dialogue != "tls")
        return served


def _connected(door: Door, connect: Callable[[Door], socket.socket]) -> socket.socket:
    try:
        return connect(door)
    except OSError as error:
        raise NobodyThere(error.strerror or str(error)) from error


def _ask_for_tls(connection: socket.socket, dialogue: Dialogue) -> None:
    if dialogue == "pop3":
        _expect(connection, "+OK")
        connection.sendall(b"STLS\r\n")  # RFC 2595 section 4
        _expect(connection, "+OK")
        return
    _expect(connection, "220")
    connection.sendall((b"LHLO" if dialogue == "lmtp" else b"EHLO") + b" mailgate-tls-status\r\n")
    _expect(connection, "250")
    connection.sendall(b"STARTTLS\r\n")  # RFC 3207 section 4
    _expect(connection, "220")


def _leave(connection: socket.socket, *, greeted: bool) -> None:
    if not greeted:
        _line(connection)
    connection.sendall(b"QUIT\r\n")
    _line(connection)


def _expect(connection: socket.socket, beginning: str) -> None:
    line = _line(connection)
    while line[:3].isdigit() and line[3:4] == "-":  # RFC 5321 4.2.1: there is more of the reply
        line = _line(connection)
    if not line.startswith(beginning):
        raise NoTLS(f"it said {line!r}" if line else "it closed the connection")


def _line(connection: socket.socket) -> str:
    """Octet by octet: what comes behind the line may be TLS."""
    line = b""
    while not line.endswith(b"\n"):
        octet = connection.recv(1)
        if not octet:
            return ""
        line += octet
        if len(line) > LINE_OCTETS:
            raise NoTLS("it says lines without end")
    return line.decode("utf-8", "backslashreplace").rstrip("\r\n")
