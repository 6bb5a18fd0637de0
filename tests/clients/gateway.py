"""The gateway that the clients speak to, and the way back: what it keeps, fetched by POP3."""

from __future__ import annotations

import poplib
import re
import ssl
from pathlib import Path
from typing import Final

from tests.clients.authority import Authority
from tests.clients.modes import HOST, MODES, PASSWORD
from tests.e2e.daemon import PATIENCE_SECONDS, Daemon

ANY_PORT: Final = "tcp:0:interface=127.0.0.1"
CONFIGURATION: Final = """\
hostname = "mx.example.test"
state = "state"
[tls]
certificate = "tls/cert.pem"
key = "tls/key.pem"
[smtp]
listen = ["{any}"]
[submission]
listen = ["{any}"]
listen_tls = ["{any}"]
allow_plaintext = true
[lmtp]
listen = ["unix:{socket}:mode=666", "{any}"]
[pop3]
listen = ["{any}"]
listen_tls = ["{any}"]
[limits]
exempt = ["127.0.0.0/8"]
[[handler]]
use = "loop-guard"
"""
USERS: Final = f"alice:{{PLAIN}}{PASSWORD}\nbob:{{PLAIN}}{PASSWORD}\n"
# What stands in front of a message that was sent: ours, and the Received of a server that passed it on.
_TRACE: Final = re.compile(rb"(?:(?:Return-Path|Delivered-To|Received):[^\r]*\r\n(?:[ \t][^\r]*\r\n)*)+")
_LONGEST_LINE: Final = 100_000


class Running:
    """A running gateway of its own, under `directory`."""

    def __init__(self, directory: Path) -> None:
        self.socket = str(directory / "lmtp")
        authority = Authority("CA of a test run")
        self.ca = authority.write(directory / "ca.pem")
        self.stranger = Authority("CA of somebody else").write(directory / "stranger.pem")
        self._lay_out(directory, authority)
        self.daemon = Daemon([], directory)
        self.daemon.wait_for(r"pop3\.listen_tls")
        self._tls = ssl.create_default_context(cafile=self.ca)
        poplib._MAXLINE = _LONGEST_LINE  # type: ignore[attr-defined]  # poplib takes no more than 2,048 octets a line

    def _lay_out(self, directory: Path, authority: Authority) -> None:
        state = directory / "state"
        for domain in ("example.test", *(mode.domain for mode in MODES)):
            (state / "domains" / domain).mkdir(parents=True)
            (state / "domains" / domain / "users").write_text(USERS)
        (state / "tls").mkdir()
        authority.issue(state / "tls" / "cert.pem", state / "tls" / "key.pem")
        (directory / "mailgate.toml").write_text(CONFIGURATION.format(any=ANY_PORT, socket=self.socket))

    def fetch(self, user: str) -> list[bytes]:
        """All that `user` has, with CRLF line ends; it is removed."""
        port = self.daemon.ports["pop3.listen_tls"]
        box = poplib.POP3_SSL(HOST, port, timeout=PATIENCE_SECONDS, context=self._tls)
        box.user(user)
        box.pass_(PASSWORD)
        messages = []
        for number in range(1, box.stat()[0] + 1):
            messages.append(b"".join(line + b"\r\n" for line in box.retr(number)[1]))
            box.dele(number)
        box.quit()
        return messages

    def stop(self) -> None:
        """End it."""
        self.daemon.stop()


def without_trace(message: bytes) -> bytes:
    """The message as it was sent: without what servers put in front of it."""
    found = _TRACE.match(message)
    return message if found is None else message[found.end() :]
