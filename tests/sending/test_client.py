"""The smarthost as delivery knows it: connections, the line, the limit, the facts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectingCancelledError, ConnectionRefusedError, DNSLookupError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from mailgate.facts import NotRelayed, Relayed
from mailgate.interfaces import ISmarthost
from mailgate.mail import Path, Refused, Reply
from mailgate.sending.channel import CLOSE_SECONDS
from mailgate.sending.client import (
    CONNECT_SECONDS,
    LINE_SECONDS,
    MAX_AT_ONCE,
    SMARTHOST_SECONDS,
    SmarthostClient,
    smarthost_client,
)
from mailgate.sending.place import Security, Smarthost
from mailgate.sending.trouble import BROKEN, CONGESTED, INSECURE, LOOPS, STRANGE, UNREACHABLE
from mailgate.sending.trust import verified
from tests.sending.support import DEFAULTS, HOST, OURS, Authority, Host, Link, hang_up, nothing
from tests.support import MESSAGE_ID, Facts, a_message, outcome_of, path, started

BOB, CAROL = path("bob@example.org"), path("carol@example.net")
QUEUED = Reply(250, "2.0.0", "queued as 4711")
MESSAGE = a_message(content=b"Subject: hi\n\n.\n", sender="alice@example.test")
Outcome = Exception | Deferred[Any] | None


@implementer(IStreamClientEndpoint)
class Door:
    """Leads to the hosts that `make` makes, or to `outcome`."""

    def __init__(self, clock: Clock, make: Callable[[], Host], outcome: Outcome, implicit_tls: bool) -> None:
        self.links: list[Link] = []
        self.hosts: list[Host] = []
        self._clock = clock
        self._make = make
        self._outcome = outcome
        self._implicit_tls = implicit_tls

    def connect(self, factory: Any) -> Deferred[Any]:
        if isinstance(self._outcome, Exception):
            return fail(self._outcome)
        if self._outcome is not None:
            return self._outcome
        channel = factory.buildProtocol(None)
        self.hosts.append(self._make())
        self.links.append(Link(channel, self.hosts[-1], self._clock, implicit_tls=self._implicit_tls))
        return succeed(channel)


class Bench:
    """A client and what it connects to."""

    def __init__(
        self,
        make: Callable[[], Host] = Host,
        outcome: Outcome = None,
        *,
        security: Security = "clear",
        user: str = "",
        password: Callable[[], str] = lambda: "hush",
        ca_file: str | None = None,
        **limits: Any,
    ) -> None:
        self.clock = Clock()
        self.facts = Facts()
        self.door = Door(self.clock, make, outcome, security == "tls")
        place = Smarthost(HOST, 587, security, user)
        self.client = SmarthostClient(
            place, OURS, password, verified(HOST, ca_file), self.door, self.clock, self.facts, **limits
        )

    def send(self, *paths: Path) -> Deferred[Reply]:
        waiting = started(self.client.send(MESSAGE, paths or (BOB, CAROL)))
        self.pump()
        return waiting

    def pump(self) -> None:
        for link in self.door.links:
            link.pump()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.pump()

    @property
    def host(self) -> Host:
        (host,) = self.door.hosts
        return host

    def refused(self, waiting: Deferred[Reply], reason: str = "") -> Reply:
        """What the client hears; the fact has it, too, and `reason` is in it."""
        with pytest.raises(Refused) as error:
            outcome_of(waiting)
        fact = self.facts.one(NotRelayed)
        assert (fact.message, fact.smarthost) == (MESSAGE_ID, f"{HOST}:587")
        assert fact.recipients == (str(BOB), str(CAROL))
        assert fact.reply == str(error.value.reply)
        assert reason in fact.reason and bool(reason) is bool(fact.reason)
        assert self.facts.of(Relayed) == []
        return error.value.reply


def test_it_is_a_smarthost() -> None:
    assert verifyObject(ISmarthost, Bench().client)


def test_a_message_that_is_taken() -> None:
    bench = Bench()
    assert outcome_of(bench.send()) == QUEUED
    assert bench.host.verbs() == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]
    assert bench.host.content == b"Received: here\r\nSubject: hi\r\n\r\n..\r\n.\r\n"
    assert bench.host.closed
    fact = bench.facts.one(Relayed)
    assert (fact.message, fact.smarthost, fact.recipients, fact.reply) == (
        MESSAGE_ID,
        f"{HOST}:587",
        (str(BOB), str(CAROL)),
        "250 2.0.0 queued as 4711",
    )
    assert bench.clock.getDelayedCalls() == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_tls_and_a_login(security: Security, tmp_path: File) -> None:
    authority = Authority.make(tmp_path)
    server = authority.server(HOST)
    bench = Bench(
        lambda: Host("STARTTLS", "AUTH PLAIN", "PIPELINING", "SIZE", tls=server),
        security=security,
        user="alice",
        ca_file=authority.file,
    )
    assert outcome_of(bench.send()) == QUEUED
    opening = ["EHLO", "STARTTLS"] if security == "starttls" else []
    assert bench.host.verbs() == [*opening, "EHLO", "AUTH", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]
    assert bench.host.closed


@pytest.mark.parametrize("octets_at_once", [1, 2, 7])
@pytest.mark.parametrize("security", ["clear", "starttls"])
def test_it_does_not_matter_how_octets_arrive(octets_at_once: int, security: Security, tmp_path: File) -> None:
    authority = Authority.make(tmp_path)
    server = authority.server(HOST)
    bench = Bench(lambda: Host("STARTTLS", "PIPELINING", tls=server), security=security, ca_file=authority.file)
    waiting = started(bench.client.send(MESSAGE, (BOB, CAROL)))
    bench.door.links[0].client.octets_at_once = bench.door.links[0].host.octets_at_once = octets_at_once
    bench.pump()
    assert outcome_of(waiting) == QUEUED
    assert bench.host.content == b"Received: here\r\nSubject: hi\r\n\r\n..\r\n.\r\n"


def test_nobody_waits_for_the_answer_to_quit() -> None:
    bench = Bench(lambda: Host(answers={"QUIT": nothing}))
    assert outcome_of(bench.send()) == QUEUED
    assert not bench.host.closed
    bench.advance(CLOSE_SECONDS)
    assert bench.host.closed


def test_what_comes_behind_the_last_answer_does_not_matter() -> None:
    bench = Bench(lambda: Host(answers={".": b"250 2.0.0 queued as 4711\r\n250 more\r\nhm"}))
    assert outcome_of(bench.send()) == QUEUED
    assert bench.host.closed and bench.clock.getDelayedCalls() == []


def test_each_message_has_a_connection_of_its_own() -> None:
    bench = Bench()
    outcome_of(bench.send())
    outcome_of(bench.send())
    assert [host.verbs().count("MAIL") for host in bench.door.hosts] == [1, 1]


@given(st.data())
def test_what_is_said_ahead_is_believed_of_nobody(data: st.DataObject) -> None:
    good = {"": "220 relay", "EHLO": "250 relay", "MAIL": "250 a", "RCPT": "250 b", "DATA": "354 go"}
    verb = data.draw(st.sampled_from(sorted(good)))
    more = data.draw(st.sampled_from([b"2", b"250 queued\r\n", b"354 go\r\n", b"250 a\r\n354 b\r\n250 c\r\n"]))
    ahead = good[verb].encode() + b"\r\n" + more
    pipelining = data.draw(st.booleans())
    good["EHLO"] = "250-relay\r\n250 PIPELINING" if pipelining else "250 relay"
    answers: dict[str, Any] = {**good, ".": "550 5.7.1 no", verb: ahead if verb != "RCPT" else ["250 b", ahead]}
    bench = Bench(lambda: Host(answers=answers))
    waiting = started(bench.client.send(MESSAGE, (BOB, CAROL)))
    for end in (bench.door.links[0].client, bench.door.links[0].host):
        end.octets_at_once = data.draw(st.integers(1, 60))
    bench.pump()
    assert bench.refused(waiting, "the smarthost") == STRANGE
    assert bench.host.content == b""


# Refusals and trouble.


def test_a_refusal_is_passed_on_and_the_connection_closed() -> None:
    bench = Bench(lambda: Host(answers={"RCPT": ["250 ok", "550 5.1.1 who?"]}))
    assert bench.refused(bench.send()) == Reply(550, "5.1.1", "<carol@example.net>: who?")
    assert bench.host.verbs()[-1] == "QUIT" and bench.host.closed


def test_trouble_is_ours() -> None:
    bench = Bench(lambda: Host(name=OURS))
    assert bench.refused(bench.send(), "would loop") == LOOPS
    assert bench.host.verbs() == ["QUIT"]


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError(), DNSLookupError("no such name"), OSError(24, "no descriptors"), ValueError("name")],
)
def test_no_connection(error: Exception) -> None:
    bench = Bench(outcome=error)
    assert bench.refused(bench.send(), f"no connection: {error}") == UNREACHABLE


@pytest.mark.parametrize("cancels", [None, ConnectingCancelledError("address")])
def test_no_connection_in_time(cancels: Exception | None) -> None:
    bench = Bench(outcome=Deferred(lambda work: work.errback(cancels) if cancels else None))
    waiting = bench.send()
    bench.advance(CONNECT_SECONDS - 0.1)
    assert not waiting.called
    bench.advance(0.1)
    assert bench.refused(waiting, "no connection in time") == UNREACHABLE


def test_a_connection_that_breaks_after_the_final_dot_is_tried_again_by_the_client() -> None:
    bench = Bench(lambda: Host(answers={".": hang_up}))
    assert bench.refused(bench.send(), "the end of the message") == BROKEN


@pytest.mark.parametrize("error", [FileNotFoundError(2, "No such file"), ValueError("is empty")])
def test_a_password_that_cannot_be_read(error: Exception) -> None:
    def password() -> str:
        raise error

    bench = Bench(security="starttls", user="alice", password=password)
    assert bench.refused(bench.send(), f"the smarthost's password cannot be read: {error}") == INSECURE
    assert bench.door.hosts == []


def test_without_a_user_no_password_is_read() -> None:
    def password() -> str:
        raise AssertionError

    assert outcome_of(Bench(password=password).send()) == QUEUED


def test_a_bug_cuts_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("a bug")

    monkeypatch.setattr("mailgate.sending.machine.ClientMachine.command", broken)
    bench = Bench()
    with pytest.raises(RuntimeError, match="a bug"):
        outcome_of(bench.send())
    bench.advance(0)
    assert bench.host.closed and bench.facts.told == []


# The limit, and the line.


def test_the_whole_has_a_limit() -> None:
    bench = Bench(lambda: Host(answers={".": nothing}))
    waiting = bench.send()
    bench.advance(SMARTHOST_SECONDS - 0.1)
    assert not waiting.called
    bench.advance(0.1)
    assert bench.refused(waiting, "does not answer the end of the message in time") == BROKEN
    bench.advance(0)
    assert bench.host.closed


def test_so_many_at_once_and_the_others_in_line() -> None:
    bench = Bench(lambda: Host(answers={".": nothing}))
    waiting = [bench.send() for _ in range(MAX_AT_ONCE + 2)]
    assert len(bench.door.hosts) == MAX_AT_ONCE
    bench.door.hosts[3].say(DEFAULTS["."])
    bench.pump()
    assert outcome_of(waiting[3]) == QUEUED
    assert len(bench.door.hosts) == MAX_AT_ONCE + 1


def test_a_place_is_free_again_after_every_end() -> None:
    bench = Bench(lambda: Host(answers={"MAIL": "550 5.7.1 no"}), at_once=1)
    for _ in range(3):
        with pytest.raises(Refused):
            outcome_of(bench.send())
    assert len(bench.door.hosts) == 3


def test_in_line_for_too_long() -> None:
    bench = Bench(lambda: Host(answers={".": nothing}), at_once=1)
    first, second = bench.send(), bench.send()
    bench.advance(LINE_SECONDS - 0.1)
    assert not second.called
    bench.advance(0.1)
    assert bench.refused(second, "1 hand-overs at once are the limit") == CONGESTED
    bench.host.say(DEFAULTS["."])
    bench.pump()
    assert outcome_of(first) == QUEUED
    assert len(bench.door.hosts) == 1


def test_cancelled_in_line() -> None:
    bench = Bench(lambda: Host(answers={".": nothing}), at_once=1)
    first, second = bench.send(), bench.send()
    second.cancel()
    with pytest.raises(CancelledError):
        outcome_of(second)
    bench.host.say(DEFAULTS["."])
    bench.pump()
    assert outcome_of(first) == QUEUED
    assert len(bench.door.hosts) == 1 and len(bench.facts.told) == 1


# Cancellation.


@pytest.mark.parametrize("cancels", [None, ConnectingCancelledError("address")])
def test_cancelled_while_it_connects(cancels: Exception | None) -> None:
    bench = Bench(outcome=Deferred(lambda work: work.errback(cancels) if cancels else None))
    waiting = bench.send()
    waiting.cancel()
    with pytest.raises(CancelledError):
        outcome_of(waiting)
    assert bench.facts.told == [] and bench.clock.getDelayedCalls() == []


@pytest.mark.parametrize("verb", ["", "EHLO", "MAIL", "RCPT", "DATA"])
def test_cancelled_before_the_final_dot_nothing_is_sent(verb: str) -> None:
    bench = Bench(lambda: Host(answers={verb: nothing}))
    waiting = bench.send()
    waiting.cancel()
    with pytest.raises(CancelledError):
        outcome_of(waiting)
    bench.advance(0)
    assert bench.host.closed and bench.host.content == b""
    assert bench.facts.told == [] and bench.clock.getDelayedCalls() == []


@pytest.mark.parametrize("answer", ["250 2.0.0 queued as 4711", "554 5.7.1 spam"])
def test_cancelled_after_the_final_dot_the_answer_counts(answer: str) -> None:
    bench = Bench(lambda: Host(answers={".": nothing}))
    waiting = bench.send()
    waiting.cancel()
    waiting.cancel()
    assert bench.facts.told == []
    bench.host.say(answer)
    bench.pump()
    if answer.startswith("250"):
        assert outcome_of(waiting) == QUEUED and bench.facts.one(Relayed)
    else:
        assert bench.refused(waiting) == Reply(554, "5.7.1", "spam")


# Whatever it says.

GOOD = ["220 relay ESMTP", "250 relay", "250-relay\r\n250-PIPELINING\r\n250 SIZE", "250 ok", "251 ok", "354 go"]
BAD = ["421 closing", "450 later", "452 full", "500 what", "530 log in", "550 no", "334 what", "hello", "", "250-"]
WORDS = st.sampled_from([*GOOD, *BAD])
VERBS = ("", "EHLO", "HELO", "MAIL", "RCPT", "DATA", ".", "QUIT")
ANSWERS = st.one_of(WORDS, WORDS, st.binary(max_size=12), st.sampled_from([nothing, hang_up]))
SENSIBLE = {"": "220 relay", "EHLO": "250 relay", "DATA": "354 go"}


@given(st.data())
def test_whatever_the_smarthost_says_there_is_an_answer(data: st.DataObject) -> None:
    given_answers: dict[str, Any] = {
        verb: data.draw(st.one_of(ANSWERS, st.just(SENSIBLE.get(verb, "250 ok"))), label=verb or "greeting")
        for verb in VERBS
    }
    bench = Bench(lambda: Host(answers=given_answers))
    waiting = bench.send()
    bench.advance(SMARTHOST_SECONDS)
    bench.advance(0)
    try:
        reply = outcome_of(waiting)
    except Refused as refusal:
        assert refusal.reply.code >= 400 and refusal.reply.code != 421
        assert len(bench.facts.of(NotRelayed)) == 1
    else:
        assert reply.code == 250 and bench.facts.one(Relayed)
        assert bench.host.content == b"Received: here\r\nSubject: hi\r\n\r\n..\r\n.\r\n"
    bench.advance(CLOSE_SECONDS)
    bench.advance(0)
    assert bench.host.closed and bench.clock.getDelayedCalls() == []


# On the network.


def test_on_the_network(tmp_path: File) -> None:
    authority = Authority.make(tmp_path)
    reactor = MemoryReactorClock()
    place = Smarthost("192.0.2.7", 587, "starttls", "alice")
    client = smarthost_client(place, OURS, str(tmp_path / "password"), authority.file, reactor, Facts())
    assert verifyObject(ISmarthost, client)
    with pytest.raises(Refused, match=r"451 4\.7\.0"):
        outcome_of(started(client.send(MESSAGE, (BOB,))))  # there is no password yet


def test_authorities_that_cannot_be_used(tmp_path: File) -> None:
    place = Smarthost(HOST, 587, "starttls")
    with pytest.raises(FileNotFoundError):
        smarthost_client(place, OURS, "", str(tmp_path / "none"), MemoryReactorClock(), Facts())
