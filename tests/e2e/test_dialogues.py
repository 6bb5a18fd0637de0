"""The scripts of tests/dialogues, played against the real daemon over real sockets, TLS included."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dialogues.runner import Mismatch, Script, play, scripts
from tests.e2e.conftest import lay_out
from tests.e2e.daemon import Daemon

PATIENCE_SECONDS = 10
Start = Callable[[bool], Daemon]


class SocketPeer:
    """A client with a socket."""

    def __init__(self, port: int, tls: ssl.SSLContext) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self._tls = tls
        self._unread = b""

    def send(self, octets: bytes) -> None:
        self._socket.sendall(octets)

    def line(self) -> str:
        while b"\r\n" not in self._unread:
            if not (octets := self._socket.recv(65_536)):
                raise Mismatch(f"expected a line, got {self._unread!r} and the end")
            self._unread += octets
        line, _, self._unread = self._unread.partition(b"\r\n")
        return line.decode()

    def start_tls(self) -> None:
        self._socket = self._tls.wrap_socket(self._socket)

    def wait(self, seconds: float) -> None:
        raise NotImplementedError("there is no time for that")

    def stop(self) -> None:
        raise NotImplementedError("other scripts need the daemon")

    def finish(self, *, closed: bool) -> None:
        if not closed:
            # The server has nothing more to say if it answers the next command and nothing else.
            self.send(b"NOOP\r\n")
            self.line()
            self._socket.close()
            if self._unread:
                raise Mismatch(f"nobody expected {self._unread!r}")
        elif rest := self._unread + self._socket.recv(65_536):
            raise Mismatch(f"nobody expected {rest!r}")
        self._socket.close()


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Gives the house of the dialogues' README, with or without passwords before TLS; each is started once."""
    running: dict[bool, Daemon] = {}

    def started(allow_plaintext: bool) -> Daemon:
        if allow_plaintext not in running:
            directory = tmp_path_factory.mktemp("house")
            lay_out(directory)
            users = directory / "state" / "domains" / "example.test" / "users"
            users.write_text("alice:{PLAIN}secret\nbob:{PLAIN}secret\n")
            allow = str(allow_plaintext).lower()
            sections = ("submission", "pop3")
            words = [word for name in sections for word in ("--set", f"{name}.allow_plaintext={allow}")]
            running[allow_plaintext] = Daemon(words, directory)
            running[allow_plaintext].wait_for(r"pop3\.listen_tls")
        return running[allow_plaintext]

    yield started
    for daemon in running.values():
        daemon.stop()


def fill(daemon: Daemon, messages: tuple[bytes, ...]) -> None:
    """Alice's maildrop, as another program would fill it."""
    mail = daemon.directory / "state" / "mail" / "example.test"
    shutil.rmtree(mail, ignore_errors=True)
    new = mail / "alice" / "new"
    new.mkdir(parents=True)
    for number, content in enumerate(messages, 1):
        Path(new, f"{number}.somebody.else").write_bytes(content)


PLAYABLE = [script for script in scripts() if not script.memory_only]


@pytest.mark.parametrize("script", PLAYABLE, ids=lambda script: script.name)
def test_dialogue(script: Script, start: Start, trusting: ssl.SSLContext) -> None:
    daemon = start(script.allow_plaintext)
    if script.listener == "pop3":
        fill(daemon, script.messages)
    play(script, SocketPeer(daemon.ports[f"{script.listener}.listen"], trusting))
