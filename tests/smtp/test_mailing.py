"""Transactions: who may send what to whom, chunks, hops, completion, and LMTP's many replies."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import LogEvent
from zope.interface import implementer

from mailgate import facts
from mailgate.interfaces import IMessageHandler, IRecipientPolicy, ISenderPolicy
from mailgate.mail import (
    Destination,
    Discarded,
    Envelope,
    Local,
    Message,
    Path,
    Refused,
    Reply,
    Verdict,
)
from mailgate.pipeline import Step
from mailgate.smtp import events
from mailgate.smtp.mailing import (
    IN_CIRCLES,
    LOGIN_FIRST,
    NO_RELAY,
    NO_ROOM,
    NOBODY,
    NOT_YOURS,
    OWN_WILL,
    TOLD_TAKEN_BACK,
    TOO_FAST,
    TOO_MANY,
)
from mailgate.smtp.personality import Personality
from mailgate.smtp.transaction import too_big
from mailgate.wire.content import ContentFault
from tests.smtp.support import ALICE, BOB, HOSTNAME, Visit, World, submission
from tests.support import logged, outcome_of, path, started

FULL, LATER, NEVER = Reply(452, "4.2.2", "a"), Reply(451, "4.3.0", "b"), Reply(550, "5.2.2", "c")
ELSEWHERE = "somebody@elsewhere.example"


@pytest.fixture
def log() -> Iterator[list[LogEvent]]:
    with logged() as log_events:
        yield log_events


def mx(**settings: Any) -> World:
    return World(Personality(hostname=HOSTNAME, **settings))


def lmtp(**settings: Any) -> World:
    return mx(lmtp=True, listener="lmtp", **settings)


def logged_in(**settings: Any) -> Visit:
    visit = Visit(World(submission(**settings)))
    assert visit.log_in().code == 235
    return visit


@implementer(IMessageHandler)
class Handler:
    """Gives, or raises, what it was given."""

    def __init__(self, answer: Verdict | Exception) -> None:
        self._answer = answer

    def handle(self, message: Message) -> Verdict:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


# Senders.


def test_submission_wants_a_login() -> None:
    assert Visit(World(submission())).mail(ALICE) == LOGIN_FIRST


def test_a_user_sends_as_himself() -> None:
    visit = logged_in()
    assert visit.mail(BOB) == NOT_YOURS
    assert visit.mail(ELSEWHERE) == NOT_YOURS
    assert visit.mail(ALICE).code == 250


def test_unless_anybody_may_be_said() -> None:
    assert logged_in(any_sender=True).mail(ELSEWHERE).code == 250
    assert Visit(World(submission(any_sender=True))).mail(ALICE) == LOGIN_FIRST


def test_what_was_asked_for_is_in_the_envelope() -> None:
    visit = Visit()
    visit.mail("grüße@example.org", SMTPUTF8=None, SIZE="5")
    visit.rcpt()
    visit.say(events.Data())
    visit.end()
    envelope = visit.world.delivery.messages[0].envelope
    assert (envelope.smtputf8, envelope.size, str(envelope.reverse_path)) == (True, 5, "grüße@example.org")
    assert " with UTF8SMTP " in visit.world.delivery.messages[0].fields[0].value


# Recipients.


def test_recipients() -> None:
    visit = Visit(mx(max_recipients=2))
    visit.mail()
    assert visit.rcpt("nobody@example.test") == NOBODY
    assert visit.rcpt(ELSEWHERE) == NO_RELAY
    assert [visit.rcpt(ALICE).code, visit.rcpt(ALICE).code] == [250, 250]
    assert visit.rcpt(BOB) == TOO_MANY


def test_a_recipient_beyond_ascii_needs_smtputf8() -> None:
    visit = Visit()
    visit.mail()
    reply = visit.rcpt("ünbekannt@example.test")
    assert (reply.code, reply.status) == (553, "5.6.7")  # RFC 6531 3.5
    visit.say(events.Reset())
    visit.mail(SMTPUTF8=None)
    assert visit.rcpt("ünbekannt@example.test") == NOBODY


def test_who_names_too_many_recipients_waits() -> None:
    asked: list[str] = []

    def may_name_recipient(client: str) -> bool:
        asked.append(client)
        return len(asked) < 2

    visit = Visit(World(limits={"may_name_recipient": may_name_recipient}))
    visit.mail()
    assert visit.rcpt(ALICE).code == 250
    assert visit.rcpt(BOB) == TOO_FAST
    assert (TOO_FAST.code, TOO_FAST.status) == (450, "4.7.1")
    assert asked == ["192.0.2.1"] * 2


@pytest.mark.parametrize(
    ("relays", "user", "reply"), [(False, False, 550), (True, False, 550), (False, True, 550), (True, True, 250)]
)
def test_only_a_user_is_relayed_for_and_only_where_that_is_so(relays: bool, user: bool, reply: int) -> None:
    visit = Visit(World(submission(relays=relays, auth_required=user)))
    if user:
        visit.log_in()
    visit.mail(ALICE)
    assert visit.rcpt(ELSEWHERE).code == reply


def test_guessing_recipients_has_an_end() -> None:
    visit = Visit(mx(max_refused_recipients=2))
    visit.mail()
    said = [visit.rcpt(name).code for name in ("a@example.test", ALICE, "full@example.test")]
    assert said == [550, 250, 452]
    goodbye = visit.rcpt("b@example.test")
    assert (goodbye.code, goodbye.status) == (421, "4.7.0")


# Room.


@implementer(ISenderPolicy, IRecipientPolicy)
class Policy:
    """Refuses, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def check_sender(self, envelope: Envelope) -> None:
        self.asked.append("sender")

    def check_recipient(self, envelope: Envelope, path: Path) -> None:
        self.asked.append("recipient")
        raise Refused(NEVER)


class Quotas:
    """Refuses bob, and whoever is to have more than ten octets; notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int | None, list[str]]] = []
        self.gate: Deferred[None] | None = None

    async def check(self, envelope: Envelope, destinations: Sequence[Destination]) -> None:
        names = [place.maildrop for place in destinations if isinstance(place, Local)]
        self.asked.append((envelope.size, names))
        if self.gate is not None:
            await self.gate
        if BOB in names or (envelope.size or 0) > 10:
            raise Refused(FULL)


@pytest.mark.parametrize("personality", [mx().personality, lmtp().personality, submission()])
def test_without_room_no_mail_is_begun_and_what_is_under_way_is_finished(personality: Personality) -> None:
    room = [True]
    world = World(personality, limits={"has_room": lambda: room[0]})
    visit = Visit(world)
    if personality.auth_required:
        visit.log_in()
    assert visit.mail(ALICE).code == visit.rcpt(BOB).code == 250
    room[0] = False
    assert visit.rcpt(ALICE).code == 250
    assert visit.say(events.Data()).code == 354
    visit.content(b"x\n")
    answer = visit.answer(events.EndOfContent(None))
    replies = answer if isinstance(answer, tuple) else (answer,)
    assert [reply is not None and reply.code for reply in replies] == [250] * len(replies)
    assert visit.mail(ALICE) == NO_ROOM
    assert (NO_ROOM.code, NO_ROOM.status) == (452, "4.3.1")
    assert (world.facts.one(facts.CommandRefused).phase, visit.session.at_rest) == ("mail", True)
    room[0] = True
    assert visit.mail(ALICE).code == 250


def test_who_may_not_send_at_all_does_not_learn_how_much_room_there_is() -> None:
    limits = {"has_room": lambda: False}
    visit = Visit(World(submission(), limits=limits))
    assert visit.mail(ALICE) == LOGIN_FIRST
    visit.log_in()
    assert visit.mail(BOB) == NOT_YOURS
    assert visit.mail(ALICE, SIZE="99999999") == too_big(26_214_400)
    assert visit.mail(ALICE) == NO_ROOM


def test_no_policy_is_asked_while_there_is_no_room() -> None:
    policy = Policy()
    visit = Visit(World(steps=(Step("policy", policy),), limits={"has_room": lambda: False}))
    assert visit.mail() == NO_ROOM
    assert policy.asked == []


@pytest.mark.parametrize("personality", [mx().personality, lmtp().personality, submission()])
def test_each_recipient_is_asked_for_by_where_it_leads_and_how_much_comes(personality: Personality) -> None:
    quotas = Quotas()
    visit = Visit(World(personality, limits={"check_quotas": quotas.check}))
    if personality.auth_required:
        visit.log_in()
    visit.mail(ALICE)
    assert visit.rcpt(ALICE).code == 250
    assert visit.rcpt(BOB) == visit.rcpt("info@example.test") == FULL
    assert visit.say(events.Data()).code == 354  # for alice
    visit.content(b"x\n")
    visit.answer(events.EndOfContent(None))
    (message,) = visit.world.delivery.messages
    assert [str(to.path) for to in message.envelope.recipients] == [ALICE]
    visit.mail(ALICE, SIZE="11")
    assert visit.rcpt(ALICE) == FULL
    assert quotas.asked == [(None, [ALICE]), (None, [BOB]), (None, [ALICE, BOB]), (11, [ALICE])]


def test_whom_a_policy_refuses_does_not_learn_whose_maildrop_is_full() -> None:
    policy, quotas = Policy(), Quotas()
    visit = Visit(World(steps=(Step("policy", policy),), limits={"check_quotas": quotas.check}))
    visit.mail()
    assert visit.rcpt("nobody@example.test") == NOBODY
    assert visit.rcpt(BOB) == NEVER
    assert (policy.asked, quotas.asked) == (["sender", "recipient"], [])


def test_a_client_that_leaves_while_its_recipient_is_looked_at() -> None:
    quotas = Quotas()
    quotas.gate = Deferred()
    visit = Visit(World(limits={"check_quotas": quotas.check}))
    visit.mail()
    waiting = started(visit.session.answer(events.Rcpt(path(ALICE), {})))
    visit.session.lost()
    waiting.cancel()
    with pytest.raises(CancelledError):
        outcome_of(waiting)
    assert visit.world.facts.of(facts.Failed) == []


# Transactions that end without an answer to their message.


def test_how_far_a_message_had_come_when_its_client_went() -> None:
    for whole, phase in ((False, "content"), (True, "answer")):
        visit = Visit()
        mailing = visit.session._mailing
        mailing.cut_short(events.EndOfContent(None))  # there is no transaction, and nothing happens
        visit.begin()
        mailing.cut_short(events.EndOfContent(None) if whole else events.Rcpt(path(BOB), {}))
        mailing.abandon("lost")
        mailing.abandon("lost")
        assert visit.world.facts.one(facts.Abandoned).phase == phase
        assert visit.world.spools.made[0].closed


@pytest.mark.parametrize("reason", sorted(OWN_WILL))
def test_what_is_taken_back_is_told_some_times_and_only_if_somebody_was_to_have_it(reason: str) -> None:
    visit = Visit()
    for _ in range(TOLD_TAKEN_BACK + 2):
        visit.mail()
        visit.session._mailing.abandon(reason)
        visit.begin()
        visit.session._mailing.abandon(reason)
    told = visit.world.facts.of(facts.Abandoned)
    assert [(fact.reason, fact.recipients) for fact in told] == [(reason, (ALICE,))] * TOLD_TAKEN_BACK
    visit.mail()
    visit.session._mailing.abandon("time-out")
    assert visit.world.facts.of(facts.Abandoned)[-1].reason == "time-out"


# What else has an end.


def test_transactions_have_an_end() -> None:
    visit = Visit(mx(max_transactions=2))
    assert [visit.send().code, visit.send().code] == [250, 250]
    assert visit.mail().code == 421  # RFC 9422: MAILMAX
    assert visit.session.at_rest


def test_idle_commands_have_an_end() -> None:
    visit = Visit(mx(max_idle_commands=4))  # one was EHLO
    small: list[events.Event] = [events.Noop(), events.Help(), events.Verify()]
    assert [visit.say(event).code for event in small] == [250, 214, 252]
    assert visit.send().code == 250
    assert [visit.say(event).code for event in [*small, events.Reset()]] == [250, 214, 252, 250]
    assert visit.say(events.Noop()).code == 421


def test_an_excused_fault_is_no_error_but_brings_nothing_further() -> None:
    visit = Visit(mx(max_errors=1, max_idle_commands=10))  # one was EHLO
    reply = Reply(503, "5.5.1", "No")
    assert [visit.say(events.Fault(reply, excused=True)) for _ in range(9)] == [reply] * 9
    assert [visit.say(events.Fault(reply)).code for _ in range(2)] == [503, 421]
    assert visit.say(events.Fault(reply, excused=True)).code == 421


def test_empty_chunks_bring_nothing_further() -> None:
    visit = Visit(mx(max_idle_commands=3))
    visit.mail()
    visit.rcpt()
    assert [visit.chunk(b"").code for _ in range(3)] == [250, 250, 421]


@pytest.mark.parametrize(
    "event",
    [
        events.Mail(path("sender@example.org"), {"XYZZY": None}),  # 555
        events.Mail(path("müller@example.org"), {}),  # 550
        events.StartTLS(),  # 502
        events.Auth("PLAIN", None),  # 502
    ],
)
def test_what_is_refused_for_good_is_an_error(event: events.Event) -> None:
    visit = Visit(mx(max_errors=2))
    assert [visit.say(event).code == 421 for _ in range(3)] == [False, False, True]


def test_a_login_that_is_broken_off_is_an_error() -> None:
    visit = Visit(World(submission(max_errors=1)))
    assert visit.say(events.Auth("PLAIN", b"!")).code == 501
    assert visit.say(events.Auth("PLAIN", None)).code == 334
    assert visit.say(events.Response(b"*")).code == 421


def test_of_many_surplus_recipients_one_is_told() -> None:
    visit = Visit(mx(max_recipients=1, max_refused_recipients=1))
    visit.mail()
    said = [visit.rcpt().code for _ in range(5)]
    assert said == [250, 452, 452, 452, 452]  # RFC 5321 4.5.3.1.10: any number, and the message goes on
    assert visit.world.facts.one(facts.CommandRefused).reply.startswith("452 4.5.3")
    assert visit.say(events.Data()).code == 354


def test_who_may_not_send_any_more_may_not_send_as_nobody_either() -> None:
    visit = logged_in(any_sender=True)
    assert visit.mail("").code == 250
    visit.say(events.Reset())
    visit.world.realm.active = False
    assert (visit.mail("").code, visit.mail("anybody@example.org").code) == (550, 550)


# Chunks.


def test_content_in_chunks() -> None:
    visit = Visit()
    visit.mail()
    visit.rcpt()
    assert visit.session.at_rest
    assert visit.chunk(b"Subject: hi\n", b"\nhe") == Reply(250, "2.0.0", "Chunk OK, go on")
    assert visit.chunk().code == 250
    assert not visit.session.at_rest
    visit.begin_chunk(b"llo\n")
    assert visit.end().code == 250
    assert visit.world.delivery.contents == [b"Subject: hi\n\nhello\n"]
    assert len(visit.world.spools.made) == 1 and visit.world.spools.made[0].closed


def test_a_chunk_that_is_too_big_is_not_kept_at_all() -> None:
    visit = Visit(mx(max_message_octets=10))
    visit.mail()
    visit.rcpt()
    assert visit.chunk(b"12345").code == 250
    visit.begin_chunk(b"6789ab")
    assert visit.world.spools.made[0].closed  # before its octets have come
    assert visit.say(events.EndOfChunk(6)) == too_big(10)
    assert visit.session.at_rest
    assert visit.world.facts.one(facts.MessageRefused).reply == str(too_big(10))
    visit.mail()  # the transaction is over
    visit.rcpt()
    visit.begin_chunk(b"123456789\n")
    assert visit.end() == too_big(10)


def test_faults_of_chunks_are_told_at_the_end() -> None:
    visit = Visit()
    visit.mail()
    visit.rcpt()
    visit.begin_chunk(b"a\rb\n")
    reply = visit.end(ContentFault.BARE_CR)
    assert (reply.code, reply.status) == (550, "5.6.0")


def test_rset_between_chunks() -> None:
    visit = Visit()
    visit.mail()
    visit.rcpt()
    visit.chunk(b"half a mess")
    visit.say(events.Reset())
    assert visit.world.spools.made[0].closed
    assert visit.send(content=b"whole\n").code == 250
    assert visit.world.delivery.contents == [b"whole\n"]


def test_a_disk_that_fails_between_chunks() -> None:
    visit = Visit()
    visit.mail()
    visit.rcpt()
    visit.chunk(b"one\n")
    visit.world.spools.made[0].write_error = OSError(errno.ENOSPC, "no space")
    assert visit.chunk(b"two\n").code == 452
    assert "file system of the store" in visit.world.facts.one(facts.NotDelivered).reason


@pytest.mark.parametrize("last", [False, True])
def test_a_spool_that_cannot_be_opened_is_logged_once(log: list[LogEvent], last: bool) -> None:
    visit = Visit()
    visit.world.spools.error = OSError(errno.EACCES, "denied")
    visit.mail()
    visit.rcpt()
    visit.begin_chunk(*[b"x" * 100] * 5)
    reply = visit.end() if last else visit.say(events.EndOfChunk(500))
    assert (reply.code, reply.status) == (451, "4.3.0")
    assert visit.world.facts.one(facts.Failed).error in reply.text
    assert len(log) == 1
    visit.world.spools.error = None
    assert visit.send().code == 250


# One reply for all.


@pytest.mark.parametrize(
    ("alice", "bob", "expected"),
    [(None, FULL, FULL), (LATER, FULL, FULL), (NEVER, LATER, LATER), (NEVER, None, NEVER)],
)
def test_what_can_be_tried_again_comes_first(alice: Reply | None, bob: Reply | None, expected: Reply) -> None:
    visit = Visit()
    visit.world.delivery.replies = {name: reply for name, reply in ((ALICE, alice), (BOB, bob)) if reply is not None}
    assert visit.send(ALICE, BOB) == expected
    assert visit.world.facts.one(facts.MessageRefused).recipients == (ALICE, BOB)


# Hops and completion.


def test_a_message_that_goes_in_circles() -> None:
    visit = Visit(mx(max_hops=2))
    hop = b"Received: from a by b; now\n"
    assert visit.send(content=hop * 2 + b"\n" + hop * 5).code == 250
    assert visit.send(content=hop * 3 + b"\n") == IN_CIRCLES
    assert visit.world.facts.one(facts.MessageRefused).reply == str(IN_CIRCLES)


def test_only_what_a_user_submits_is_completed() -> None:
    visit = logged_in()
    visit.begin(ALICE, sender=ALICE)
    visit.content(b"Date: today\n\n")
    visit.end()
    assert [field.name for field in visit.world.delivery.messages[0].fields] == ["Received", "Message-ID"]
    other = Visit()
    other.send(content=b"\n")
    assert [field.name for field in other.world.delivery.messages[0].fields] == ["Received"]


# LMTP.


def test_a_reply_a_recipient() -> None:
    visit = Visit(lmtp())
    visit.world.delivery.replies = {BOB: FULL}
    visit.begin(ALICE, BOB, "info@example.test", ALICE)
    visit.content(b"x\n")
    answer = visit.answer(events.EndOfContent(None))
    assert isinstance(answer, tuple)
    assert [reply.code for reply in answer] == [250, 452, 250, 250]  # RFC 2033 4.2: twice for one named twice
    assert answer[1] == FULL
    assert [f"<{name}>" in answer[at].text for at, name in ((0, ALICE), (2, "info@example.test"))] == [True, True]
    accepted, refused = visit.world.facts.one(facts.Accepted), visit.world.facts.one(facts.MessageRefused)
    assert (accepted.recipients, accepted.discarded) == ((ALICE, "info@example.test", ALICE), False)
    assert (refused.recipients, refused.reply) == ((BOB,), str(FULL))
    assert visit.world.spools.made[0].closed and visit.session.at_rest


def test_the_message_id_goes_into_the_facts() -> None:
    visit = Visit()
    visit.send(content=b"Message-ID: <one@example.org>\n\nx\n")
    visit.world.delivery.replies = {ALICE: NEVER}
    visit.send(content=b"Message-ID: <two@example.org>\n\nx\n")
    assert visit.world.facts.one(facts.Accepted).message_id == "one@example.org"
    assert visit.world.facts.one(facts.MessageRefused).message_id == "two@example.org"
    world = mx()
    world.steps = (Step("handler", Handler(Discarded("spam"))),)
    discarding = Visit(world)
    discarding.send(content=b"Message-ID: <three@example.org>\n\nx\n")
    assert discarding.world.facts.one(facts.Accepted).message_id == "three@example.org"
    each = Visit(lmtp())
    each.world.delivery.replies = {BOB: FULL}
    each.begin(ALICE, BOB)
    each.content(b"Message-ID: <four@example.org>\n\nx\n")
    each.answer(events.EndOfContent(None))
    accepted, refused = each.world.facts.one(facts.Accepted), each.world.facts.one(facts.MessageRefused)
    assert accepted.message_id == refused.message_id == "four@example.org"


def test_so_does_one_that_was_added() -> None:
    visit = logged_in()
    visit.begin(sender=ALICE)
    visit.content(b"Subject: x\n\nx\n")
    assert visit.end().code == 250
    fact = visit.world.facts.one(facts.Accepted)
    assert fact.message_id == f"{fact.message}@mx.example.test"


def test_nobody_had_it() -> None:
    visit = Visit(lmtp())
    visit.world.delivery.replies = {ALICE: NEVER, BOB: LATER}
    visit.begin(ALICE, BOB)
    assert visit.answer(events.EndOfContent(None)) == (NEVER, LATER)
    assert visit.world.facts.of(facts.Accepted) == []
    assert len(visit.world.facts.of(facts.MessageRefused)) == 2


@pytest.mark.parametrize(
    ("answer", "code", "discarded"),
    [
        (Discarded("spam"), 250, True),
        (Refused(NEVER), 550, None),
        (RuntimeError("a bug"), 451, None),
        (Verdict(discard=frozenset({path(ALICE), path(BOB)})), 250, True),
        (Verdict(discard=frozenset({path(ALICE)})), 250, False),
    ],
)
def test_what_goes_for_all_is_said_to_each(answer: Verdict | Exception, code: int, discarded: bool | None) -> None:
    world = lmtp()
    world.steps = (Step("handler", Handler(answer)),)
    visit = Visit(world)
    visit.begin(ALICE, BOB)
    replies = visit.answer(events.EndOfContent(None))
    assert isinstance(replies, tuple)
    assert [reply.code for reply in replies] == [code, code]
    told = visit.world.facts.of(facts.Accepted)
    assert [fact.discarded for fact in told] == ([] if discarded is None else [discarded])


@pytest.mark.parametrize("recipients", [1, 3])
def test_what_is_wrong_with_content_is_said_to_each(recipients: int) -> None:
    visit = Visit(lmtp())
    visit.begin(*[ALICE] * recipients)
    replies = visit.answer(events.EndOfContent(ContentFault.NUL))
    assert isinstance(replies, tuple)
    assert [reply.code for reply in replies] == [550] * recipients


def test_a_refused_chunk_has_one_reply() -> None:
    visit = Visit(lmtp(max_message_octets=10))
    visit.mail()
    visit.rcpt(ALICE)
    visit.rcpt(BOB)
    assert visit.chunk(b"x" * 11) == too_big(10)  # RFC 2033 4.3


def test_the_end_of_content_for_nobody() -> None:
    visit = Visit(lmtp())
    visit.mail()
    assert visit.answer(events.EndOfContent(None)) == ()  # RFC 2033 4.3
    assert not visit.world.facts.of(facts.Failed) and not visit.world.facts.of(facts.MessageRefused)
    assert visit.world.delivery.messages == []
    assert visit.mail().code == 250


def test_something_unexpected_is_said_to_each(log: list[LogEvent]) -> None:
    visit = Visit(lmtp())
    visit.world.delivery.error = RuntimeError("a bug")
    visit.begin(ALICE, BOB)
    replies = visit.answer(events.EndOfContent(None))
    assert isinstance(replies, tuple)
    assert [reply.code for reply in replies] == [451, 451]
    assert len(log) == 1


def test_lmtp_asks_for_each_maildrop_by_itself() -> None:
    for world, partial in ((lmtp(), True), (mx(), False)):
        visit = Visit(world)
        visit.begin()
        visit.answer(events.EndOfContent(None))
        assert world.delivery.partial == [partial]
