"""SMTP's decisions, event by event."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import LogEvent, formatEvent
from zope.interface import implementer

from mailgate import facts
from mailgate.interfaces import IConnectPolicy, IHeloPolicy, IMessageHandler, IRecipientPolicy, ISenderPolicy
from mailgate.mail import PASS, Discarded, Field, Message, Refused, Reply, Session, Verdict
from mailgate.pipeline import Step
from mailgate.smtp import events
from mailgate.smtp.mailing import TOLD_TAKEN_BACK
from mailgate.smtp.personality import Personality
from mailgate.wire.content import ContentFault
from tests.limits.support import Refusing
from tests.smtp.support import ALICE, BOB, HOSTNAME, PASSWORD, Visit, World, base64_of, submission
from tests.support import logged, outcome_of, path, started

SPAM = Reply(550, "5.7.1", "Spam")


@pytest.fixture
def log() -> Iterator[list[LogEvent]]:
    with logged() as log_events:
        yield log_events


def status(reply: Reply) -> tuple[int, str]:
    return reply.code, reply.status


@implementer(IConnectPolicy, IHeloPolicy, ISenderPolicy, IRecipientPolicy, IMessageHandler)
class Policy:
    """Raises what it was given for one phase, and lets all else pass."""

    def __init__(self, phase: str, error: Exception) -> None:
        self._phase, self._error = phase, error

    def _ask(self, phase: str) -> None:
        if phase == self._phase:
            raise self._error

    def check_connect(self, session: Session) -> None:
        self._ask("connect")

    def check_helo(self, session: Session) -> None:
        self._ask("helo")

    def check_sender(self, envelope: object) -> None:
        self._ask("mail")

    def check_recipient(self, envelope: object, path: object) -> None:
        self._ask("rcpt")

    def handle(self, message: Message) -> Verdict:
        self._ask("message")
        return PASS


def world_with(phase: str, error: Exception, **settings: Any) -> World:
    return World(steps=(Step("policy", Policy(phase, error), **settings),))


# Greeting and EHLO.


def test_greets_with_its_name() -> None:
    visit = Visit(helo=False)
    reply = visit.say(events.Connected())
    assert (reply.code, reply.status, reply.text.split()[0]) == (220, "", HOSTNAME)
    assert visit.world.facts.one(facts.Connected).client == "192.0.2.1"


def test_ehlo_lists_what_there_is() -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, starttls=True, max_message_octets=1000)))
    lines = visit.say(events.Hello(True, "client.example.org")).text.split("\n")
    assert lines[0].split()[0] == HOSTNAME
    assert lines[1:] == [
        "PIPELINING",
        "SIZE 1000",
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "CHUNKING",
        "LIMITS MAILMAX=1000 RCPTMAX=1000",
        "STARTTLS",
    ]


def test_helo_lists_nothing() -> None:
    assert Visit().say(events.Hello(False, "client")) == Reply(250, "", HOSTNAME)


def test_ehlo_ends_a_transaction() -> None:
    visit = Visit()
    visit.mail()
    visit.say(events.Hello(True, "other.example.org"))
    assert visit.mail().code == 250


def test_a_refused_ehlo_leaves_things_as_they_are() -> None:
    visit = Visit(world_with("helo", Refused(SPAM)), helo=False)
    visit.say(events.Connected())
    assert visit.say(events.Hello(True, "client.example.org")) == SPAM
    fact = visit.world.facts.one(facts.CommandRefused)
    assert (fact.phase, fact.reply, fact.message) == ("helo", "550 5.7.1 Spam", "")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Refused(Reply(554, "5.7.1", "Not you")), (554, "5.7.1")),
        (Refused(SPAM), (554, "5.7.1")),  # RFC 5321 3.1 has no other for good
        (Refused(Reply(421, "4.7.0", "Not now")), (421, "4.7.0")),
        (Refused(Reply(450, "4.7.1", "Not now")), (421, "4.7.1")),  # RFC 5321 4.3.2: nothing else may come back
        (RuntimeError("a bug"), (421, "4.3.0")),
    ],
)
def test_a_policy_may_show_a_client_out(error: Exception, expected: tuple[int, str]) -> None:
    visit = Visit(world_with("connect", error), helo=False)
    assert status(visit.say(events.Connected())) == expected
    assert visit.world.facts.one(facts.CommandRefused).phase == "connect"


# MAIL and RCPT.


def test_a_transaction_is_opened() -> None:
    visit = Visit()
    assert status(visit.mail(SIZE="1000", BODY="8BITMIME")) == (250, "2.1.0")
    assert status(visit.rcpt(ALICE)) == (250, "2.1.5")
    assert status(visit.rcpt("info@example.test")) == (250, "2.1.5")
    assert visit.say(events.Data()).code == 354


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ("nobody@example.test", (550, "5.1.1")),
        ("somebody@elsewhere.example", (550, "5.7.1")),  # never an open relay
        ("full@example.test", (452, "4.2.2")),
        ("bug@example.test", (451, "4.3.0")),
    ],
)
def test_refused_recipients(recipient: str, expected: tuple[int, str]) -> None:
    visit = Visit()
    visit.mail()
    assert status(visit.rcpt(recipient)) == expected
    fact = visit.world.facts.one(facts.CommandRefused)
    assert (fact.phase, fact.sender, fact.recipient) == ("rcpt", "sender@example.org", recipient)
    assert fact.message
    assert visit.rcpt(ALICE).code == 250  # the others are not concerned


def test_relaying_is_refused_to_users_as_well() -> None:
    visit = Visit(World(submission()))
    visit.log_in()
    visit.mail(ALICE)
    assert status(visit.rcpt("somebody@elsewhere.example")) == (550, "5.7.1")


@pytest.mark.parametrize("phase", ["mail", "rcpt"])
def test_policies_for_senders_and_recipients(phase: str) -> None:
    visit = Visit(world_with(phase, Refused(SPAM)))
    if phase == "rcpt":
        visit.mail()
    assert (visit.mail() if phase == "mail" else visit.rcpt()) == SPAM
    assert visit.world.facts.one(facts.CommandRefused).phase == phase


def test_parameters_that_are_not_granted() -> None:
    visit = Visit()
    assert status(visit.mail(RET="HDRS")) == (555, "5.5.4")
    assert status(visit.mail(SIZE="26214401")) == (552, "5.3.4")
    visit.mail()
    assert status(visit.rcpt(NOTIFY="NEVER")) == (555, "5.5.4")


def test_too_many_recipients() -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, max_recipients=2)))
    visit.mail()
    assert [visit.rcpt(ALICE).code, visit.rcpt("nobody@example.test").code, visit.rcpt(BOB).code] == [250, 550, 250]
    assert status(visit.rcpt("postmaster@example.test")) == (452, "4.5.3")  # RFC 5321 4.5.3.1.10


def test_the_null_path_may_send() -> None:
    visit = Visit()
    assert visit.mail("").code == 250
    visit.rcpt()
    visit.say(events.Data())
    visit.content(b"bounce\n")
    assert visit.end().code == 250
    assert visit.world.delivery.messages[0].envelope.reverse_path.is_null


# Content.


def test_a_message_goes_through() -> None:
    visit = Visit()
    visit.begin(ALICE, "info@example.test")
    visit.content(b"Subject: hi\n", b"\nhe", b"llo\n")
    reply = visit.end()
    (message,) = visit.world.delivery.messages
    assert reply == Reply(250, "2.0.0", f"{message.id} accepted")
    assert visit.world.delivery.contents == [b"Subject: hi\n\nhello\n"]
    assert [field.name for field in message.fields] == ["Received"]
    assert message.id in message.fields[0].value
    assert message.envelope.session.helo == "client.example.org"
    assert [str(to.path) for to in message.envelope.recipients] == [ALICE, "info@example.test"]
    fact = visit.world.facts.one(facts.Accepted)
    assert (fact.message, fact.session, fact.octets, fact.reply_sent, fact.discarded) == (
        message.id,
        "visit",
        22,
        True,
        False,
    )
    assert visit.world.spools.made[0].closed


def test_the_size_that_was_announced_is_in_the_envelope() -> None:
    visit = Visit()
    visit.mail(SIZE="17")
    visit.rcpt()
    visit.say(events.Data())
    visit.end()
    assert visit.world.delivery.messages[0].envelope.size == 17


def test_every_message_has_an_id_of_its_own() -> None:
    visit = Visit()
    assert visit.send(ALICE).code == visit.send(BOB).code == 250
    assert len({message.id for message in visit.world.delivery.messages}) == 2


@pytest.mark.parametrize("fault", [ContentFault.BARE_CR, ContentFault.BARE_LF, ContentFault.NUL])
def test_content_that_is_none_is_refused_at_its_end(fault: str) -> None:
    visit = Visit()
    visit.begin()
    visit.content(b"x\n")
    reply = visit.end(fault)
    assert status(reply) == (550, "5.6.0")
    assert fault in reply.text
    assert visit.world.delivery.messages == []
    assert visit.world.facts.one(facts.MessageRefused).octets == 3
    assert visit.send().code == 250


def test_a_message_that_grows_too_big() -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, max_message_octets=10)))
    visit.begin()
    visit.content(b"12345678\n")  # ten octets on the wire
    visit.content(b"9", b"more", b"and more\n" * 1000)
    assert visit.world.spools.made[0].closed  # nothing of it is kept while the rest comes
    assert status(visit.end()) == (552, "5.3.4")
    assert visit.world.facts.one(facts.MessageRefused).reply.startswith("552")
    assert visit.send(content=b"12345678\n").code == 250


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "no space"), (452, "4.3.1")),
        (OSError(errno.EDQUOT, "no quota"), (452, "4.3.1")),
        (OSError(errno.EIO, "broken"), (451, "4.3.0")),
    ],
)
@pytest.mark.parametrize("when", ["write", "freeze"])
def test_a_disk_that_fails(error: OSError, expected: tuple[int, str], when: str) -> None:
    visit = Visit()
    visit.begin()
    spool = visit.world.spools.made[0]
    if when == "write":
        spool.write_error = error
    else:
        spool.freeze_error = error
    visit.content(b"one\n", b"two\n")
    assert status(visit.end()) == expected
    assert spool.closed
    assert visit.world.delivery.messages == []
    assert visit.world.facts.one(facts.MessageRefused).reply.startswith(str(expected[0]))
    assert "file system of the store" in visit.world.facts.one(facts.NotDelivered).reason


def test_a_spool_that_cannot_be_opened(log: list[LogEvent]) -> None:
    visit = Visit()
    visit.world.spools.error = OSError(errno.EACCES, "denied")
    visit.mail()
    visit.rcpt()
    assert status(visit.say(events.Data())) == (451, "4.3.0")
    assert visit.session.at_rest
    assert len(log) == 1


def test_something_unexpected_while_content_comes(log: list[LogEvent]) -> None:
    visit = Visit()
    visit.begin()
    visit.world.spools.made[0].write_error = RuntimeError("a bug")
    visit.content(b"one\n", b"two\n")
    reply = visit.end()
    assert status(reply) == (451, "4.3.0")
    fact = visit.world.facts.one(facts.Failed)
    assert fact.error in reply.text
    assert (fact.where, fact.reason) == ("smtp Content", "RuntimeError: a bug")
    assert len(log) == 1


# Handlers and delivery.


def test_a_handler_may_refuse() -> None:
    visit = Visit(world_with("message", Refused(SPAM)))
    assert visit.send() == SPAM
    fact = visit.world.facts.one(facts.MessageRefused)
    assert (fact.reply, fact.octets, fact.recipients) == ("550 5.7.1 Spam", 22, (ALICE,))
    assert visit.world.delivery.messages == []


def test_a_handler_may_discard_and_the_client_cannot_tell() -> None:
    visit = Visit(world_with("message", Discarded("a virus")))
    reply = visit.send()
    fact = visit.world.facts.one(facts.Accepted)
    assert (fact.discarded, fact.reply_sent) == (True, True)
    assert reply == Reply(250, "2.0.0", f"{fact.message} accepted")
    assert visit.world.delivery.messages == []
    assert visit.world.spools.made[0].closed


def test_a_message_of_which_nobody_is_left_counts_as_discarded() -> None:
    @implementer(IMessageHandler)
    class Nobody:
        def handle(self, message: Message) -> Verdict:
            return Verdict(discard=frozenset({path(ALICE)}))

    visit = Visit(World(steps=(Step("nobody", Nobody()),)))
    assert visit.send().code == 250
    assert visit.world.facts.one(facts.Accepted).discarded
    assert visit.send(ALICE, BOB).code == 250
    assert not visit.world.facts.of(facts.Accepted)[1].discarded


def test_a_handlers_fields_reach_delivery() -> None:
    @implementer(IMessageHandler)
    class Stamp:
        async def handle(self, message: Message) -> Verdict:
            return Verdict(fields=(Field("X-Stamp", "1"),))

    visit = Visit(World(steps=(Step("stamp", Stamp()),)))
    visit.send()
    assert [field.name for field in visit.world.delivery.messages[0].fields] == ["X-Stamp", "Received"]


FULL, LATER, NEVER = Reply(452, "4.2.2", "a"), Reply(451, "4.3.0", "b"), Reply(550, "5.2.2", "c")


@pytest.mark.parametrize(
    ("alice", "bob", "expected"),
    [
        (LATER, None, LATER),
        (None, FULL, FULL),
        (LATER, FULL, FULL),
        (FULL, LATER, FULL),
        (NEVER, LATER, LATER),  # the client can try again
        (NEVER, None, NEVER),
    ],
)
def test_one_reply_for_all_recipients(alice: Reply | None, bob: Reply | None, expected: Reply) -> None:
    visit = Visit()
    visit.world.delivery.replies = {
        name: reply for name, reply in ((ALICE, alice), (BOB, bob)) if reply is not None
    }  # fmt: skip
    assert visit.send(ALICE, BOB) == expected
    assert visit.world.facts.one(facts.MessageRefused).reply == str(expected)
    assert visit.world.facts.of(facts.Accepted) == []
    assert visit.world.spools.made[0].closed


def test_something_unexpected_in_delivery(log: list[LogEvent]) -> None:
    visit = Visit()
    visit.world.delivery.error = RuntimeError("secret path /var/lib")
    reply = visit.send()
    fact = visit.world.facts.one(facts.Failed)
    assert status(reply) == (451, "4.3.0")
    assert fact.error in reply.text and "secret" not in reply.text
    assert (fact.session, fact.where) == ("visit", "smtp EndOfContent")
    assert fact.error in formatEvent(log[0])
    assert "RuntimeError" in str(log[0]["log_failure"])
    assert visit.world.facts.one(facts.MessageRefused).reply == str(reply)
    visit.world.delivery.error = None
    assert visit.send().code == 250


def test_a_wait_that_is_cancelled_from_within_is_unexpected_too(log: list[LogEvent]) -> None:
    visit = Visit()
    visit.world.delivery.error = CancelledError()
    assert status(visit.send()) == (451, "4.3.0")
    assert len(log) == 1


# A client that goes.


def test_lost_during_the_commit_the_message_is_delivered_and_the_fact_says_so() -> None:
    visit = Visit()
    gate: Deferred[None] = Deferred()
    visit.world.delivery.gate = gate
    visit.begin()
    visit.content(b"x\n")
    answer = started(visit.session.answer(events.EndOfContent(None)))
    assert not visit.session.at_rest
    visit.session.lost()
    gate.callback(None)  # a delivery does not break off a commit, whoever cancels
    outcome_of(answer)
    visit.session.ended("lost", 1, 2)
    fact = visit.world.facts.one(facts.Accepted)
    assert (fact.reply_sent, fact.discarded) == (False, False)
    assert visit.world.facts.one(facts.Disconnected).reason == "lost"
    assert visit.world.spools.made[0].closed


def test_lost_before_the_commit_nothing_is_delivered(log: list[LogEvent]) -> None:
    visit = Visit()
    visit.world.delivery.gate = Deferred()
    visit.begin()
    answer = started(visit.session.answer(events.EndOfContent(None)))
    visit.session.lost()
    answer.cancel()
    with pytest.raises(CancelledError):
        outcome_of(answer)
    visit.session.ended("lost", 1, 2)
    assert not visit.world.facts.of(facts.Accepted) and not visit.world.facts.of(facts.Failed)
    assert visit.world.spools.made[0].closed
    assert visit.world.facts.one(facts.Abandoned).phase == "answer"
    assert log == []


def test_lost_while_content_comes_its_spool_is_closed() -> None:
    visit = Visit()
    visit.begin()
    visit.content(b"half")
    assert not visit.session.at_rest
    visit.session.lost()
    visit.session.ended("lost", 1, 2)
    assert visit.world.spools.made[0].closed
    assert visit.session.at_rest
    fact = visit.world.facts.one(facts.Abandoned)
    assert (fact.phase, fact.reason, fact.octets, fact.recipients) == ("content", "lost", 4, (ALICE,))


@pytest.mark.parametrize("ending", ["lost", "time-out", "stopped"])
def test_a_transaction_in_which_a_session_ends_is_told(ending: str) -> None:
    visit = Visit()
    visit.mail()
    visit.session.ended(ending, 1, 2)
    fact = visit.world.facts.one(facts.Abandoned)
    assert (fact.phase, fact.reason) == ("mail", ending)
    assert isinstance(visit.world.facts.told[-1], facts.Disconnected)


def test_a_client_that_is_shown_out_is_told_from_one_that_quits() -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, max_errors=0)))
    visit.mail()
    visit.rcpt()
    assert visit.say(events.Fault(Reply(500, "5.5.1", "No such command"))).code == 421
    visit.session.ended("quit", 1, 2)
    assert visit.world.facts.one(facts.Abandoned).reason == "shown out"


@pytest.mark.parametrize(
    ("event", "reason"),
    [(events.Reset(), "reset"), (events.Quit(), "quit"), (events.Hello(True, "again"), "hello")],
)
def test_what_a_client_takes_back_is_told_if_somebody_was_to_have_it(event: events.Event, reason: str) -> None:
    visit = Visit()
    visit.mail()
    visit.rcpt("nobody@example.test")
    visit.say(event)
    assert not visit.world.facts.of(facts.Abandoned)
    visit.mail()
    visit.rcpt()
    visit.say(event)
    visit.session.ended("quit", 1, 2)
    fact = visit.world.facts.one(facts.Abandoned)
    assert (fact.phase, fact.reason) == ("rcpt", reason)


def test_what_a_client_takes_back_again_and_again_is_told_some_times() -> None:
    visit = Visit()
    for _ in range(TOLD_TAKEN_BACK + 3):
        visit.mail()
        visit.rcpt()
        visit.say(events.Reset())
    assert len(visit.world.facts.of(facts.Abandoned)) == TOLD_TAKEN_BACK
    visit.begin()
    visit.session.ended("lost", 1, 2)  # that is told all the same
    assert len(visit.world.facts.of(facts.Abandoned)) == TOLD_TAKEN_BACK + 1


def test_a_message_that_was_answered_is_not_abandoned(log: list[LogEvent]) -> None:
    visit = Visit()
    assert visit.send().code == 250
    visit.begin()
    assert visit.end("a bare CR").code == 550
    visit.world.delivery.error = RuntimeError("broken")
    visit.begin()
    assert visit.end().code == 451
    visit.say(events.Reset())
    visit.say(events.Quit())
    visit.session.ended("quit", 1, 2)
    assert not visit.world.facts.of(facts.Abandoned)
    assert len(log) == 1


def test_a_session_that_we_ended_by_our_own_goodbye_was_refused() -> None:
    visit = Visit()
    visit.session.ended("quit", 1, 2)
    assert visit.world.facts.one(facts.Disconnected).reason == "refused"


def test_the_end_of_a_session_is_told() -> None:
    visit = Visit()
    visit.send()
    visit.say(events.Quit())
    visit.world.clock.advance(2.0)
    visit.session.ended("quit", 100, 200)
    fact = visit.world.facts.one(facts.Disconnected)
    assert (fact.reason, fact.octets_in, fact.octets_out, fact.seconds) == ("quit", 100, 200, 2.0)
    assert fact.commands == 5  # EHLO MAIL RCPT DATA QUIT


@pytest.mark.parametrize(("ending", "expected"), [("time-out", (421, "4.4.2")), ("stopped", (421, "4.3.2"))])
def test_farewells(ending: Any, expected: tuple[int, str]) -> None:
    assert status(Visit().session.farewell(ending)) == expected


def test_how_long_a_client_may_be_silent() -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, idle_seconds=7.0)))
    visit.world.clock.advance(2.0)
    assert visit.session.seconds_left(0.5) == 5.0  # a command has its time as a whole
    visit.begin()
    assert visit.session.seconds_left(0.5) == 6.5  # content is measured from block to block
    visit.world.clock.advance(5.0)
    assert visit.session.seconds_left(0.5) == 6.5
    visit.end()
    assert visit.session.seconds_left(0.5) == 7.0


def test_who_does_not_greet_has_less_time() -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, greeting_seconds=10.0, session_seconds=30.0)), helo=False)
    visit.world.clock.advance(4.0)
    visit.say(events.Connected())
    assert visit.session.seconds_left(0.0) == 6.0
    visit.say(events.Hello(True, "client.example.org"))
    assert visit.session.seconds_left(0.0) == 26.0


def test_on_submission_the_greeting_is_the_login() -> None:
    visit = Visit(World(submission(greeting_seconds=10.0, session_seconds=30.0)))
    assert visit.session.seconds_left(0.0) == 10.0
    assert visit.log_in().code == 235
    assert visit.session.seconds_left(0.0) == 30.0


# What is counted, and chunks; test_patience and test_mailing have the rest.


def test_a_session_that_is_for_nothing_ends() -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, max_idle_commands=2)))
    assert [visit.say(events.Noop()).code for _ in range(2)] == [250, 421]
    visit = Visit(World(Personality(hostname=HOSTNAME, max_transactions=1, max_refused_recipients=0)))
    assert visit.mail().code == 250
    assert visit.rcpt("nobody@example.test").code == 421
    assert visit.mail().code == 421


def test_chunks_are_a_message() -> None:
    visit = Visit()
    visit.mail()
    visit.rcpt()
    assert status(visit.chunk(b"Subject: x\n")) == (250, "2.0.0")
    visit.begin_chunk(b"\nhello\n")
    assert status(visit.end()) == (250, "2.0.0")
    assert visit.world.delivery.contents == [b"Subject: x\n\nhello\n"]
    assert visit.world.facts.one(facts.Accepted).octets == 21


def test_a_refusal_is_said_to_every_recipient_of_lmtp_and_once_for_a_chunk() -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, lmtp=True, max_message_octets=10)))
    visit.begin(ALICE, BOB)
    assert visit.answer(events.EndOfContent(ContentFault.NUL)) == (
        Reply(550, "5.6.0", f"The content has {ContentFault.NUL}"),
    ) * 2  # fmt: skip
    visit.mail()
    visit.rcpt()
    visit.rcpt(BOB)
    assert status(visit.chunk(b"x" * 11)) == (552, "5.3.4")


# Small commands.


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (events.Noop(), (250, "2.0.0")),
        (events.Reset(), (250, "2.0.0")),
        (events.Help(), (214, "2.0.0")),
        (events.Verify(), (252, "2.0.0")),
        (events.Quit(), (221, "2.0.0")),
    ],
)
def test_small_commands(event: events.Event, expected: tuple[int, str]) -> None:
    assert status(Visit().say(event)) == expected


def test_rset_ends_a_transaction() -> None:
    visit = Visit()
    visit.mail()
    visit.rcpt()
    visit.say(events.Reset())
    visit.mail("other@example.org")
    visit.rcpt(BOB)
    visit.say(events.Data())
    visit.end()
    (message,) = visit.world.delivery.messages
    assert [str(to.path) for to in message.envelope.recipients] == [BOB]


def test_faults_are_answered_and_counted() -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, max_errors=3)))
    fault = events.Fault(Reply(500, "5.5.1", "No such command"))
    assert [visit.say(fault) for _ in range(3)] == [fault.reply] * 3
    assert visit.say(events.Noop()).code == 250
    assert status(visit.say(fault)) == (421, "4.7.0")


@pytest.mark.parametrize("event", [object(), events.EndOfContent(None), events.Rcpt(path(ALICE), {}), events.Data()])
def test_an_event_that_cannot_be(event: Any, log: list[LogEvent]) -> None:
    visit = Visit()
    assert status(visit.say(event)) == (451, "4.3.0")
    assert len(log) == 1


# STARTTLS.


def test_starttls_forgets_everything() -> None:
    visit = Visit(World(submission(starttls=True)))
    visit.log_in()
    assert status(visit.say(events.StartTLS())) == (220, "2.0.0")
    visit.session.secured("TLSv1.3 TLS_AES_256_GCM_SHA384")
    assert visit.world.facts.one(facts.Secured).tls.startswith("TLSv1.3")
    assert visit.world.realm.logged_out == [ALICE]
    assert status(visit.mail(ALICE)) == (530, "5.7.0")
    lines = visit.say(events.Hello(True, "client.example.org")).text.split("\n")
    assert "STARTTLS" not in lines and "AUTH PLAIN LOGIN" in lines
    assert status(visit.say(events.StartTLS())) == (502, "5.5.1")  # RFC 3207 4.2
    visit.log_in()
    visit.begin(ALICE, sender=ALICE)
    visit.end()
    assert " with ESMTPSA (TLSv1.3 " in visit.world.delivery.messages[0].fields[0].value


def test_starttls_ends_a_transaction() -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, starttls=True)))
    visit.begin()
    visit.session.secured("TLSv1.3 X")
    assert visit.world.spools.made[0].closed
    assert visit.session.at_rest
    assert visit.world.facts.one(facts.Abandoned).reason == "starttls"


def test_starttls_where_it_is_not_offered() -> None:
    assert status(Visit().say(events.StartTLS())) == (502, "5.5.1")


def test_a_session_that_begins_with_tls() -> None:
    visit = Visit(World(submission(allow_plaintext=False, starttls=False)), helo=False)
    visit.say(events.Connected())
    visit.session.secured("TLSv1.3 X")
    assert "AUTH PLAIN LOGIN" in visit.say(events.Hello(True, "client.example.org")).text.split("\n")


# AUTH; the exchange itself is in test_authentication.


def test_submission_wants_a_login() -> None:
    visit = Visit(World(submission()))
    assert status(visit.mail(ALICE)) == (530, "5.7.0")
    assert visit.log_in().code == 235
    assert visit.mail(ALICE).code == 250
    assert visit.world.facts.one(facts.LoggedIn).user == ALICE


def test_passwords_do_not_travel_before_tls() -> None:
    visit = Visit(World(submission(allow_plaintext=False, starttls=True)))
    assert "AUTH" not in visit.say(events.Hello(True, "c.example")).text
    assert status(visit.log_in()) == (530, "5.7.0")
    assert visit.world.checker.asked == []
    visit.session.secured("TLSv1.3 X")
    assert visit.log_in().code == 235


@pytest.mark.parametrize("world", [World(), World(submission(), with_portal=False)])
def test_auth_where_it_is_not_offered(world: World) -> None:
    assert status(Visit(world).log_in()) == (502, "5.5.1")


def test_a_second_login() -> None:
    visit = Visit(World(submission()))
    visit.log_in()
    assert status(visit.log_in("bob")) == (503, "5.5.1")  # RFC 4954 4
    assert visit.mail(ALICE).code == 250
    assert "AUTH" not in visit.say(events.Hello(True, "c.example")).text


def test_a_user_sends_as_himself_or_as_nobody() -> None:
    visit = Visit(World(submission()))
    visit.log_in()
    assert status(visit.mail(BOB)) == (550, "5.7.1")
    assert visit.mail("").code == 250
    visit.say(events.Reset())
    assert visit.mail(ALICE, AUTH="<>").code == 250


def test_a_login_over_two_lines() -> None:
    visit = Visit(World(submission()))
    assert visit.say(events.Auth("LOGIN", None)).code == 334
    assert visit.say(events.Response(base64_of("alice"))).code == 334
    assert visit.say(events.Response(base64_of(PASSWORD))).code == 235


def test_too_many_wrong_passwords() -> None:
    visit = Visit(World(submission(max_login_failures=3)))
    assert [status(visit.log_in(password="wrong")) for _ in range(3)] == [
        (535, "5.7.8"),
        (535, "5.7.8"),
        (421, "4.7.0"),
    ]
    assert len(visit.world.facts.of(facts.LoginFailed)) == 3


def test_a_login_that_is_refused_without_a_look_counts_for_the_session() -> None:
    world = World(submission(max_login_failures=3), limits={"throttle": Refusing()})
    visit = Visit(world)
    assert [status(visit.log_in()) for _ in range(3)] == [(454, "4.7.0"), (454, "4.7.0"), (421, "4.7.0")]
    assert world.checker.asked == []
    assert len(world.facts.of(facts.LoginThrottled)) == 3


def test_what_is_no_wrong_password_does_not_count_as_one(log: list[LogEvent]) -> None:
    visit = Visit(World(submission(max_login_failures=1)))
    assert visit.say(events.Auth("PLAIN", b"!")).code == 501
    assert visit.say(events.Auth("CRAM-MD5", None)).code == 504
    assert visit.log_in("bug").code == 454
    assert visit.log_in().code == 235


def test_a_checker_with_a_bug(log: list[LogEvent]) -> None:
    visit = Visit(World(submission()))
    reply = visit.log_in("bug")
    assert status(reply) == (454, "4.7.0")  # RFC 4954 6
    fact = visit.world.facts.one(facts.Failed)
    assert fact.error in reply.text
    assert fact.where == "smtp Auth"
    assert visit.say(events.Auth("LOGIN", base64_of("bug"))).code == 334
    assert status(visit.say(events.Response(base64_of("x")))) == (454, "4.7.0")


def test_a_client_that_goes_while_its_password_is_looked_at() -> None:
    visit = Visit(World(submission()))
    visit.world.checker.gate = Deferred()
    answer = started(visit.session.answer(events.Auth("PLAIN", base64_of(f"\0alice\0{PASSWORD}"))))
    visit.session.lost()
    answer.cancel()
    with pytest.raises(CancelledError):
        outcome_of(answer)
    visit.session.ended("lost", 0, 0)
    assert visit.world.facts.of(facts.LoggedIn) == []


def test_the_end_logs_out_once() -> None:
    visit = Visit(World(submission()))
    visit.log_in()
    visit.session.ended("quit", 0, 0)
    assert visit.world.realm.logged_out == [ALICE]
    assert visit.world.facts.one(facts.Disconnected).user == ALICE


def test_a_logout_that_fails_does_not_keep_the_connection(log: list[LogEvent]) -> None:
    visit = Visit(World(submission()))
    visit.log_in()
    visit.world.realm.logout_error = RuntimeError("a bug")
    visit.session.ended("quit", 0, 0)
    assert visit.world.facts.one(facts.Failed).where == "smtp logout"
    assert visit.world.facts.one(facts.Disconnected)


def test_no_password_anywhere(log: list[LogEvent]) -> None:
    visit = Visit(World(submission()))
    replies = [
        visit.log_in("alice", PASSWORD + "?"),
        visit.log_in("bug", PASSWORD),
        visit.say(events.Auth("LOGIN", base64_of("misfit"))),
        visit.say(events.Response(base64_of(PASSWORD))),
        visit.log_in("alice", PASSWORD),
    ]
    visit.session.ended("quit", 0, 0)
    auth = events.Auth("PLAIN", base64_of(PASSWORD))
    words = [repr(replies), repr(visit.world.facts.told), repr(auth), repr(events.Response(base64_of(PASSWORD)))]
    words += [formatEvent(event) + str(event.get("log_failure")) for event in log]
    words += [event["log_failure"].getTraceback() for event in log if "log_failure" in event]
    assert len(log) == 2  # the bug and the misfit
    for secret in (PASSWORD, base64_of(PASSWORD).decode(), base64_of(f"\0alice\0{PASSWORD}").decode()):
        assert not [word for word in words if secret in word]


# What a listener hides is not there.


def hiding(*keywords: str, **settings: Any) -> Visit:
    return Visit(World(submission(hidden=frozenset(keywords), **settings)), helo=False)


def test_a_listener_without_ehlo() -> None:
    visit = hiding("EHLO")
    assert status(visit.say(events.Hello(True, "client.example.org"))) == (502, "5.5.1")
    assert visit.say(events.Hello(False, "client.example.org")).code == 250


@pytest.mark.parametrize(
    ("keyword", "event"), [("STARTTLS", events.StartTLS()), ("AUTH", events.Auth("PLAIN", base64_of("\0alice\0x")))]
)
def test_a_command_that_is_hidden(keyword: str, event: events.Event) -> None:
    visit = hiding(keyword, starttls=True)
    lines = visit.say(events.Hello(True, "client.example.org")).text.split("\n")
    assert keyword not in [line.split()[0] for line in lines]
    assert status(visit.say(event)) == (502, "5.5.1")
    other = hiding("SIZE", starttls=True)
    other.say(events.Hello(True, "client.example.org"))
    assert other.say(event).code != 502


def test_hidden_commands_try_a_clients_patience() -> None:
    visit = hiding("AUTH", max_errors=2)
    codes = [visit.say(events.Auth("PLAIN", None)).code for _ in range(3)]
    assert codes == [502, 502, 421]


@pytest.mark.parametrize("last", [False, True])
def test_a_chunk_where_chunking_is_hidden_is_read_and_refused(last: bool) -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, hidden=frozenset({"CHUNKING"}))))
    visit.mail()
    visit.rcpt()
    visit.begin_chunk(b"Subject: hi\n\n")
    end = events.EndOfContent(None) if last else events.EndOfChunk(13)
    assert status(visit.say(end)) == (502, "5.5.1")
    assert visit.world.delivery.messages == []
    assert all(spool.closed for spool in visit.world.spools.made)
    assert visit.send().code == 250  # by DATA


def test_a_banner() -> None:
    visit = Visit(World(Personality(hostname=HOSTNAME, banner="other.test SMTP")), helo=False)
    assert str(visit.say(events.Connected())) == "220 other.test SMTP"
