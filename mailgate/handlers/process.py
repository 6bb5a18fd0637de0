"""One run of a program: its input is written as fast as it reads, what it says is kept up to a limit, and it can be
killed with all that it has started. What its output means is for others to know.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final, Protocol

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IPullProducer
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

log = Logger(namespace="mailgate.handlers.process")

MAX_OUTPUT_OCTETS: Final = 65_536  # more on standard output is a failure
MAX_ERROR_OCTETS: Final = 8_192  # of standard error so much is kept
GRACE_SECONDS: Final = 0.5  # how long its pipes are read once it is gone; mostly they end with it
# Twisted cannot start a child in a session of its own, and only that lets us kill what the child has started.
# Python ignores two signals; the program is to have them as usual.
_LAUNCH: Final = """
import os, signal, sys
os.setsid()
os.chdir("/")
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
try:
    os.execv(sys.argv[1], sys.argv[1:])
except OSError as error:
    os.write(2, f"{sys.argv[1]} cannot be run: {error}".encode("utf-8", "replace"))
    os._exit(126)
"""

Content = Generator[bytes, None, None]


@frozen
class Ended:
    """How a run came to its end."""

    status: int  # the exit code; minus its number for a signal
    output: bytes
    errors: bytes
    fault: str = ""  # why it was cut short by us


class Spawn(Protocol):
    """Starts a process; tests pass one that does not."""

    def __call__(self, protocol: ProcessProtocol, words: Sequence[bytes], environment: Mapping[bytes, bytes]) -> Any:
        """`words` are the program's absolute path and its arguments. Raises OSError."""


def spawn(protocol: ProcessProtocol, words: Sequence[bytes], environment: Mapping[bytes, bytes]) -> None:
    """Start a process from the running reactor: in a session of its own, in "/", with nothing of ours open."""
    from twisted.internet import reactor  # importing it installs it, and who only builds a handler needs none

    launcher = os.fsencode(sys.executable)
    made: Any = reactor
    made.spawnProcess(protocol, launcher, [launcher, b"-I", b"-S", b"-c", _LAUNCH.encode(), *words], env=environment)


CallLater = Callable[[float, Callable[[], None]], IDelayedCall]


def call_later(seconds: float, do: Callable[[], None]) -> IDelayedCall:
    """Let the running reactor do something later."""
    from twisted.internet import reactor  # as above

    made: Any = reactor
    delayed: IDelayedCall = made.callLater(seconds, do)
    return delayed


@implementer(IPullProducer)
class Run(ProcessProtocol):
    """One process. `ended` fires when it is gone and all it said has been read; it never fails.

    What has taken a session of its own survives the process, perhaps with its pipes: nobody waits for that longer than
    `GRACE_SECONDS`.
    """

    def __init__(
        self, content: Content, call_later: CallLater = call_later, killpg: Callable[[int, int], None] = os.killpg
    ) -> None:
        """`content` gives what goes to standard input, block by block; it may raise OSError, and is closed."""
        self.ended: Deferred[Ended] = Deferred()
        self._content = content
        self._call_later = call_later
        self._killpg = killpg
        self._pid: int  # no value before there is one: of 0, killpg() would make us
        self._grace: IDelayedCall | None = None  # once it is gone
        self._output = bytearray()
        self._errors = bytearray()
        self._fault = ""

    def kill(self) -> None:
        """End it and all it has started, now. Any number of times; `ended` still fires."""
        transport: Any = self.transport
        self._content.close()
        transport.unregisterProducer()
        if self._grace is not None:
            self._let_go()
            return
        if not self._kill_group():  # it has none of its own yet, or is gone
            with contextlib.suppress(ProcessExitedAlready):
                transport.signalProcess("KILL")
        transport.loseConnection()  # what it still says is of no use

    # What Twisted calls.

    def connectionMade(self) -> None:
        transport: Any = self.transport
        self._pid = transport.pid
        transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Write the next block: the one before it has gone."""
        transport: Any = self.transport
        try:
            block = next(self._content, b"")
        except OSError as error:
            # Without the rest of its input the program would judge half a message.
            self._give_up(f"the message cannot be read: {error}")
            return
        if block:
            transport.write(block)
        else:
            transport.unregisterProducer()
            transport.closeStdin()

    def stopProducing(self) -> None:
        """It reads no more, and need not: its exit code is what counts."""
        self._content.close()

    def outReceived(self, data: bytes) -> None:
        if self._fault:
            return
        self._output += data
        if len(self._output) > MAX_OUTPUT_OCTETS:
            self._give_up(f"more than {MAX_OUTPUT_OCTETS} octets on standard output")

    def errReceived(self, data: bytes) -> None:
        self._errors += data[: MAX_ERROR_OCTETS - len(self._errors)]

    def processExited(self, reason: Failure) -> None:
        # What it left behind has our pipes open, and nobody would ever end it.
        self._kill_group()
        # From now on the number may be somebody else's.
        self._grace = self._call_later(GRACE_SECONDS, self._let_go)

    def processEnded(self, reason: Failure) -> None:
        self._content.close()
        if self._grace is not None and self._grace.active():
            self._grace.cancel()
        why: Any = reason.value
        status = why.exitCode if why.signal is None else -why.signal
        self.ended.callback(Ended(status, bytes(self._output), bytes(self._errors), self._fault))

    def _give_up(self, fault: str) -> None:
        self._fault = fault
        self.kill()

    def _let_go(self) -> None:
        """Close the pipes that somebody has got away with; `processEnded` follows."""
        transport: Any = self.transport
        for pipe in list(transport.pipes.values()):
            # Not loseConnection(): it would wait until somebody has read what we have written.
            pipe.connectionLost(Failure(ConnectionDone()))

    def _kill_group(self) -> bool:
        """Kill it and all that it has started, if there is such a group."""
        try:
            self._killpg(self._pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        except PermissionError:  # it has become somebody else (set-user-ID): not ours to kill
            log.warn("process {pid} is not ours to kill", pid=self._pid)
        return True
