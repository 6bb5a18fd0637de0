"""A server for the clients of `mailgate self-test`: it hears and says what a script has, at the other end of a pair."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from mailgate.cli.self_test_trust import Trust
from mailgate.cli.tls_reaching import Dialogue, Door
from tests.tls.support import DAY, Disk, certificate

Step = tuple[bytes, bytes]  # what it wants to hear, and says then
TLS = b"TLS"  # is said by shaking hands
DOT = b"."  # is heard once a message is over
PATIENCE_SECONDS = 5


class Host:
    """Serves one connection a script, in their order; `heard` are all lines, `problems` what was not in the script."""

    def __init__(self, directory: Path) -> None:
        now = time.time()
        self.pem = certificate("mx.test", begins=now - DAY, ends=now + DAY)
        self.pair = Disk(directory).pair(self.pem)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.pair.files.certificate, self.pair.files.key)
        self.heard: list[bytes] = []
        self.problems: list[str] = []
        self._scripts: list[Sequence[Step]] = []
        self._threads: list[threading.Thread] = []

    def trust(self) -> Trust:
        """That of a client who knows the certificate."""
        return Trust("mx.test", ssl.create_default_context(cafile=self.pair.files.certificate))

    def will(self, *steps: Step) -> None:
        """The script of the next connection."""
        self._scripts.append(steps)

    def connect(self, _: Door) -> socket.socket:
        """Instead of `tls_reaching.connect`."""
        if not self._scripts:
            raise ConnectionRefusedError(111, "Connection refused")
        here, there = socket.socketpair()
        there.settimeout(PATIENCE_SECONDS)
        thread = threading.Thread(target=self._serve, args=(there, self._scripts.pop(0)))
        self._threads.append(thread)
        thread.start()
        return here

    def end(self) -> None:
        """Wait for all of it; every line was in the scripts."""
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
        assert self.problems == []

    def _serve(self, connection: socket.socket, script: Sequence[Step]) -> None:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            stack.callback(lambda: connection.close())
            for want, say in script:
                if not self._hear(connection, want):
                    return
                if say == TLS:
                    connection = self.context.wrap_socket(connection, server_side=True)
                else:
                    connection.sendall(say)

    def _hear(self, connection: socket.socket, want: bytes) -> bool:
        if not want:
            return True
        while line := _line(connection):
            self.heard.append(line)
            if want != DOT or line == b".\r\n":
                break
        if line and not line.upper().startswith(want.upper()):
            self.problems.append(f"{line!r} is not {want!r}")
        return bool(line)


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and (octet := connection.recv(1)):
        line += octet
    return line


def door(key: str, dialogue: Dialogue, port: int = 2525) -> Door:
    """One on this machine."""
    return Door(key, "127.0.0.1", port, dialogue)
