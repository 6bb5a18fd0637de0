"""A gateway with a maildrop for every client in every way, each filled with the awkward messages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.clients.authority import Authority
from tests.clients.awkward import as_files
from tests.clients.modes import PASSWORD
from tests.clients.reception import Tls
from tests.e2e.daemon import Daemon

DOMAIN: Final = "example.test"
CONFIGURATION: Final = """\
hostname = "mx.example.test"
state = "state"
[tls]
certificate = "tls/cert.pem"
key = "tls/key.pem"
[pop3]
listen = ["tcp:0:interface=127.0.0.1"]
listen_tls = ["tcp:0:interface=127.0.0.1"]
allow_plaintext = {clear}
"""
_FIRST: Final = 1_700_000_000  # when the first message came, Unix time


class Keeper:
    """A running gateway under `directory`. It takes a password in clear if `clear`; if not, a client must have TLS."""

    def __init__(self, directory: Path, users: Iterable[str], *, clear: bool) -> None:
        directory.mkdir()
        authority = Authority("CA of a test run")
        self.ca = authority.write(directory / "ca.pem")
        self.stranger = Authority("CA of somebody else").write(directory / "stranger.pem")
        self._mail = directory / "state" / "mail" / DOMAIN
        (directory / "state" / "tls").mkdir(parents=True)
        authority.issue(directory / "state" / "tls" / "cert.pem", directory / "state" / "tls" / "key.pem")
        (directory / "mailgate.toml").write_text(CONFIGURATION.format(clear=str(clear).lower()))
        accounts = directory / "state" / "domains" / DOMAIN
        accounts.mkdir(parents=True)
        accounts.joinpath("users").write_text("".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in users))
        for user in users:
            self._fill(user)
        self.daemon = Daemon([], directory)
        self.daemon.wait_for(r"pop3\.listen_tls")

    def port(self, tls: Tls) -> int:
        """Of the listener for this."""
        return self.daemon.ports["pop3.listen_tls" if tls == "implicit" else "pop3.listen"]

    def left(self, user: str) -> int:
        """How many messages there are."""
        return sum(1 for folder in ("new", "cur") for _ in (self._mail / user / folder).iterdir())

    def stop(self) -> None:
        """End it."""
        self.daemon.stop()

    def _fill(self, user: str) -> None:
        for folder in ("new", "cur", "tmp"):
            (self._mail / user / folder).mkdir(parents=True)
        for number, octets in enumerate(as_files()):
            (self._mail / user / "new" / f"{_FIRST + number}.{number}.somewhere").write_bytes(octets)
