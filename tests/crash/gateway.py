"""The gateway that is killed: one configuration, one mail root, and a process after the other."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Final

from tests.crash.messages import DOMAIN, PASSWORD, USERS
from tests.e2e.daemon import PATIENCE_SECONDS, twistd

HOST: Final = "127.0.0.1"
CONFIGURATION: Final = """\
hostname = "mx.example.test"
state = "state"
[smtp]
listen = ["tcp:{smtp}:interface={host}"]
[pop3]
listen = ["tcp:{pop3}:interface={host}"]
allow_plaintext = true
[limits]
transactions = 1000000
[log]
level = "warn"
"""
_TRACEBACK: Final = re.compile(r"^.*(?:Traceback|Unhandled|\[(?:error|critical)\]).*$", re.MULTILINE)
_GLANCE_SECONDS: Final = 0.005
COMMITTER: Final = b"mailgate.store.maildir.commit_process"  # in its command line


class CannotStart(Exception):
    """No 220 came; the message has the log."""


class Gateway:
    """`start` and `kill` it, any number of times."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.mail = directory / "state" / "mail" / DOMAIN
        self.smtp, self.pop3 = _free_ports(2)
        domain = directory / "state" / "domains" / DOMAIN
        domain.mkdir(parents=True)
        (domain / "users").write_text("".join(f"{user.split('@')[0]}:{{PLAIN}}{PASSWORD}\n" for user in USERS))
        text = CONFIGURATION.format(smtp=self.smtp, pop3=self.pop3, host=HOST)
        (directory / "mailgate.toml").write_text(text)
        self._log = directory / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, sync: str = "auto") -> float:
        """Give the seconds until a client has heard 220. Raises `CannotStart`."""
        self.launch(sync)
        began = time.monotonic()
        while not self._greets():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() - began > PATIENCE_SECONDS:
                raise CannotStart(self._log.read_text(errors="replace")[-2000:])
            time.sleep(_GLANCE_SECONDS)
        return time.monotonic() - began

    def launch(self, sync: str = "auto") -> None:
        """Start it without waiting for anything."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*twistd(), "-n", "--pidfile=", "mailgate", "--config", "mailgate.toml", "--set", f"store.sync={sync}"],
                cwd=self.directory,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def kill_committer(self) -> bool:
        """SIGKILL for the process that commits, and for nobody else. Was there one?"""
        assert self._process is not None
        for children in Path(f"/proc/{self._process.pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # whoever has just gone is not there
                for child in children.read_text().split():
                    if COMMITTER in Path(f"/proc/{child}/cmdline").read_bytes():
                        os.kill(int(child), signal.SIGKILL)
                        return True
        return False

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_SECONDS)
            self._process = None

    def complaints(self) -> list[str]:
        """The lines of the log that tell of a bug."""
        return _TRACEBACK.findall(self._log.read_text(errors="replace"))

    def _greets(self) -> bool:
        try:
            with socket.create_connection((HOST, self.smtp), timeout=PATIENCE_SECONDS) as client:
                return client.recv(3) == b"220"
        except ConnectionError:
            return False


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
