"""The servers that are compared. Each runs in a session of its own and is ended by its process id, whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from bench import processes

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.02


class CannotStart(Exception):
    """A server does not start; the message has what it said."""


@frozen
class Server:
    """A running server."""

    name: str
    pid: int
    clear: int  # the port where sessions begin in clear
    tls: int = 0  # the port where they begin with TLS; 0 if there is none

    def cpu_seconds(self) -> float:
        """Of all its processes so far."""
        return processes.cpu_seconds(self.pid)

    def pss_megabytes(self) -> float:
        """Of all its processes now."""
        return processes.pss_megabytes(self.pid)

    def peak_megabytes(self) -> float:
        """Resident, of all its processes, each at its worst since `forget_peaks`."""
        return processes.peak_megabytes(self.pid)

    def forget_peaks(self) -> None:
        """From now on `peak_megabytes` counts anew."""
        processes.forget_peaks(self.pid)


@frozen
class Kind:
    """A server that can be started: what the table calls it, and how. `start` is given an empty directory."""

    name: str
    start: Callable[[Path], contextlib.AbstractContextManager[Server]]


def free_ports(count: int) -> list[int]:
    """Ports that nobody has, for servers that cannot choose for themselves."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@contextlib.contextmanager
def running(
    name: str,
    command: Sequence[str],
    directory: Path,
    find_ports: Callable[[str], tuple[int, int] | None],
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """A server that says what it has to say into a file; `find_ports` finds its ports (clear, TLS or 0) in there.

    `environment` is what it gets beside ours. Raises `CannotStart`.
    """
    said = directory / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        clear, tls = _wait(process, said, find_ports)
        yield Server(name, process.pid, clear, tls)
    finally:
        _end(process)


def _wait(
    process: subprocess.Popen[bytes], said: Path, find_ports: Callable[[str], tuple[int, int] | None]
) -> tuple[int, int]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        ports = find_ports(said.read_text(errors="replace"))
        if ports is not None and all(_answers(port) for port in ports if port):
            return ports
        time.sleep(POLL_SECONDS)
    raise CannotStart(f"{process.args!r} does not start: {said.read_text(errors='replace')[-2000:]}")


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS).close()
    except ConnectionRefusedError:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end; then end what is left of its process group."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
