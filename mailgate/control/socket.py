"""The door for programs on this machine: `<state>/control.sock`, a JSON object a line.

    {"call": "messages", "arguments": {"namespace": "a1"}}
    {"result": {"messages": […]}}

There is no password: who may open the socket is said by its directory's permissions, and that is the gateway's own
user alone. The requests of a connection are answered in order, one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IPushProducer, IReactorTime
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from mailgate.control.answering import Answer, Calls, refused
from mailgate.control.calls import CallError, Functions
from mailgate.control.json_lines import LineBuffer, answer_line, read_request

BUFFER_OCTETS: Final = 65_536  # requests that may wait while one is answered, before the client is made to wait
CLOSE_SECONDS: Final = 10.0  # how long a client may take to read our last answer, before it is cut off


class SocketFactory(Factory):
    """The connections of the socket."""

    noisy = False

    def __init__(self, functions: Functions, clock: IReactorTime, new_id: Callable[[], str]) -> None:
        """`new_id` gives the id under which the log has what was unexpected."""
        self._calls = Calls(functions, new_id)
        self._clock = clock
        self._open: set[SocketConnection] = set()

    def buildProtocol(self, addr: IAddress | None) -> SocketConnection:
        connection = SocketConnection(self._calls, self._clock, self._open.discard)
        self._open.add(connection)
        return connection

    def close_all(self) -> None:
        """Cut all connections, and with them what their clients wait for."""
        for connection in list(self._open):
            connection.abort()


@implementer(IPushProducer)
class SocketConnection(Protocol):
    """One client. It is the push producer of its own answers: a client that does not read is not answered further,
    and once it is `BUFFER_OCTETS` ahead, not read from either.

    Until then it is read from, even while a call waits: a client that goes away is noticed by nothing else. One that
    closes its sending side counts as gone, for on the wire the two look the same.
    """

    transport: Any

    def __init__(self, calls: Calls, clock: IReactorTime, done: Callable[[SocketConnection], None]) -> None:
        self._calls = calls
        self._clock = clock
        self._done = done
        self._lines = LineBuffer()
        self._waits_for: Deferred[Answer] | None = None
        self._answer: Iterator[bytes] | None = None  # what is left of the one that is being written
        self._pumping = False
        self._client_reads = True
        self._reading = True
        self._lost = False
        self._refusing = False  # a line was too long: it is the last one, and thrown away while it comes
        self._cut: IDelayedCall | None = None

    # What Twisted calls.

    def connectionMade(self) -> None:
        self.transport.registerProducer(self, True)

    def dataReceived(self, data: bytes) -> None:
        if self._refusing:
            self._skip(data)
            return
        self._lines.feed(data)
        self._pump()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self._lost = True
        self._answer = None
        if self._cut is not None and self._cut.active():
            self._cut.cancel()
        if self._waits_for is not None:
            self._waits_for.cancel()
        self._done(self)

    def pauseProducing(self) -> None:
        self._client_reads = False

    def resumeProducing(self) -> None:
        self._client_reads = True
        self._pump()

    def stopProducing(self) -> None:
        """The transport is going away; `connectionLost` follows."""

    # What the factory calls.

    def abort(self) -> None:
        """Cut the connection."""
        self.transport.abortConnection()

    # The pump.

    def _pump(self) -> None:
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._client_reads and self._step():
                pass
        finally:
            self._pumping = False
        self._throttle()

    def _step(self) -> bool:
        """Do the next thing; False if there is nothing to do now."""
        if self._answer is not None:
            self._write_piece(self._answer)
            return True
        if self._waits_for is not None or self._refusing:
            return False
        return self._take_request()

    def _write_piece(self, answer: Iterator[bytes]) -> None:
        piece = next(answer, None)
        if piece is not None:
            self.transport.write(piece)
        else:
            self._answer = None

    def _take_request(self) -> bool:
        try:
            line = self._lines.take_line()
        except CallError as error:
            self._refuse_line(error)
            return False
        if line is not None:
            self._begin(line)
        return line is not None

    def _begin(self, line: bytearray) -> None:
        try:
            name, values = read_request(line)
        except CallError as error:
            self._answer = answer_line(refused(error))
        else:
            self._waits_for = Deferred.fromCoroutine(self._calls.answer(name, values))
            self._waits_for.addCallback(self._answered)

    def _answered(self, answer: Answer) -> None:
        self._waits_for = None
        if not self._lost:
            self._answer = answer_line(answer)
            self._pump()

    def _throttle(self) -> None:
        """Stop reading from a client that is far ahead of our answers; go on when that is over."""
        busy = self._waits_for is not None or self._answer is not None
        wanted = not (busy and len(self._lines) >= BUFFER_OCTETS)
        if wanted != self._reading:
            self._reading = wanted
            self.transport.resumeProducing() if wanted else self.transport.pauseProducing()

    # A line that is too long.

    def _refuse_line(self, error: CallError) -> None:
        """Answer, and close when the line has come to its end: who still writes would not read the answer before."""
        self._refusing = True
        self._cut = self._clock.callLater(CLOSE_SECONDS, self.abort)
        self.transport.write(b"".join(answer_line(refused(error))))
        self._skip(self._lines.take_all())

    def _skip(self, data: bytes) -> None:
        if b"\n" in data:
            self.transport.unregisterProducer()
            self.transport.loseConnection()
