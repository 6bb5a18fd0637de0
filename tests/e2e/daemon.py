"""A real gateway in a process of its own, started as a user starts it: `twistd -n mailgate …`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Final

ANY_PORT: Final = tuple(
    word
    for key in ("smtp.listen", "submission.listen", "submission.listen_tls", "pop3.listen", "pop3.listen_tls")
    for word in ("--set", f"{key}=tcp:0:interface=127.0.0.1")
)
PATIENCE_SECONDS: Final = 30
ENDED: Final = (0, -signal.SIGTERM)  # twistd, done with all else, ends by the signal it was sent
_LOGGED: Final = re.compile(r"listening on 127\.0\.0\.1:(?P<port>\d+) \((?P<name>.+)\)")
_SHOWN: Final = re.compile(r"^  (?P<name>\w+) +127\.0\.0\.1:(?P<port>\d+)")  # in the block of --dev
_LABELS: Final = {
    "SMTP": "smtp.listen",
    "submission": "submission.listen",
    "submissions": "submission.listen_tls",
    "POP3": "pop3.listen",
    "POP3S": "pop3.listen_tls",
}


class Daemon:
    """A running gateway. `ports` has each listener's port by its key, such as "pop3.listen_tls"."""

    def __init__(self, arguments: Sequence[str], directory: Path) -> None:
        self.directory = directory
        self._errors = directory / "stderr.log"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*twistd(), "-n", "--pidfile=", "mailgate", *arguments],
                cwd=directory,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.said: list[str] = []
        self.ports: dict[str, int] = {}
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        # A full pipe would make the gateway wait for its own log.
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, pattern: str) -> str:
        """The next line of standard output in which the pattern is found. Fails if the output ends first."""
        while (line := self._next()) is not None:
            if re.search(pattern, line):
                return line
        raise AssertionError(f"{pattern!r} never came; said: {''.join(self.said)} {self.errors()}")

    def _next(self) -> str | None:
        line = self._lines.get(timeout=PATIENCE_SECONDS)
        if line is not None:
            self.said.append(line)
            if (found := _LOGGED.search(line) or _SHOWN.search(line)) is not None:
                self.ports[_LABELS.get(found["name"], found["name"])] = int(found["port"])
        return line

    def errors(self) -> str:
        """Standard error so far."""
        return self._errors.read_text()

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """End it if it runs; give its exit status. `said` is complete then."""
        if self.process.poll() is None:
            self.terminate()
        try:
            status = self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join()
        while self._next() is not None:
            pass
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def twistd() -> list[str]:
    """The command, of the Python that runs the tests, whatever PATH says."""
    return [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]


def run_twistd(arguments: Sequence[str], directory: Path) -> subprocess.CompletedProcess[str]:
    """Run `twistd -n mailgate` to its end."""
    environment = {name: value for name, value in os.environ.items() if name != "MAILGATE_CONFIG"}
    return subprocess.run(
        [*twistd(), "-n", "--pidfile=", "mailgate", *arguments],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def development(directory: Path, *arguments: str) -> Daemon:
    """A gateway in development mode on free ports, with everything in the log."""
    daemon = Daemon(["--dev", "--keep=no", *ANY_PORT, *arguments], directory)
    daemon.wait_for("Stop  Ctrl-C")
    return daemon
