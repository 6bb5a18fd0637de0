"""A real gateway in a process of its own, started as a user starts it: `twistd -n mailgate …`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Final

ANY_PORT: Final = tuple(
    word
    for key in (
        "smtp.listen",
        "submission.listen",
        "submission.listen_tls",
        "pop3.listen",
        "pop3.listen_tls",
        "http.listen",
    )
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
    "HTTP": "http.listen",
}


class Stream:
    """What a process says, read as it comes: a full pipe would make the gateway wait for its own log."""

    def __init__(self, pipe: IO[str]) -> None:
        self.said: list[str] = []
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._thread = Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def lines(self) -> Iterator[str]:
        """The lines that come from now on, to the end of the stream."""
        while (line := self._lines.get(timeout=PATIENCE_SECONDS)) is not None:
            self.said.append(line)
            yield line
        self._lines.put(None)

    def text(self) -> str:
        """All there is, once the process has ended."""
        self._thread.join(PATIENCE_SECONDS)
        return "".join([*self.said, *self.lines()])

    def _read(self, pipe: IO[str]) -> None:
        with pipe:
            for line in pipe:
                self._lines.put(line)
        self._lines.put(None)


class Daemon:
    """A running gateway. `ports` has each listener's port by its key, such as "pop3.listen_tls"."""

    def __init__(self, arguments: Sequence[str], directory: Path) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [*twistd(), "-n", "--pidfile=", "mailgate", *arguments],
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        self.output, self.error = Stream(self.process.stdout), Stream(self.process.stderr)
        self.ports: dict[str, int] = {}

    def wait_for(self, pattern: str) -> str:
        """The next line of standard output in which the pattern is found. Fails if the output ends first."""
        for line in self.output.lines():
            if (found := _LOGGED.search(line) or _SHOWN.search(line)) is not None:
                self.ports[_LABELS.get(found["name"], found["name"])] = int(found["port"])
            if re.search(pattern, line):
                return line
        raise AssertionError(f"{pattern!r} never came; said: {self.output.text()} {self.error.text()}")

    def wait_for_error(self, pattern: str) -> str:
        """The next line of standard error in which the pattern is found. Fails if there is no more."""
        for line in self.error.lines():
            if re.search(pattern, line):
                return line
        raise AssertionError(f"{pattern!r} never came: {self.error.text()}")

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """End it if it runs; give its exit status."""
        if self.process.poll() is None:
            self.terminate()
        try:
            return self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


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
