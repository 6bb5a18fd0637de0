"""A connection to the smarthost on a Twisted transport: replies, TLS, content with back-pressure, time-outs, ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IPushProducer,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from mailgate.mail import Reply
from mailgate.sending.deadline import Deadline
from mailgate.sending.machine import ClientMachine
from mailgate.sending.replies import Fault
from mailgate.sending.trouble import BROKEN, INSECURE, STRANGE, Trouble
from mailgate.sending.trust import explain
from mailgate.waits import to_the_end

COMMAND_SECONDS: Final = 60.0  # how long the answer to a command may take, also the greeting and TLS's handshake
CLOSE_SECONDS: Final = 10.0  # how long the host may take to close after QUIT, before it is cut off


@implementer(IPushProducer, IHandshakeListener)
class Channel(Protocol):
    """One connection, for one message. It is a `wire.Wire`, and the push producer of the content."""

    def __init__(self, host: str, tls: IOpenSSLClientConnectionCreator, deadline: Deadline) -> None:
        self._host = host
        self._tls = tls
        self._deadline = deadline
        self._machine = ClientMachine()
        self._replies: deque[Reply] = deque()
        self._waiting: Deferred[None] | None = None  # for a reply, the handshake, or the host to read on
        self._shaking = False
        self._paused = False
        self._closing = False
        self._lost = False
        self._trouble: Trouble | None = None  # why there will be no more replies
        self._abort: IDelayedCall | None = None
        self._turn: IDelayedCall | None = None

    # What a dialogue asks.

    def send(self, *commands: str) -> None:
        self._check_silence()
        self._write(b"".join(map(self._machine.command, commands)))

    def respond(self, response: str) -> None:
        self._check_silence()
        self._write(self._machine.response(response.encode()))

    async def reply(self) -> Reply:
        return await self._next_reply(COMMAND_SECONDS)

    async def start_tls(self) -> None:
        if (fault := self._machine.begin_tls()) is not None:
            raise self._fail(Trouble(INSECURE, f"the smarthost {fault.what}"))
        self._check()
        self._shaking = True
        transport: Any = self.transport
        transport.startTLS(self._tls)
        while self._shaking:
            late = Trouble(INSECURE, "the smarthost does not finish the TLS handshake in time")
            await self._wait(COMMAND_SECONDS, late)

    async def content(self, blocks: Generator[bytes, None, None]) -> Reply:
        try:
            await self._stream(blocks)
            self._check_silence()
        except BaseException:
            self.abort()  # what is cut off must not look complete
            raise
        finally:
            blocks.close()
        self._write(self._machine.end_of_content())
        # The message may be on its way now, whatever becomes of us: only the host can say.
        return await to_the_end(self._next_reply(float("inf")))

    # What the client asks.

    def quit(self) -> None:
        """Say QUIT, and close when it is answered; wait for nothing. Nothing happens if it is over already."""
        if self._closing or self._lost:
            return
        self._write(self._machine.command("QUIT"))
        self._closing = True
        self._abort = self._deadline.clock.callLater(CLOSE_SECONDS, self.abort)

    def abort(self) -> None:
        """Cut the connection, if there is one."""
        self._closing = True
        if not self._lost:
            self.transport.abortConnection()  # type: ignore[union-attr]

    # What Twisted calls.

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        if self._closing:
            self.transport.loseConnection()  # type: ignore[union-attr]
            return
        self._machine.receive(data)
        while not self._closing and (event := self._machine.next_event()) is not None:
            if isinstance(event, Fault):
                self._fail(Trouble(STRANGE, f"the smarthost {event.what}"))
            else:
                self._replies.append(event)
        self._wake_soon()

    def handshakeCompleted(self) -> None:
        self._shaking = False
        self._wake_soon()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self._lost = True
        for call in (self._abort, self._turn):
            if call is not None and call.active():
                call.cancel()
        if self._trouble is None:
            self._trouble = self._why(reason)
        self._wake()

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        self._wake()

    def stopProducing(self) -> None:
        """The transport is going away; `connectionLost` follows."""

    # Waiting.

    async def _next_reply(self, seconds: float) -> Reply:
        asked = self._machine.asked
        while not self._replies:
            await self._wait(seconds, Trouble(BROKEN, f"the smarthost does not answer {asked} in time"))
        return self._replies.popleft()

    async def _stream(self, blocks: Generator[bytes, None, None]) -> None:
        transport: Any = self.transport
        transport.registerProducer(self, True)
        try:
            for block in blocks:
                self._check()
                self._write(self._machine.content(block))
                while self._paused:
                    await self._wait(float("inf"), Trouble(BROKEN, "the smarthost does not take the message in time"))
        finally:
            if not self._lost:  # else there is no TLS any more that could do it
                transport.unregisterProducer()

    async def _wait(self, seconds: float, late: Trouble) -> None:
        """Wait for anything to happen, then look again. Raises `Trouble`: what happened already, or `late`."""
        self._check()
        self._waiting = Deferred()
        try:
            await self._deadline.wait(self._waiting, seconds)
        except TimeoutError:
            raise self._fail(late) from None
        finally:
            self._waiting = None

    def _wake_soon(self) -> None:
        """In the reactor's next turn, when all that has come is understood: who is woken speaks at once, and what came
        with the reply that woke him is no answer to that. One read of TLS's octets comes as a block for each record.
        """
        if self._turn is None or not self._turn.active():
            self._turn = self._deadline.clock.callLater(0, self._wake)

    def _wake(self) -> None:
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting.callback(None)

    # Ends.

    def _check(self) -> None:
        if self._trouble is not None:
            raise self._trouble

    def _check_silence(self) -> None:
        """We are about to speak: has the host said what we did not ask for?"""
        self._check()
        if (fault := self._machine.unasked()) is not None:
            raise self._fail(Trouble(STRANGE, f"the smarthost {fault.what}"))

    def _fail(self, trouble: Trouble) -> Trouble:
        """From now on there is nothing but `trouble`."""
        self._trouble = trouble
        self.abort()
        return trouble

    def _why(self, reason: Failure) -> Trouble:
        error: Any = reason.value
        if self._shaking:
            return Trouble(INSECURE, explain(error, self._host))
        asked = self._machine.asked or "the message"
        return Trouble(BROKEN, f"the connection to the smarthost broke at {asked}: {error}")

    def _write(self, octets: bytes) -> None:
        self.transport.write(octets)  # type: ignore[union-attr]
