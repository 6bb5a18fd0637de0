"""SIGTERM: a message that is on its way is finished, anything new is refused with 421."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.e2e.daemon import ENDED, Daemon, development


class Client:
    """A socket that speaks line by line, because no library lets one stop in the midst of a message."""

    def __init__(self, daemon: Daemon) -> None:
        self._socket = socket.create_connection(("127.0.0.1", daemon.ports["smtp.listen"]), timeout=10)
        self._stream = self._socket.makefile("rwb")

    def say(self, data: bytes) -> None:
        self._stream.write(data)
        self._stream.flush()

    def hear(self) -> bytes:
        return self._stream.readline()

    def ask(self, line: bytes) -> bytes:
        self.say(line + b"\r\n")
        return self.hear()

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


def test_a_message_on_its_way_is_finished_and_new_ones_are_refused(tmp_path: Path) -> None:
    daemon = development(tmp_path, "--set", f'store.directory="{tmp_path}/mail"')
    idle, busy = Client(daemon), Client(daemon)
    for client in (idle, busy):
        assert client.hear().startswith(b"220 ")
        assert client.ask(b"HELO client").startswith(b"250 ")
    assert busy.ask(b"MAIL FROM:<a@example.org>").startswith(b"250 ")
    assert busy.ask(b"RCPT TO:<b@example.org>").startswith(b"250 ")
    assert busy.ask(b"DATA").startswith(b"354 ")
    busy.say(b"Subject: half\r\n\r\nof it\r\n")
    daemon.terminate()
    assert idle.hear().startswith(b"421 4.3.2 ")
    assert idle.hear() == b""
    assert busy.ask(b".").startswith(b"250 2.0.0 ")
    assert busy.hear().startswith(b"421 4.3.2 ")
    for client in (idle, busy):
        client.close()
    assert daemon.stop() in ENDED
    (file,) = tmp_path.glob("mail/example.org/b/new/*")
    assert file.read_bytes().endswith(b"\nSubject: half\n\nof it\n")


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    daemon = development(tmp_path)
    busy = Client(daemon)
    busy.hear()
    busy.ask(b"HELO client")
    busy.ask(b"MAIL FROM:<a@example.org>")
    busy.ask(b"RCPT TO:<b@example.org>")
    assert busy.ask(b"DATA").startswith(b"354 ")
    daemon.terminate()
    assert "ending 1 sessions" in daemon.wait_for_error("ending")
    daemon.terminate()
    with pytest.raises(ConnectionResetError):
        busy.hear()
    assert daemon.stop() in ENDED
    assert "Traceback" not in daemon.error.text()
