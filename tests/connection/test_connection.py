"""Machine and session on a transport: pump, back-pressure, timers, TLS, ends. With a toy protocol: a line, a reply."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from attrs import frozen
from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, ISSLTransport, ITCPTransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import alsoProvides, directlyProvides, implementer

from mailgate.connection import BUFFER_OCTETS, CLOSE_SECONDS, STOP_SECONDS, Connection, ConnectionFactory, Ending
from mailgate.connection.connection import TURN_EVENTS
from mailgate.wire.output import After, Output

IDLE_SECONDS = 100.0


@frozen
class Answer:
    """The toy's reply."""

    octets: bytes
    after: After = After.GO_ON
    body: AsyncGenerator[bytes, None] | None = None


class ToyMachine:
    """An event a line."""

    def __init__(self) -> None:
        self._octets = b""
        self._waits = False
        self._greeted = False

    @property
    def buffered(self) -> int:
        return len(self._octets)

    def receive(self, data: bytes) -> None:
        self._octets += data

    def next_event(self) -> str | None:
        if self._waits:
            return None
        if not self._greeted:
            self._greeted = self._waits = True
            return "hello"
        line, newline, rest = self._octets.partition(b"\n")
        if not newline:
            return None
        self._octets = rest
        self._waits = True
        return line.decode()

    def send(self, reply: Answer) -> Output:
        self._waits = False
        if reply.after is After.START_TLS:
            self._octets = b""
        return Output(reply.octets, reply.after, reply.body)


class ToySession:
    """Echoes; some words are special, and `slow` waits for the test."""

    def __init__(self) -> None:
        self.idle_seconds = IDLE_SECONDS
        self.at_rest = True
        self.asked: list[str] = []
        self.slow: Deferred[None] = Deferred()
        self.commit: Deferred[None] = Deferred()
        self.blocks = [b"a" * 10, b"b" * 10, b"c" * 10]
        self.breaks: Exception | None = None
        self.body_closed = 0
        self.cancelled: list[str] = []
        self.was_lost = 0
        self.tls: list[str] = []
        self.ends: list[tuple[str, int, int]] = []

    def seconds_left(self, silent_seconds: float) -> float:
        return self.idle_seconds - silent_seconds

    async def answer(self, event: Any) -> Answer:
        self.asked.append(event)
        match event:
            case "slow":
                await self._wait(event, self.slow)
            case "commit":
                await self._commit()
            case "body":
                return Answer(b"<", body=self._body())
            case "tls":
                return Answer(b"tls!", After.START_TLS)
            case "quit":
                return Answer(b"bye!", After.CLOSE)
        return Answer(f"{event}!".encode())

    async def _wait(self, event: str, work: Deferred[None]) -> None:
        try:
            await work
        except CancelledError:
            self.cancelled.append(event)
            raise

    async def _commit(self) -> None:
        while not self.commit.called:
            turn: Deferred[None] = Deferred()
            self.commit.addBoth(turn.callback)
            try:
                await turn
            except CancelledError:
                self.cancelled.append("commit")
                self.commit.addBoth(lambda _: None)
                turn = Deferred()
                self.commit.addCallback(turn.callback)
                await turn

    async def _body(self) -> AsyncGenerator[bytes, None]:
        try:
            for block in self.blocks:
                yield block
            if self.breaks is not None:
                raise self.breaks
        finally:
            self.body_closed += 1

    def secured(self, tls: str) -> None:
        self.tls.append(tls)

    def farewell(self, ending: Ending) -> Answer | None:
        return Answer(b"stopped!", After.CLOSE) if ending == "stopped" else None

    def lost(self) -> None:
        self.was_lost += 1

    def ended(self, reason: str, octets_in: int, octets_out: int) -> None:
        self.ends.append((reason, octets_in, octets_out))


class Transport(StringTransport):
    """Takes what it is given; full after `room` octets, if a test says so. Loses the connection only when told."""

    def __init__(self, protocol: Connection[Answer]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        directlyProvides(self, ITCPTransport)
        self.protocol = protocol
        self.room: int | None = None
        self.handle = Handle()
        self.no_delay = False
        self.secured_with: object = None
        self.closed_at_once = False

    def write(self, data: bytes) -> None:
        super().write(data)  # type: ignore[no-untyped-call]
        if self.room is not None and len(self.io.getvalue()) > self.room and self.producer is not None:
            self.producer.pauseProducing()

    def taken(self) -> bytes:
        """What was written since the last time."""
        octets: bytes = self.io.getvalue()
        self.clear()  # type: ignore[no-untyped-call]
        return octets

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.no_delay = enabled

    def startTLS(self, creator: object) -> None:
        self.secured_with = creator
        alsoProvides(self, ISSLTransport)

    def getHandle(self) -> Handle:
        return self.handle

    def loseConnection(self) -> None:
        super().loseConnection()  # type: ignore[no-untyped-call]
        if self.closed_at_once:
            self.protocol.connectionLost(Failure(ConnectionDone()))


class Handle:
    """What OpenSSL tells of a connection."""

    finished: bytes | None = b"finished"

    def get_protocol_version_name(self) -> str:
        return "TLSv1.3"

    def get_cipher_name(self) -> str:
        return "CIPHER"

    def get_peer_finished(self) -> bytes | None:
        return self.finished


@implementer(IOpenSSLServerConnectionCreator)
class Creator:
    """Stands for a certificate."""

    def serverConnectionForTLS(self, protocol: object) -> Any:
        raise NotImplementedError


class Toy:
    """A factory, one connection, and the peer's hands."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.creator = Creator()
        self.sessions: list[ToySession] = []
        self.addresses: list[tuple[str, int]] = []
        self.factory: ConnectionFactory[Answer] = ConnectionFactory(self.clock, self.creator, self._build)
        self.connection, self.transport, self.session = self.connect()

    def _build(self, host: str, port: int) -> tuple[ToyMachine, ToySession]:
        self.addresses.append((host, port))
        self.sessions.append(ToySession())
        return ToyMachine(), self.sessions[-1]

    def connect(self) -> tuple[Connection[Answer], Transport, ToySession]:
        connection = self.factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 99))
        transport = Transport(connection)
        connection.makeConnection(transport)  # type: ignore[no-untyped-call]
        return connection, transport, self.sessions[-1]

    def take_turns(self) -> None:
        """Let the reactor turn until nothing is to be done at once."""
        while any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
            self.clock.advance(0)

    def say(self, octets: bytes) -> bytes:
        self.connection.dataReceived(octets)
        return self.heard()

    def heard(self) -> bytes:
        return self.transport.taken()

    def lose(self) -> None:
        self.connection.connectionLost(Failure(ConnectionDone()))

    @property
    def gone(self) -> bool:
        return self.connection.gone.called


@pytest.fixture
def toy() -> Toy:
    toy = Toy()
    assert toy.heard() == b"hello!"
    return toy


# The pump.


def test_a_session_begins_by_itself_without_nagle(toy: Toy) -> None:
    assert toy.session.asked == ["hello"]
    assert toy.transport.no_delay
    assert toy.addresses == [("192.0.2.1", 99)]


def test_an_address_without_a_host_is_local() -> None:
    toy = Toy()
    toy.factory.buildProtocol(None)
    assert toy.addresses[-1] == ("local", 0)


def test_what_is_sent_ahead_is_answered_in_order_one_at_a_time(toy: Toy) -> None:
    assert toy.say(b"one\nslow\ntwo\n") == b"one!"
    assert toy.session.asked == ["hello", "one", "slow"]
    toy.session.slow.callback(None)
    assert toy.heard() == b"slow!two!"


def test_a_thousand_commands_in_one_read_do_not_recurse(toy: Toy) -> None:
    toy.say(b"slow\n" + b"x\n" * 5_000)
    toy.session.slow.callback(None)
    toy.take_turns()
    assert toy.heard() == b"slow!" + b"x!" * 5_000


def test_others_have_their_turn_after_some_commands(toy: Toy) -> None:
    assert toy.say(b"x\n" * (TURN_EVENTS + 8)) == b"x!" * TURN_EVENTS
    assert toy.say(b"more\n") == b""  # what comes meanwhile waits as well
    toy.clock.advance(0)
    assert toy.heard() == b"x!" * 8 + b"more!"
    assert toy.say(b"y\n") == b"y!"


def test_a_peer_whose_turn_is_over_is_not_read_from_for_long(toy: Toy) -> None:
    toy.say(b"x\n" * (BUFFER_OCTETS // 2 + 2 * TURN_EVENTS))
    assert toy.transport.producerState == "paused"
    toy.take_turns()
    assert toy.transport.producerState == "producing"


def test_a_lost_connection_has_no_more_turns(toy: Toy) -> None:
    toy.say(b"x\n" * (TURN_EVENTS + 1))
    toy.lose()
    assert toy.clock.getDelayedCalls() == []
    assert len(toy.session.asked) == 1 + TURN_EVENTS  # with the greeting


def test_a_turn_that_ends_with_a_slow_answer_needs_no_other(toy: Toy) -> None:
    toy.say(b"x\n" * (TURN_EVENTS - 1) + b"slow\nlast\n")
    toy.take_turns()
    toy.heard()
    toy.session.slow.callback(None)
    assert toy.heard() == b"slow!last!"


def test_a_body_is_sent_whole_and_then_the_next_reply(toy: Toy) -> None:
    assert toy.say(b"body\none\n") == b"<" + b"".join(toy.session.blocks) + b"one!"
    assert toy.session.body_closed == 1


def test_a_body_that_breaks_off_cuts_the_connection_and_nothing_more_is_answered(toy: Toy) -> None:
    toy.session.breaks = OSError("disk")
    toy.say(b"body\none\nquit\n")
    assert toy.transport.disconnected  # aborted
    assert toy.session.asked == ["hello", "body"]
    toy.say(b"two\n")
    assert toy.session.asked == ["hello", "body"]
    toy.lose()
    assert toy.session.ends == [("lost", 14, 37)]
    assert toy.gone


# Back-pressure.


def test_a_peer_that_does_not_read_is_not_answered(toy: Toy) -> None:
    toy.connection.pauseProducing()
    assert toy.say(b"one\n") == b""
    assert toy.session.asked == ["hello"]
    assert toy.transport.producerState == "producing"  # a TLS handshake has to go on
    toy.connection.resumeProducing()
    assert toy.heard() == b"one!"


def test_a_peer_that_does_not_read_is_not_read_from_for_long(toy: Toy) -> None:
    toy.connection.pauseProducing()
    toy.say(b"x\n" * (BUFFER_OCTETS // 2))
    assert toy.transport.producerState == "paused"
    toy.connection.resumeProducing()
    toy.take_turns()
    assert toy.transport.producerState == "producing"
    assert toy.heard() == b"x!" * (BUFFER_OCTETS // 2)


@pytest.mark.parametrize("breaks", [None, OSError("disk")])
def test_the_end_of_a_body_or_of_the_connection_lets_a_paused_peer_be_read_again(
    toy: Toy, breaks: Exception | None
) -> None:
    toy.transport.room = 5
    toy.session.breaks = breaks
    toy.say(b"body\n" + b"x" * BUFFER_OCTETS)
    assert toy.transport.producerState == "paused"
    for _ in range(3):
        toy.heard()
        toy.connection.resumeProducing()
    assert toy.transport.producerState == "producing"
    assert toy.transport.disconnected == (breaks is not None)


def test_before_the_connection_closes_the_peer_is_read_again(toy: Toy) -> None:
    toy.say(b"slow\nquit\n" + b"x" * BUFFER_OCTETS)
    assert toy.transport.producerState == "paused"
    toy.session.slow.callback(None)
    assert toy.transport.disconnecting
    assert toy.transport.producerState == "producing"  # its close_notify has to be read


def test_a_body_waits_for_the_peer_to_read(toy: Toy) -> None:
    toy.transport.room = 5
    assert toy.say(b"body\n") == b"<aaaaaaaaaa"
    toy.connection.resumeProducing()
    assert toy.heard() == b"bbbbbbbbbb"
    toy.connection.resumeProducing()
    assert toy.heard() == b"cccccccccc"
    assert toy.session.body_closed == 0
    toy.connection.resumeProducing()
    assert toy.session.body_closed == 1


def test_a_peer_that_sends_ahead_too_much_is_made_to_wait(toy: Toy) -> None:
    toy.say(b"slow\n" + b"x" * BUFFER_OCTETS)
    assert toy.transport.producerState == "paused"
    toy.session.slow.callback(None)
    assert toy.transport.producerState == "producing"


def test_reading_is_not_resumed_for_one_reason_while_there_is_another(toy: Toy) -> None:
    toy.say(b"slow\n" + b"x" * BUFFER_OCTETS)
    toy.connection.pauseProducing()
    toy.session.slow.callback(None)
    assert toy.transport.producerState == "paused"
    toy.connection.resumeProducing()
    assert toy.transport.producerState == "producing"


# Time.


def test_a_silent_peer_is_dropped_in_the_sessions_way(toy: Toy) -> None:
    toy.clock.advance(IDLE_SECONDS - 1)
    assert not toy.transport.disconnecting
    toy.clock.advance(1)
    assert toy.transport.disconnecting
    toy.lose()
    assert toy.session.ends == [("time-out", 0, 6)]


def test_every_octet_is_a_sign_of_life(toy: Toy) -> None:
    toy.clock.advance(IDLE_SECONDS - 1)
    toy.say(b"o")
    toy.clock.advance(IDLE_SECONDS - 1)
    assert not toy.transport.disconnecting


def test_the_time_that_we_take_ourselves_does_not_count(toy: Toy) -> None:
    toy.say(b"slow\n")
    for _ in range(5):
        toy.clock.advance(IDLE_SECONDS)
    assert not toy.transport.disconnecting
    toy.session.slow.callback(None)
    toy.clock.advance(IDLE_SECONDS - 1)
    assert not toy.transport.disconnecting
    toy.clock.advance(1)
    assert toy.transport.disconnecting


def test_a_deadline_that_has_passed_does_not_spin_while_we_are_slow(toy: Toy) -> None:
    toy.say(b"slow\n")
    toy.session.idle_seconds = 0.0
    toy.clock.advance(IDLE_SECONDS)
    assert [call.getTime() - toy.clock.seconds() for call in toy.clock.getDelayedCalls()] == [1.0]


def test_a_peer_that_stops_reading_a_body_is_cut_off(toy: Toy) -> None:
    toy.transport.room = 5
    toy.say(b"body\n")
    toy.clock.advance(IDLE_SECONDS)
    assert toy.transport.disconnected
    toy.lose()
    assert toy.session.ends[0][0] == "time-out"
    assert toy.session.body_closed == 1


def test_the_deadline_may_come_sooner_with_tls(toy: Toy) -> None:
    toy.session.idle_seconds = 5.0  # from now on
    toy.say(b"tls\n")
    toy.clock.advance(5)
    assert toy.transport.disconnecting


def test_nobody_waits_for_who_never_shook_hands(toy: Toy) -> None:
    toy.say(b"tls\n")
    toy.transport.handle.finished = None
    toy.clock.advance(IDLE_SECONDS)
    assert toy.transport.disconnected
    toy.lose()
    assert toy.session.ends[0][0] == "time-out"


def test_who_has_shaken_hands_hears_the_end(toy: Toy) -> None:
    toy.say(b"tls\n")
    toy.clock.advance(IDLE_SECONDS)
    assert toy.transport.disconnecting and not toy.transport.disconnected


def test_a_slow_reader_is_not_silent(toy: Toy) -> None:
    toy.transport.room = 5
    toy.say(b"body\n")
    for _ in range(3):
        toy.clock.advance(IDLE_SECONDS - 1)
        toy.connection.resumeProducing()
    toy.clock.advance(IDLE_SECONDS - 1)
    assert not toy.transport.disconnecting
    assert not toy.transport.disconnected


def test_a_peer_that_does_not_close_is_cut_off(toy: Toy) -> None:
    assert toy.say(b"quit\n") == b"bye!"
    assert toy.transport.disconnecting
    assert toy.transport.producer is None
    toy.clock.advance(CLOSE_SECONDS - 1)
    assert not toy.transport.disconnected
    toy.clock.advance(1)
    assert toy.transport.disconnected


def test_it_is_cut_off_sooner_when_the_service_stops(toy: Toy) -> None:
    toy.connection.stop()
    toy.clock.advance(STOP_SECONDS)
    assert toy.transport.disconnected


@pytest.mark.parametrize("octets", [b"", b"quit\n", b"slow\n", b"body\n"])
def test_no_timer_outlives_the_connection(toy: Toy, octets: bytes) -> None:
    toy.transport.room = 5
    toy.say(octets)
    toy.lose()
    assert toy.clock.getDelayedCalls() == []
    assert toy.gone


# Ends.


def test_after_the_farewell_nothing_is_answered(toy: Toy) -> None:
    assert toy.say(b"quit\none\n") == b"bye!"
    assert toy.say(b"two\n") == b""
    assert toy.session.asked == ["hello", "quit"]
    toy.lose()
    assert toy.session.ends == [("quit", 9, 10)]


@pytest.mark.parametrize("octets", [b"quit\n", b"slow\nquit\n"])
def test_a_transport_may_close_at_once(toy: Toy, octets: bytes) -> None:
    toy.transport.closed_at_once = True
    toy.say(octets)
    if not toy.session.slow.called:
        toy.session.slow.callback(None)
    assert [reason for reason, _, _ in toy.session.ends] == ["quit"]
    assert toy.gone
    assert toy.clock.getDelayedCalls() == []


def test_a_lost_connection_cancels_what_waits(toy: Toy) -> None:
    toy.say(b"slow\none\n")
    toy.lose()
    assert toy.session.cancelled == ["slow"]
    assert toy.session.asked == ["hello", "slow"]
    assert toy.session.ends == [("lost", 9, 6)]
    assert toy.session.was_lost == 1


def test_a_lost_connection_closes_the_body(toy: Toy) -> None:
    toy.transport.room = 5
    toy.say(b"body\n")
    toy.lose()
    assert toy.session.body_closed == 1
    assert len(toy.session.ends) == 1


def test_a_commit_is_finished_after_the_connection_is_lost(toy: Toy) -> None:
    toy.say(b"commit\none\n")
    toy.lose()
    assert toy.session.cancelled == ["commit"]
    assert toy.session.ends == []
    assert not toy.gone
    toy.session.commit.callback(None)
    assert toy.heard() == b""  # nobody is there to hear it
    assert toy.session.asked == ["hello", "commit"]
    assert toy.session.ends == [("lost", 11, 6)]
    assert toy.gone


# TLS.


def test_tls_begins_after_the_reply_and_is_told_with_the_first_octets(toy: Toy) -> None:
    assert toy.say(b"tls\nin clear\n") == b"tls!"
    assert toy.transport.secured_with is toy.creator
    assert toy.session.tls == []
    assert toy.say(b"under tls\n") == b"under tls!"
    assert toy.session.tls == ["TLSv1.3 CIPHER"]
    assert toy.session.asked == ["hello", "tls", "under tls"]
    toy.say(b"more\n")
    assert toy.session.tls == ["TLSv1.3 CIPHER"]


def test_tls_that_was_there_from_the_beginning_is_told_before_the_first_event(toy: Toy) -> None:
    toy.transport.startTLS(None)
    toy.say(b"one\n")
    assert toy.session.tls == ["TLSv1.3 CIPHER"]


def test_tls_of_a_client_that_never_says_anything_is_told_at_the_end(toy: Toy) -> None:
    toy.transport.startTLS(None)
    toy.lose()
    assert toy.session.tls == ["TLSv1.3 CIPHER"]
    assert [reason for reason, _, _ in toy.session.ends] == ["lost"]


def test_a_handshake_that_never_ended_was_no_tls(toy: Toy) -> None:
    toy.transport.startTLS(None)
    toy.transport.handle.finished = None
    toy.lose()
    assert toy.session.tls == []
    assert [reason for reason, _, _ in toy.session.ends] == ["handshake"]


def test_a_handshake_that_we_cut_ourselves_was_not_broken_off(toy: Toy) -> None:
    toy.transport.startTLS(None)
    toy.transport.handle.finished = None
    toy.connection.stop()
    toy.lose()
    assert [reason for reason, _, _ in toy.session.ends] == ["stopped"]


# Stopping.


def drain(toy: Toy, seconds: float = 30) -> Deferred[None]:
    return Deferred.fromCoroutine(toy.factory.drain(seconds))


def test_sessions_at_rest_are_ended_at_once(toy: Toy) -> None:
    drained = drain(toy)
    assert toy.heard() == b"stopped!"
    assert toy.transport.disconnecting
    assert not drained.called
    toy.lose()
    assert toy.session.ends == [("stopped", 0, 14)]
    assert drained.called
    assert toy.clock.getDelayedCalls() == []


def test_busy_sessions_are_ended_after_their_answer(toy: Toy) -> None:
    toy.say(b"slow\none\n")
    drain(toy)
    assert not toy.transport.disconnecting
    toy.session.slow.callback(None)
    assert toy.heard() == b"slow!stopped!"
    assert toy.session.asked == ["hello", "slow"]


def test_sessions_that_take_content_are_ended_after_it(toy: Toy) -> None:
    toy.session.at_rest = False
    drain(toy)
    assert toy.say(b"one\n") == b"one!"
    toy.session.at_rest = True
    assert toy.say(b"two\nthree\n") == b"two!stopped!"


def test_sessions_that_take_too_long_are_cut_and_their_commits_waited_for(toy: Toy) -> None:
    toy.say(b"commit\n")
    _, other_transport, _ = toy.connect()
    other_transport.taken()
    drained = drain(toy, 30)
    assert other_transport.taken() == b"stopped!"
    toy.clock.advance(30)
    assert toy.transport.disconnected
    toy.lose()
    other_transport.protocol.connectionLost(Failure(ConnectionDone()))
    assert not drained.called
    toy.session.commit.callback(None)
    assert drained.called


def test_one_that_is_cut_in_the_end_was_stopped_and_not_lost(toy: Toy) -> None:
    toy.session.at_rest = False
    drain(toy, 30)
    toy.clock.advance(30)
    toy.lose()
    assert toy.session.ends[0][0] == "stopped"


def test_a_quit_while_stopping_is_just_a_quit(toy: Toy) -> None:
    toy.session.at_rest = False
    drain(toy)
    toy.session.at_rest = True
    assert toy.say(b"quit\n") == b"bye!"
    toy.lose()
    assert toy.session.ends[0][0] == "quit"


def test_to_drain_nothing_takes_no_time() -> None:
    toy = Toy()
    toy.lose()
    assert drain(toy).called
    assert toy.clock.getDelayedCalls() == []
