"""Whole sessions over a transport in memory."""

from __future__ import annotations

from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from mailgate import facts
from mailgate.connection import Connection, ConnectionFactory
from mailgate.failures import StoreError
from mailgate.pop3.personality import Personality
from mailgate.pop3.reply import Reply
from mailgate.pop3.server import pop3_door
from mailgate.rules import NO_RULES, Promise, Retention, Rules
from tests.limits.support import Refusing
from tests.pop3.support import PERSONALITY, UNIX_TIME, House, house
from tests.support import logged, result_of, started

MESSAGE = b"A: b\n\n.one\ntwo"


class Client:
    """A client's end of a connection."""

    def __init__(self, factory: ConnectionFactory[Reply]) -> None:
        self.server: Connection[Reply] = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 1234))
        self.transport = StringTransport()
        self.server.makeConnection(self.transport)  # type: ignore[no-untyped-call]

    def say(self, octets: bytes) -> bytes:
        self.server.dataReceived(octets)
        return self.heard()

    def heard(self) -> bytes:
        octets: bytes = self.transport.value()
        self.transport.clear()
        return octets

    def lose(self) -> None:
        self.server.connectionLost(Failure(ConnectionLost()))


def served(place: House, personality: Personality = PERSONALITY) -> ConnectionFactory[Reply]:
    door = pop3_door(
        personality,
        place.portal,
        place.facts,
        place.new_id,
        place.clock.seconds,
        clock=place.surroundings.clock,
        promise=place.surroundings.promise,
    )
    return ConnectionFactory(place.clock, None, door)


def connected(place: House) -> Client:
    client = Client(served(place))
    assert client.heard() == b"+OK pop.example.test POP3 server ready\r\n"
    return client


LOGIN = b"USER alice\r\nPASS correct horse\r\n"


def test_a_session_from_greeting_to_quit() -> None:
    place = house(MESSAGE, b"B: c\n")
    client = connected(place)
    assert client.say(LOGIN) == b"+OK send the password\r\n+OK 2 messages (25 octets)\r\n"
    assert client.say(b"STAT\r\n") == b"+OK 2 25\r\n"
    assert client.say(b"LIST\r\n") == b"+OK 2 messages (25 octets)\r\n1 19\r\n2 6\r\n.\r\n"
    assert client.say(b"RETR 1\r\n") == b"+OK 19 octets\r\nA: b\r\n\r\n..one\r\ntwo\r\n.\r\n"
    assert client.say(b"TOP 1 0\r\n") == b"+OK top of message follows\r\nA: b\r\n\r\n.\r\n"
    assert client.say(b"DELE 1\r\nDELE 1\r\n") == b"+OK message 1 marked\r\n-ERR no such message\r\n"
    assert client.say(b"UIDL\r\n") == b"+OK unique ids follow\r\n2 uid-2\r\n.\r\n"
    assert client.say(b"QUIT\r\nSTAT\r\n") == b"+OK pop.example.test POP3 server signing off\r\n"
    assert client.transport.disconnecting
    assert list(place.maildrop.messages) == [2]
    client.lose()
    assert [fact.reason for fact in place.facts.of(facts.Disconnected)] == ["quit"]


def test_commands_sent_ahead_are_answered_in_order_however_slow_the_login() -> None:
    place = house(MESSAGE)
    place.checker.wait = Deferred()
    client = connected(place)
    assert client.say(LOGIN + b"STAT\r\nLIST 1\r\nQUIT\r\n") == b"+OK send the password\r\n"
    place.checker.wait.callback(None)
    assert client.heard() == (
        b"+OK 1 message (19 octets)\r\n+OK 1 19\r\n+OK 1 19\r\n+OK pop.example.test POP3 server signing off\r\n"
    )


def test_a_message_that_breaks_off_cuts_the_connection_and_removes_nothing() -> None:
    place = house(MESSAGE, block_octets=4)
    place.maildrop.raises["block"] = OSError("the disk is broken")
    client = connected(place)
    client.say(LOGIN)
    heard = client.say(b"DELE 1\r\nRSET\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n")
    assert b"\r\n.\r\n" not in heard
    assert client.transport.disconnected  # aborted
    client.lose()
    assert place.maildrop.removals == 0
    assert place.maildrop.released == 1
    assert [fact.where for fact in place.facts.of(facts.Failed)] == ["sending uid-1"]


def test_a_store_that_fails_in_the_midst_of_a_message_cuts_the_connection_and_leaves_no_traceback() -> None:
    place = house(MESSAGE, block_octets=4)
    place.maildrop.raises["block"] = StoreError("input/output error")
    client = connected(place)
    client.say(LOGIN)
    with logged() as lines:
        assert b"\r\n.\r\n" not in client.say(b"RETR 1\r\n")
    assert client.transport.disconnected  # aborted
    assert lines == []
    assert place.facts.one(facts.Unavailable).reason == "input/output error"


def test_a_checker_that_cancels_itself_is_answered_and_the_session_goes_on() -> None:
    place = house(MESSAGE)
    place.checker.raises = CancelledError()
    client = connected(place)
    assert client.say(LOGIN) == b"+OK send the password\r\n-ERR [SYS/TEMP] internal error, id id2\r\n"
    place.checker.raises = None
    assert client.say(LOGIN).endswith(b"+OK 1 message (19 octets)\r\n")


def test_the_login_has_its_time_and_then_the_session_ends_in_silence() -> None:
    place = house()
    client = connected(place)
    place.clock.advance(59)
    client.say(b"CAPA\r\n")
    place.clock.advance(1)
    assert client.heard() == b""
    assert client.transport.disconnecting


def test_autologout_after_ten_minutes_is_silent_and_removes_nothing() -> None:
    place = house(MESSAGE)
    client = connected(place)
    client.say(LOGIN + b"DELE 1\r\n")
    place.clock.advance(599)
    client.say(b"NOOP\r\n")
    place.clock.advance(599)
    assert not client.transport.disconnecting
    place.clock.advance(1)
    assert client.heard() == b""
    assert client.transport.disconnecting
    client.lose()
    assert place.maildrop.removals == 0
    assert [fact.reason for fact in place.facts.of(facts.Disconnected)] == ["time-out"]


def test_a_slow_reader_is_not_silent() -> None:
    place = house(b"x" * 300_000, block_octets=65_536)
    client = connected(place)
    client.say(LOGIN)
    client.server.pauseProducing()
    client.server.dataReceived(b"RETR 1\r\n")
    client.server.resumeProducing()
    client.server.pauseProducing()
    for _ in range(4):
        place.clock.advance(500)
        client.server.resumeProducing()
        client.server.pauseProducing()
    assert client.heard().endswith(b"\r\n.\r\n")
    assert not client.transport.disconnecting


def test_a_connection_lost_in_the_midst_of_a_message_closes_it() -> None:
    place = house(b"x" * 300_000, block_octets=65_536)
    client = connected(place)
    client.say(LOGIN)
    client.server.pauseProducing()
    client.server.dataReceived(b"RETR 1\r\n")
    client.transport.write = lambda octets: client.server.pauseProducing()  # type: ignore[method-assign]
    client.server.resumeProducing()
    assert not place.maildrop.contents[0].closed
    client.lose()
    assert place.maildrop.contents[0].closed
    assert place.facts.of(facts.Fetched) == []
    assert place.maildrop.released == 1


def test_a_login_after_the_connection_is_gone_is_logged_out() -> None:
    place = house()
    place.realm.wait = Deferred()
    client = connected(place)
    client.say(LOGIN)
    client.lose()
    assert len(place.facts.of(facts.Disconnected)) == 1
    place.realm.wait.callback(None)
    assert place.maildrop.opened == place.maildrop.released == 1


def test_a_stop_waits_for_the_removal() -> None:
    place = house(MESSAGE)
    factory = served(place)
    idle, busy = Client(factory), Client(factory)
    idle.heard()
    busy.say(LOGIN + b"DELE 1\r\n")
    place.maildrop.waits["remove"] = Deferred()
    busy.say(b"QUIT\r\n")
    drained = started(factory.drain(5))
    assert idle.heard() == b"-ERR [SYS/TEMP] the server is stopping\r\n"
    idle.lose()
    busy.lose()
    place.clock.advance(6)
    assert not drained.called
    place.maildrop.waits["remove"].callback(None)
    result_of(drained)
    assert place.maildrop.messages == {}
    assert place.maildrop.released == 1


def test_sessions_of_a_listener_share_what_they_found_out() -> None:
    place = house("Subject: grüße\n\nzwölf\n".encode())
    place.maildrop.international = {1}
    factory = served(place)
    heard = set()
    for _ in range(2):
        client = Client(factory)
        client.heard()
        client.say(LOGIN)
        heard.add(client.say(b"LIST\r\nQUIT\r\n"))
        client.lose()
    assert len(heard) == 1
    assert len(place.maildrop.contents) == 1


def test_what_is_fetched_is_noted_by_the_clock_and_promised_before_the_login() -> None:
    rules = Rules(retention=Retention(fetched_days=7))
    place = house(MESSAGE, promise=Promise.of([rules, NO_RULES]))
    place.maildrop.rules = rules
    client = connected(place)
    assert b"\r\nEXPIRE 7 USER\r\n" in client.say(b"CAPA\r\n")
    client.say(LOGIN + b"RETR 1\r\nQUIT\r\n")
    assert place.maildrop.fetches == {"uid-1": int(UNIX_TIME)}
    assert place.maildrop.remembered == 1


def test_every_listener_has_its_throttle() -> None:
    place, throttle = house(), Refusing()
    door = pop3_door(
        PERSONALITY, place.portal, place.facts, place.new_id, place.clock.seconds, "pop3", throttle=throttle
    )
    client = Client(ConnectionFactory(place.clock, None, door))
    assert client.say(LOGIN).endswith(b"-ERR [SYS/TEMP] too many wrong passwords, try again later\r\n")


def test_each_session_has_an_id_and_an_address() -> None:
    place = house()
    factory = served(place)
    Client(factory)
    Client(factory)
    assert [(fact.session, fact.client, fact.port) for fact in place.facts.of(facts.Connected)] == [
        ("id1", "192.0.2.1", 1234),
        ("id2", "192.0.2.1", 1234),
    ]
