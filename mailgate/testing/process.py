"""The server in a process of its own: started, asked, stopped.

It ends when its standard input does. So it outlives nobody: the pipe closes with the process that started it, however
that ended, and no other child has the pipe.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Sequence
from typing import IO, Final, TypeVar

from mailgate.control.caller import Call, Caller
from mailgate.testing.ready import Ready

T = TypeVar("T")

MADE: Final = "mailgate-"  # how the names of directories begin that `development.Development` makes
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
LAST_WORDS_SECONDS: Final = 1.0  # between a closed connection and the end of its process
SAID_OCTETS: Final = 8192  # how much of standard error is shown
COMMAND: Final = (sys.executable, "-P", "-m", "mailgate.testing")  # -P: a suite may have an email/ or a types.py


class CannotStart(Exception):
    """The server did not come up. The text has what it said on its standard error."""


class ServerProcess:
    """One server. `options` are those of `python -m mailgate.testing`."""

    def __init__(
        self,
        options: Sequence[str] = (),
        *,
        command: Sequence[str] = (),
        start_seconds: float = START_SECONDS,
        temporary: bool = False,
    ) -> None:
        """`temporary`: it makes a directory for itself, which nobody wants when it has ended."""
        self._is_temporary = temporary
        self._command = (*(command or COMMAND), *options)
        self._start_seconds = start_seconds
        self._owner = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None  # a file: nobody reads along, and a pipe would fill up
        self._said = ""
        self._ready: Ready | None = None
        self._caller: Caller | None = None

    @property
    def ready(self) -> Ready:
        """What it said when it was ready. Raises RuntimeError if it does not run."""
        if self._ready is None:
            raise RuntimeError("the gateway does not run: call start(), or use it in a `with` statement")
        return self._ready

    def start(self) -> Ready:
        """Start it if it does not run, and wait until it is ready. Raises `CannotStart`; then nothing runs."""
        if self._ready is not None:
            return self._ready
        self._spawn()
        try:
            self._ready = self._wait_until_ready()
        except BaseException:
            self._kill()
            raise
        self._caller = Caller(self._ready.control, self._last_words)
        return self._ready

    def ask(self, call: Call[T]) -> T:
        """Call it. Raises `CallFailed`, `GatewayGone`, and RuntimeError if it does not run."""
        if self._caller is None:
            raise RuntimeError("the gateway does not run: call start(), or use it in a `with` statement")
        return self._caller.ask(call)

    def stop(self) -> None:
        """End it and wait; kill it if it takes longer than `STOP_SECONDS`. A forked child ends nothing."""
        if self._process is None or self._owner != os.getpid():
            return
        self._close_stdin()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
        self._forget()

    def said(self) -> str:
        """The end of what it wrote to standard error."""
        if self._errors is None:
            return self._said
        descriptor = self._errors.fileno()
        size = os.fstat(descriptor).st_size
        # Not seek and read: the server writes by the same file offset.
        octets = os.pread(descriptor, SAID_OCTETS, max(0, size - SAID_OCTETS))
        return octets.decode(errors="replace").strip()

    def release(self) -> None:
        """In a forked child: let go of the pipe, or the server would wait for this child's end too."""
        self._close_stdin()

    def _spawn(self) -> None:
        self._errors = tempfile.TemporaryFile(prefix="mailgate-testing-")  # noqa: SIM115 (open as long as it runs)
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for the tests: they still clear up, and want the server for it
        )
        _running.add(self)

    def _wait_until_ready(self) -> Ready:
        assert self._process is not None and self._process.stdout is not None
        with self._process.stdout as stdout:
            line = _first_line(stdout, time.monotonic() + self._start_seconds)
        if line is None:
            raise CannotStart(f"the gateway was not ready within {self._start_seconds:g} s; {self._last_words()}")
        try:
            return Ready.read(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            said = f" said {line[:200]!r}" if line else ""
            raise CannotStart(f"the gateway did not become ready:{said} {self._last_words()}") from None

    def _last_words(self) -> str:
        if self._process is None:
            return "it was stopped"
        try:
            ending = f"it ended with status {self._process.wait(LAST_WORDS_SECONDS)}"
        except subprocess.TimeoutExpired:
            ending = f"it still runs as process {self._process.pid}"
        return f"{ending} and said:\n{self.said() or '(nothing)'}"

    def _close_stdin(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._forget()

    def _forget(self) -> None:
        self._close_stdin()
        self._said = self.said()
        if self._errors is not None:
            self._errors.close()
        self._remove_what_is_left()
        self._errors = self._process = self._ready = self._caller = None
        _running.discard(self)

    def _remove_what_is_left(self) -> None:
        """A server that was killed could not do it."""
        if self._is_temporary and self._ready is not None:
            directory = os.path.dirname(self._ready.control)
            if os.path.basename(directory).startswith(MADE):
                shutil.rmtree(directory, ignore_errors=True)


_running: weakref.WeakSet[ServerProcess] = weakref.WeakSet()


def _stop_all() -> None:
    """For those that nobody stopped, as in a module of trial's tests."""
    for process in list(_running):
        process.stop()


atexit.register(_stop_all)


def _release_all() -> None:  # pragma: no cover (it runs in forked children alone)
    for process in list(_running):
        process.release()


os.register_at_fork(after_in_child=_release_all)


def _first_line(stream: IO[bytes], deadline: float) -> bytes | None:
    """The first line, or what came before the end, or None at the deadline."""
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return None
            octets = os.read(stream.fileno(), 65_536)
            if not octets:
                break
            line += octets
    return line
