"""A client's end of a connection: lines out, replies in. SMTP and POP3, no more than the campaign needs."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Final

from tests.crash.gateway import HOST

REPLY_SECONDS: Final = 60


class Lost(ConnectionError):
    """The gateway is gone."""


class Unexpected(Exception):
    """The gateway said what it should not say; the message is what."""


class Wire:
    """A connection. Raises OSError, of which `Lost` is one, and `Unexpected`."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=REPLY_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = self._socket.makefile("rb")

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._input.close()
        self._socket.close()

    def send(self, octets: bytes) -> None:
        """All of it, when this returns, is the kernel's."""
        self._socket.sendall(octets)

    def line(self) -> bytes:
        """With its CRLF."""
        line = self._input.readline()
        if not line.endswith(b"\n"):
            raise Lost("in the middle of a line" if line else "between two lines")
        return line

    def reply(self, code: bytes) -> None:
        """Read an SMTP reply, which has to be that one (RFC 5321 4.2)."""
        line = self.line()
        while line[3:4] == b"-":
            line = self.line()
        if not line.startswith(code):
            raise Unexpected(line.decode(errors="replace").strip())

    def ok(self) -> bytes:
        """Read a POP3 status line, which has to be +OK (RFC 1939 section 3)."""
        line = self.line()
        if not line.startswith(b"+OK"):
            raise Unexpected(line.decode(errors="replace").strip())
        return line

    def lines(self) -> list[bytes]:
        """Read the lines of a multi-line response, without the stuffed dots (RFC 1939 section 3)."""
        lines = []
        while (line := self.line()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return lines
