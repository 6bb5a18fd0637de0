"""The TRANSACTION and UPDATE states, command by command."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from zope.interface import implementer_only

from mailgate.facts import Deleted, Failed, Fetched, MaildropClosed, NotDeleted, Unavailable
from mailgate.failures import LockLost, NotRemoved, StoreError
from mailgate.interfaces import IMaildrop
from mailgate.mail import Entry, Session, Snapshot
from mailgate.pop3 import events
from mailgate.pop3.listings import Listings
from mailgate.pop3.reply import Reply
from mailgate.pop3.report import MaildropReport
from mailgate.pop3.transaction import COMMANDS, TOLD_AT_A_TURN, Transaction, begin_transaction
from mailgate.pop3.view import View
from mailgate.reporting import VisitReport
from mailgate.rules import NO_RULES, Retention, Rules
from mailgate.wire.surrogate import Surrogate
from tests.pop3.support import UNIX_TIME, FakeMaildrop, House, blocks_of, entry, gather, house, wire_octets
from tests.support import Facts, result_of, started

FIRST = b"A: b\n\none\n.two\nthree\n"
SECOND = b"C: d\n\n\xff\n"
INTERNATIONAL = "Subject: grüße\n\nzwölf\n.\nlast".encode()
KEEPS_FETCHED = Rules(retention=Retention(fetched_days=7))
ALICE = Session(id="s1", listener="pop3", client="192.0.2.1", user="alice@example.test")


class Room:
    """A transaction on some messages, and what it tells."""

    def __init__(
        self,
        *messages: bytes,
        block_octets: int = 7,
        international: Collection[int] = (),
        utf8: bool = False,
        rules: Rules = NO_RULES,
    ) -> None:
        place = house(*messages, block_octets=block_octets)
        self.place: House = place
        self.maildrop: FakeMaildrop = place.maildrop
        self.maildrop.international = set(international)
        self.maildrop.rules = rules
        self.facts: Facts = place.facts
        self.report = MaildropReport(self.facts)
        self.transaction = self.begin(utf8=utf8)

    def begin(self, *, utf8: bool) -> Transaction:
        visit = VisitReport(self.facts, self.place.new_id)
        return result_of(
            begin_transaction(self.maildrop, ALICE, self.place.surroundings, visit, self.report, utf8=utf8)
        )

    def say(self, event: events.Event) -> Reply:
        reply = self.transaction.answer(event)
        return reply if isinstance(reply, Reply) else result_of(reply)

    def fetch(self, event: events.Event) -> bytes:
        reply = self.say(event)
        assert reply.content is not None
        return result_of(gather(reply.content))


def test_stat() -> None:
    assert str(Room(FIRST, SECOND).say(events.Stat())) == f"+OK 2 {wire_octets(FIRST) + wire_octets(SECOND)}"
    assert str(Room().say(events.Stat())) == "+OK 0 0"


def test_list() -> None:
    room = Room(FIRST, SECOND)
    reply = room.say(events.List())
    assert reply.ok
    assert reply.lines == b"1 26\r\n2 11\r\n"
    assert str(room.say(events.List(2))) == "+OK 2 11"
    assert room.say(events.List(2)).lines is None


def test_uidl() -> None:
    room = Room(FIRST, SECOND)
    assert room.say(events.Uidl()).lines == b"1 uid-1\r\n2 uid-2\r\n"
    assert str(room.say(events.Uidl(2))) == "+OK 2 uid-2"


@pytest.mark.parametrize("number", [0, 3, 10**100])
@pytest.mark.parametrize("command", [events.List, events.Uidl, events.Retr, events.Dele])
def test_there_is_no_message_of_another_number(command: type[events.Retr], number: int) -> None:
    assert str(Room(FIRST, SECOND).say(command(number))) == "-ERR no such message"


@pytest.mark.parametrize("command", [events.List(1), events.Uidl(1), events.Retr(1), events.Top(1, 1), events.Dele(1)])
def test_a_marked_message_is_as_good_as_gone(command: events.Event) -> None:
    room = Room(FIRST, SECOND)
    assert room.say(events.Dele(1)).ok
    assert str(room.say(command)) == "-ERR no such message"
    assert str(room.say(events.Stat())) == "+OK 1 11"
    assert room.say(events.List()).lines == b"2 11\r\n"
    assert room.say(events.Uidl()).lines == b"2 uid-2\r\n"


def test_rset_brings_it_back() -> None:
    room = Room(FIRST, SECOND)
    room.say(events.Dele(1))
    assert str(room.say(events.Rset())) == "+OK 2 messages (37 octets)"
    assert room.say(events.List(1)).ok


def test_noop() -> None:
    assert room_says_ok(events.Noop())


def room_says_ok(event: events.Event) -> bool:
    return Room().say(event).ok


def test_retr_gives_the_message_and_its_exact_size() -> None:
    room = Room(FIRST, SECOND)
    assert str(room.say(events.Retr(1))) == "+OK 26 octets"
    assert room.fetch(events.Retr(1)) == FIRST


@given(st.binary(max_size=60), st.integers(1, 9))
def test_retr_gives_any_content(content: bytes, block_octets: int) -> None:
    assert Room(content, block_octets=block_octets).fetch(events.Retr(1)) == content


@pytest.mark.parametrize(("lines", "expected"), [(0, b"A: b\n\n"), (2, b"A: b\n\none\n.two\n"), (99, FIRST)])
def test_top(lines: int, expected: bytes) -> None:
    room = Room(FIRST)
    assert room.fetch(events.Top(1, lines)) == expected
    assert room.maildrop.contents[-1].closed


def test_top_reads_no_more_than_it_sends() -> None:
    room = Room(b"A: b\n\n" + b"x" * 1_000)
    room.maildrop.raises["block"] = StoreError("too far")
    assert room.fetch(events.Top(1, 0)) == b"A: b\n\n"


def test_a_whole_message_is_a_fetch_and_a_top_is_none() -> None:
    room = Room(FIRST)
    room.fetch(events.Top(1, 99))
    assert room.facts.of(Fetched) == []
    room.fetch(events.Retr(1))
    assert [(fact.session, fact.user, fact.message, fact.uid, fact.octets) for fact in room.facts.of(Fetched)] == [
        ("s1", "alice@example.test", "id-1", "uid-1", 26)
    ]


def test_a_fetch_that_is_left_is_none_and_its_message_is_closed() -> None:
    room = Room(FIRST)
    content = blocks_of(room.say(events.Retr(1)))
    result_of(anext(content))
    result_of(content.aclose())
    assert room.facts.of(Fetched) == []
    assert room.maildrop.contents[0].closed


def test_a_fetch_that_never_began_is_closed_with_the_transaction() -> None:
    room = Room(FIRST)
    room.say(events.Retr(1))
    room.transaction.close()
    room.transaction.close()
    assert room.maildrop.contents[0].closed


def test_a_message_that_is_gone_is_an_error_and_the_session_goes_on() -> None:
    room = Room(FIRST, SECOND)
    del room.maildrop.messages[1]
    assert str(room.say(events.Retr(1))).startswith("-ERR the message is gone")
    assert str(room.say(events.Stat())) == "+OK 2 37"  # the snapshot is fixed
    assert room.fetch(events.Retr(2)) == SECOND


def test_a_message_that_breaks_off_is_told_and_leaves_the_connection_nothing_to_report() -> None:
    room = Room(FIRST)
    room.maildrop.raises["block"] = StoreError("the disk is broken")
    with pytest.raises(CancelledError):
        room.fetch(events.Retr(1))
    told = room.facts.one(Unavailable)
    assert (told.user, told.where, told.reason) == ("alice@example.test", "sending uid-1", "the disk is broken")
    assert room.facts.of(Fetched) == []
    assert room.maildrop.contents[0].closed


def test_a_message_that_breaks_off_for_no_known_reason_is_told_and_raised() -> None:
    room = Room(FIRST)
    room.maildrop.raises["block"] = OSError("what?")
    with pytest.raises(OSError, match="what"):
        room.fetch(events.Retr(1))
    told = room.facts.one(Failed)
    assert (told.where, told.reason) == ("sending uid-1", "OSError: what?")
    assert room.facts.of(Fetched) == []
    assert room.maildrop.contents[0].closed


def test_what_the_store_raises_goes_on_to_the_session() -> None:
    room = Room(FIRST)
    room.maildrop.raises["read"] = StoreError("no more files")
    with pytest.raises(StoreError):
        room.say(events.Retr(1))


def test_a_store_may_read_in_another_thread() -> None:
    class Slow:
        whole = None

        def __init__(self) -> None:
            self.blocks = [b"A: b", b"\n", b""]

        async def read_block(self) -> bytes:
            return self.blocks.pop(0)

        def close(self) -> None:
            """Nothing is open."""

    room = Room(FIRST)

    async def read(entry: Entry) -> Slow:
        return Slow()

    room.maildrop.read = read  # type: ignore[assignment, method-assign]
    assert room.fetch(events.Retr(1)) == b"A: b\n"


def test_a_read_that_is_cancelled_tells_nothing_and_closes_the_message() -> None:
    room = Room(FIRST)
    content = blocks_of(room.say(events.Retr(1)))
    room.maildrop.contents[0].read_block = lambda: Deferred()  # type: ignore[assignment, method-assign, return-value]
    reading = started(anext(content))
    reading.cancel()
    with pytest.raises(CancelledError):
        result_of(reading)
    assert room.maildrop.contents[0].closed
    assert room.facts.told == []


def test_an_event_of_another_state_is_a_mistake_of_ours() -> None:
    assert events.Quit not in COMMANDS
    with pytest.raises(TypeError):
        Room().say(events.Quit())


def test_only_reading_has_to_be_waited_for() -> None:
    samples: list[events.Event] = [
        events.Stat(),
        events.List(),
        events.Uidl(),
        events.Dele(1),
        events.Rset(),
        events.Noop(),
    ]
    assert {type(event) for event in samples} == COMMANDS - {events.Retr, events.Top}
    assert all(isinstance(Room(FIRST).transaction.answer(event), Reply) for event in samples)


# Mail that was received with SMTPUTF8 (RFC 6856 section 2.1).


def surrogate(message: bytes) -> bytes:
    maker = Surrogate()
    return maker.feed(message) + maker.finish()


@pytest.mark.parametrize("block_octets", [1, 7, 99])
def test_without_utf8_the_surrogate_is_sent_and_its_size_told(block_octets: int) -> None:
    room = Room(FIRST, INTERNATIONAL, international={2}, block_octets=block_octets)
    sent = surrogate(INTERNATIONAL)
    assert sent.partition(b"\n\n")[0].isascii()
    size = wire_octets(sent)
    assert str(room.transaction.describe()) == f"+OK 2 messages ({26 + size} octets)"
    assert str(room.say(events.Stat())) == f"+OK 2 {26 + size}"
    assert str(room.say(events.List(2))) == f"+OK 2 {size}"
    assert room.say(events.List()).lines == b"1 26\r\n2 %d\r\n" % size
    assert str(room.say(events.Retr(2))) == f"+OK {size} octets"
    assert room.fetch(events.Retr(2)) == sent
    assert room.facts.of(Fetched)[-1].octets == size


def test_without_utf8_the_top_is_the_surrogates() -> None:
    room = Room(INTERNATIONAL, international={1})
    header = surrogate(INTERNATIONAL).partition(b"\n\n")[0]
    assert room.fetch(events.Top(1, 1)) == header + "\n\nzwölf\n".encode()
    assert room.maildrop.contents[-1].closed


def test_with_utf8_it_goes_as_it_is_and_nothing_is_read_before() -> None:
    room = Room(INTERNATIONAL, international={1}, utf8=True)
    assert room.maildrop.contents == []
    assert str(room.say(events.List(1))) == f"+OK 1 {wire_octets(INTERNATIONAL)}"
    assert room.fetch(events.Retr(1)) == INTERNATIONAL
    assert room.fetch(events.Top(1, 99)) == INTERNATIONAL


def test_other_mail_goes_as_it_is() -> None:
    room = Room(INTERNATIONAL)
    assert room.fetch(events.Retr(1)) == INTERNATIONAL


def test_the_next_session_reads_nothing_to_know_the_sizes() -> None:
    room = Room(INTERNATIONAL, international={1})
    assert len(room.maildrop.contents) == 1
    assert room.begin(utf8=False).view.octets == room.transaction.view.octets
    assert len(room.maildrop.contents) == 1


@pytest.mark.parametrize(
    ("error", "kind"), [(StoreError("input/output error"), Unavailable), (OSError("input/output error"), Failed)]
)
def test_a_message_that_cannot_be_measured_is_told_and_keeps_its_size(
    error: Exception, kind: type[Unavailable] | type[Failed]
) -> None:
    room = Room(FIRST, INTERNATIONAL, international={2}, utf8=True)
    room.maildrop.raises["block"] = error
    room.transaction = room.begin(utf8=False)
    told = room.facts.one(kind)
    assert told.where == "measuring uid-2"
    assert "input/output error" in told.reason
    assert str(room.say(events.List(2))) == f"+OK 2 {wire_octets(INTERNATIONAL)}"
    del room.maildrop.raises["block"]
    assert room.fetch(events.Retr(2)) == surrogate(INTERNATIONAL)


def test_without_a_snapshot_there_is_no_transaction() -> None:
    room = Room(FIRST)
    room.maildrop.raises["snapshot"] = StoreError("the disk is gone")
    with pytest.raises(StoreError):
        room.begin(utf8=False)


# What is remembered of fetches, for rules by the first fetch.


def test_what_was_fetched_whole_is_noted_and_remembered_at_the_end() -> None:
    room = Room(FIRST, SECOND, FIRST, rules=KEEPS_FETCHED)
    room.fetch(events.Retr(2))
    room.fetch(events.Top(3, 99))
    assert room.maildrop.fetches == {"uid-2": int(UNIX_TIME)}
    assert room.maildrop.remembered == 0
    result_of(room.transaction.update())
    assert room.maildrop.remembered == 1


def test_a_fetch_that_broke_off_is_not_noted() -> None:
    room = Room(FIRST, rules=KEEPS_FETCHED)
    room.maildrop.raises["block"] = StoreError("the disk is broken")
    with pytest.raises(CancelledError):
        room.fetch(events.Retr(1))
    result_of(room.transaction.update())
    assert (room.maildrop.fetches, room.maildrop.remembered) == ({}, 0)


def test_without_such_a_rule_nothing_is_noted() -> None:
    room = Room(FIRST, rules=Rules(retention=Retention(days=7)))
    room.fetch(events.Retr(1))
    result_of(room.transaction.update())
    assert (room.maildrop.fetches, room.maildrop.remembered) == ({}, 0)


def test_a_maildrop_that_cannot_remember_is_not_asked_to() -> None:
    @implementer_only(IMaildrop)
    class Forgetful(FakeMaildrop):
        pass

    room = Room(FIRST)
    room.maildrop = Forgetful(FIRST)
    room.maildrop.rules = KEEPS_FETCHED
    room.transaction = room.begin(utf8=False)
    room.fetch(events.Retr(1))
    assert room.maildrop.fetches == {}


def test_remembering_that_has_begun_is_finished() -> None:
    room = Room(FIRST, rules=KEEPS_FETCHED)
    room.fetch(events.Retr(1))
    room.maildrop.waits["remember"] = Deferred()
    update = started(room.transaction.update())
    update.cancel()
    room.maildrop.waits["remember"].callback(None)
    assert room.maildrop.remembered == 1
    assert result_of(update) == 0


# UPDATE.


def test_update_removes_what_is_marked_in_one_call() -> None:
    room = Room(FIRST, SECOND, FIRST)
    room.say(events.Dele(3))
    room.say(events.Dele(1))
    assert result_of(room.transaction.update()) == 0
    assert [each.uid for each in room.maildrop.removed] == ["uid-1", "uid-3"]
    assert room.maildrop.removals == 1
    assert [(fact.user, fact.message, fact.uid) for fact in room.facts.of(Deleted)] == [
        ("alice@example.test", "id-1", "uid-1"),
        ("alice@example.test", "id-3", "uid-3"),
    ]


@pytest.mark.parametrize(
    ("rules", "trashed"),
    [(NO_RULES, False), (Rules(dele="trash", removed_days=30), True), (Rules(removed_days=30), False)],
)
def test_the_rules_say_what_dele_means(rules: Rules, trashed: bool) -> None:
    room = Room(FIRST, rules=rules)
    assert room.transaction.rules is rules
    room.say(events.Dele(1))
    result_of(room.transaction.update())
    assert (room.maildrop.removals, room.maildrop.trashed) == (1, trashed)


def test_update_without_marks_touches_nothing() -> None:
    room = Room(FIRST)
    assert result_of(room.transaction.update()) == 0
    assert room.maildrop.removals == 0


def test_update_tells_what_remains() -> None:
    room = Room(FIRST, SECOND)
    snapshot = result_of(room.maildrop.snapshot())
    room.say(events.Dele(1))
    room.say(events.Dele(2))
    room.maildrop.raises["remove"] = NotRemoved("read-only", [snapshot.entries[1]])
    assert result_of(room.transaction.update()) == 1
    assert [fact.uid for fact in room.facts.of(Deleted)] == ["uid-1"]
    assert [(fact.uids, fact.reason) for fact in room.facts.of(NotDeleted)] == [(("uid-2",), "read-only")]


def test_without_the_lock_all_remain() -> None:
    room = Room(FIRST, SECOND)
    room.say(events.Dele(1))
    room.maildrop.raises["remove"] = LockLost("the lease ran out")
    assert result_of(room.transaction.update()) == 1
    assert room.facts.of(Deleted) == []
    assert [fact.uids for fact in room.facts.of(NotDeleted)] == [("uid-1",)]


def test_a_removal_that_has_begun_is_finished() -> None:
    room = Room(FIRST)
    room.say(events.Dele(1))
    room.maildrop.waits["remove"] = Deferred()
    update = started(room.transaction.update())
    update.cancel()
    assert room.maildrop.removed == []
    room.maildrop.waits["remove"].callback(None)
    assert [each.uid for each in room.maildrop.removed] == ["uid-1"]
    assert [fact.uid for fact in room.facts.of(Deleted)] == ["uid-1"]
    assert result_of(update) == 0


def test_many_removals_are_told_in_turns_with_others() -> None:
    count = 2 * TOLD_AT_A_TURN + 1
    place = house(*[FIRST] * count)
    turns: list[Deferred[None]] = []

    def pause() -> Deferred[None]:
        turns.append(Deferred())
        return turns[-1]

    surroundings = evolve(place.surroundings, pause=pause)
    visit, report = VisitReport(place.facts, place.new_id), MaildropReport(place.facts)
    transaction = result_of(begin_transaction(place.maildrop, ALICE, surroundings, visit, report, utf8=False))
    for number in range(1, count + 1):
        transaction.answer(events.Dele(number))
    update = started(transaction.update())
    assert len(place.facts.of(Deleted)) == TOLD_AT_A_TURN
    turns[0].callback(None)
    assert len(place.facts.of(Deleted)) == 2 * TOLD_AT_A_TURN
    update.cancel()  # the client has gone: what was removed is told all the same
    turns[1].callback(None)
    assert [fact.uid for fact in place.facts.of(Deleted)] == [f"uid-{number}" for number in range(1, count + 1)]
    assert place.maildrop.removals == 1
    assert result_of(update) == 0
    assert len(turns) == 2


def test_a_big_maildrop_is_listed() -> None:
    many = Snapshot(1, tuple(entry(f"u{number}") for number in range(20_000)))
    place = house()
    transaction = Transaction(
        FakeMaildrop(),
        View(many, Listings()),
        ALICE,
        VisitReport(place.facts, place.new_id),
        MaildropReport(place.facts),
        place.surroundings.clock,
        place.surroundings.pause,
    )
    reply = transaction.answer(events.Uidl())
    assert isinstance(reply, Reply)
    lines = reply.lines
    assert isinstance(lines, bytes)
    assert lines.count(b"\r\n") == 20_000


@pytest.mark.parametrize(
    ("command", "sent"),
    [(events.Retr(1), FIRST), (events.Top(1, 1), b"A: b\n\none\n"), (events.Top(1, 0), b"A: b\n\n")],
)
def test_a_message_that_is_in_memory_goes_as_a_whole(command: events.Event, sent: bytes) -> None:
    room = Room(FIRST)
    room.maildrop.in_memory = True
    reply = room.say(command)
    assert isinstance(reply.content, bytes) and reply.content == sent
    assert room.maildrop.contents[0].closed
    assert len(room.facts.of(Fetched)) == isinstance(command, events.Retr)
    make = room.report.closing(messages=1, listed=0)
    VisitReport(room.facts, lambda: "e1").ended(ALICE, "quit", 1, 2, 3, 0.5, make)
    assert room.facts.one(MaildropClosed).tops == isinstance(command, events.Top)


def test_an_empty_message_goes_as_a_whole_too() -> None:
    room = Room(b"")
    room.maildrop.in_memory = True
    assert room.say(events.Retr(1)).content == b""
