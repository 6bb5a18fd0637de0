"""One connection: pump, back-pressure, timers, TLS, farewell.

Every event is answered before the next one is taken, so pipelined commands, STARTTLS and a slow handler need no care
elsewhere.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IOpenSSLServerConnectionCreator,
    IPushProducer,
    IReactorTime,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mailgate.connection.contract import Ending, Machine, Session
from mailgate.connection.outlet import Outlet
from mailgate.waits import begin
from mailgate.wire.output import After

CLOSE_SECONDS: Final = 10.0  # how long a peer may take to close after our farewell, before it is cut off
STOP_SECONDS: Final = 2.0  # the same when the whole service stops and waits for it
TURN_EVENTS: Final = 32  # how many events one peer may have answered before others have their turn
BUFFER_OCTETS: Final = 65_536  # unanswered octets that may wait before the peer is made to wait

R = TypeVar("R")
log = Logger(namespace="mailgate.connection")


@implementer(IPushProducer)
class Connection(Protocol, Generic[R]):
    """One connection. It is the push producer of its own replies: a peer that does not read is not read from."""

    def __init__(
        self,
        machine: Machine[R],
        session: Session[R],
        clock: IReactorTime,
        tls: IOpenSSLServerConnectionCreator | None,
        done: Callable[[Connection[R]], None],
    ) -> None:
        self._machine = machine
        self._session = session
        self._clock = clock
        self._tls = tls
        self._done = done
        self._answering = False  # an event has not had its reply; `_work` is that, once it has begun to wait
        self._work: Deferred[None] | None = None
        self._pumping = False
        self._peer_reads = True
        self._reading = True
        self._wakeup: Deferred[None] | None = None  # a body waits for the peer to read
        self._heard_at = clock.seconds()  # the last sign of life
        self._deadline: IDelayedCall | None = None
        self._turn: IDelayedCall | None = None  # there is more to answer; first it is the others' turn
        self._abort: IDelayedCall | None = None
        self._closing = False
        self._stopping = False
        self._lost = False
        self._reason = "lost"
        self._tls_noted = False
        self._octets_in = 0
        self.gone: Deferred[None] = Deferred()  # fires when connection and session are over

    # What Twisted calls.

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self._outlet = Outlet(self.transport)
        self.transport.registerProducer(self, True)  # type: ignore[union-attr]
        self._look_again(self._session.seconds_left(0.0))
        self._pump()

    def dataReceived(self, data: bytes) -> None:
        if self._closing:
            return  # RFC 5321 4.1.1.10: nothing is executed after the farewell
        if not self._tls_noted:
            self._note_tls()
        self._octets_in += len(data)
        self._machine.receive(data)
        self._pump()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        if self._is_shaking_hands():
            self._reason = "handshake" if self._reason == "lost" else self._reason
        elif not self._tls_noted:
            self._note_tls()  # a client that never said anything had TLS all the same; later nobody can tell
        self._lost = True
        self._closing = True
        for timer in (self._deadline, self._abort, self._turn):
            if timer is not None and timer.active():
                timer.cancel()
        self._session.lost()
        if self._work is not None:
            self._work.cancel()  # a commit that has begun goes on, and the session waits for it
        elif not self._answering:
            self._finish()

    def pauseProducing(self) -> None:
        self._peer_reads = False
        self._throttle()

    def resumeProducing(self) -> None:
        self._peer_reads = True
        if self._wakeup is not None:
            wakeup, self._wakeup = self._wakeup, None
            wakeup.callback(None)
        self._pump()  # what it took is a sign of life as well: a slow reader is not silent

    def stopProducing(self) -> None:
        """The transport is going away; `connectionLost` follows."""

    # What the factory calls.

    def stop(self) -> None:
        """End the session: at once if it is at rest, else after the answer or the content that is under way."""
        self._stopping = True
        if not self._answering and self._session.at_rest:
            self._say_farewell("stopped")

    def abort(self) -> None:
        """Cut the connection; `gone` still waits for a commit under way."""
        if self._stopping and self._reason == "lost":
            self._reason = "stopped"
        self._closing = True  # what was sent ahead is not answered any more
        self._outlet.discard()
        self._throttle()
        self.transport.abortConnection()  # type: ignore[union-attr]

    # The pump.

    def _pump(self) -> None:
        if not self._pumping and self._turn is None:
            self._pumping = True
            try:
                self._take_turn()
            finally:
                self._pumping = False
        self._rest()
        self._outlet.flush()
        self._throttle()

    def _take_turn(self) -> None:
        for _ in range(TURN_EVENTS):
            if self._answering or not self._peer_reads or self._closing:
                return
            if (event := self._machine.next_event()) is None:
                return
            self._begin(event)
        if not self._answering:
            self._turn = self._clock.callLater(0, self._next_turn)

    def _next_turn(self) -> None:
        self._turn = None
        self._pump()

    def _begin(self, event: object) -> None:
        self._answering = True
        try:
            work = begin(self._answer(event))
        except Exception:  # noqa: BLE001 (`_broken` judges it)
            work = self._broken(Failure())
        if isinstance(work, After):
            self._answered(work)
        else:
            self._work = work.addErrback(self._broken).addCallback(self._answered)

    async def _answer(self, event: object) -> After:
        reply = await self._session.answer(event)
        if reply is None or self._lost:
            return After.GO_ON
        output = self._machine.send(reply)
        self._outlet.write(output.octets)
        if output.body is not None:
            await self._stream(output.body)
        return output.after

    async def _stream(self, body: AsyncGenerator[bytes, None]) -> None:
        try:
            async for block in body:
                self._outlet.write(block)
                self._outlet.flush()
                self._rest()
                if not self._peer_reads:
                    self._wakeup = Deferred()
                    await self._wakeup
        finally:
            await body.aclose()

    def _broken(self, failure: Failure) -> After:
        # Sessions answer for their own faults; what comes here is a lost connection, or a body that broke off
        # (there is no way to say so but to close, RFC 1939 has no reply in the midst of one).
        if not isinstance(failure.value, CancelledError):
            log.failure("a reply broke off", failure)
        self._wakeup = None
        if not self._lost:
            self.abort()
        return After.GO_ON

    def _answered(self, after: After) -> None:
        self._work = None
        self._answering = False
        if self._lost:
            self._finish()
            return
        if after is After.START_TLS:
            self._start_tls()
        elif after is After.CLOSE:
            self._reason = "quit"
            self._close()
        if self._stopping and self._session.at_rest:
            self._say_farewell("stopped")
        elif not self._pumping:
            self._pump()

    def _finish(self) -> None:
        self._session.ended(self._reason, self._octets_in, self._outlet.octets)
        self._done(self)
        self.gone.callback(None)

    # Reading and writing.

    def _throttle(self) -> None:
        """Stop reading from a peer that is far ahead of our answers; go on when that is over.

        Not before it is ahead: TLS asks for a pause until the handshake is done, which needs reading.
        """
        if self._lost:
            return
        waits = self._answering or not self._peer_reads or self._turn is not None
        wanted = self._closing or not (waits and self._machine.buffered >= BUFFER_OCTETS)
        if wanted != self._reading:
            self._reading = wanted
            transport: Any = self.transport
            transport.resumeProducing() if wanted else transport.pauseProducing()

    def _note_tls(self) -> None:
        # The cipher is known after the handshake, and that is over when the first octet comes.
        self._tls_noted = True
        if ISSLTransport.providedBy(self.transport):
            transport: Any = self.transport
            connection = transport.getHandle()
            self._session.secured(f"{connection.get_protocol_version_name()} {connection.get_cipher_name()}")

    def _is_shaking_hands(self) -> bool:
        if self._tls_noted or not ISSLTransport.providedBy(self.transport):
            return False
        transport: Any = self.transport
        return transport.getHandle().get_peer_finished() is None

    def _start_tls(self) -> None:
        self._tls_noted = False
        if self._deadline is not None and self._deadline.active():
            self._deadline.reset(max(0.0, self._session.seconds_left(0.0)))  # what is left may be less than it was
        self._outlet.flush()
        self.transport.startTLS(self._tls)  # type: ignore[union-attr]

    # Ends.

    def _rest(self) -> None:
        self._heard_at = self._clock.seconds()

    def _look_again(self, seconds: float) -> None:
        # Moving a timer with every block and reply would cost more than looking at the clock when it goes off.
        self._deadline = self._clock.callLater(max(0.0, seconds), self._check_time)

    def _check_time(self) -> None:
        left = self._session.seconds_left(self._clock.seconds() - self._heard_at)
        if self._answering and self._wakeup is None:
            self._look_again(max(left, 1.0))  # we are the slow one: the peer waits for us
        elif left > 0:
            self._look_again(left)
        elif not self._peer_reads:
            self._reason = "time-out"
            self.abort()  # a farewell would wait with all the rest for being read
        else:
            self._say_farewell("time-out")

    def _say_farewell(self, ending: Ending) -> None:
        if self._closing:
            return
        self._reason = ending
        if self._is_shaking_hands():
            self.abort()  # there is no way to say anything, and nobody who would close in answer
            return
        reply = self._session.farewell(ending)
        if reply is not None:
            self._outlet.write(self._machine.send(reply).octets)
        self._close()

    def _close(self) -> None:
        self._closing = True
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        # A peer that never reads, or never answers close_notify, would stay for ever.
        self._abort = self._clock.callLater(STOP_SECONDS if self._stopping else CLOSE_SECONDS, self.abort)
        self._outlet.flush()
        self._throttle()  # the peer's own farewell has to be read
        self.transport.unregisterProducer()  # type: ignore[union-attr]
        self.transport.loseConnection()  # type: ignore[union-attr]
