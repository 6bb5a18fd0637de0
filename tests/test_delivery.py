"""The MDA: one copy a maildrop, all or none, and nothing breaks off a commit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from twisted.internet.defer import CancelledError, Deferred, succeed
from zope.interface import implementer
from zope.interface.verify import verifyObject

from mailgate.delivery import DELIVERED, DISCARDED, FAILED, FULL, Delivery
from mailgate.facts import Delivered, NotDelivered
from mailgate.failures import NotCommitted, StoreError, StoreFull
from mailgate.interfaces import IDelivery, IMaildrop, IMailStore, ISmarthost, IStaged
from mailgate.mail import Copy, Field, Local, Message, Outcome, Path, Recipient, Refused, Relay, Reply
from mailgate.rules import NO_RULES, Rules
from mailgate.store.memory import MemoryStore
from mailgate.waits import to_the_end
from tests.support import Facts, a_message, outcome_of, path, recipient, result_of, started

ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"


@implementer(IStaged)
class Staged:
    """Copies that are committed when, and as, the test says."""

    def __init__(self) -> None:
        self.commits = 0
        self.discards = 0
        self.committed: Deferred[tuple[str, ...]] = Deferred()

    def commit(self) -> Deferred[tuple[str, ...]]:
        self.commits += 1
        return self.committed

    def discard(self) -> None:
        self.discards += 1


@implementer(IMailStore)
class Store:
    """A store whose every wait is the test's to end."""

    def __init__(self) -> None:
        self.staged: Deferred[IStaged] = Deferred()
        self.copies: Sequence[Copy] | None = None

    def stage(self, message: Message, copies: Sequence[Copy]) -> Deferred[IStaged]:
        self.copies = copies
        return self.staged

    def open(self, maildrop: str, rules: Rules = NO_RULES) -> Deferred[IMaildrop]:
        raise NotImplementedError


class Bench:
    """A delivery under way to `recipients`."""

    def __init__(self, *recipients: Recipient, sender: str = "sender@example.org") -> None:
        self.store = Store()
        self.facts = Facts()
        self.staged = Staged()
        self.delivery = Delivery(self.store, self.facts)
        self.result = started(self.delivery.deliver(a_message(*recipients, sender=sender)))

    def stage(self) -> None:
        self.store.staged.callback(self.staged)

    def replies(self) -> list[Reply]:
        return [outcome.reply for outcome in outcome_of(self.result)]


def test_it_is_a_delivery() -> None:
    assert verifyObject(IDelivery, Delivery(Store(), Facts()))


def test_every_recipient_has_a_copy_when_it_returns() -> None:
    bench = Bench(recipient(ALICE), recipient(BOB))
    assert not bench.result.called
    bench.stage()
    assert (bench.staged.commits, bench.result.called) == (1, False)
    bench.staged.committed.callback(("name-a", "name-b"))
    assert outcome_of(bench.result) == (
        Outcome(path(ALICE), DELIVERED, (ALICE,)),
        Outcome(path(BOB), DELIVERED, (BOB,)),
    )
    assert [(fact.recipient, fact.maildrops, fact.copies) for fact in bench.facts.of(Delivered)] == [
        (ALICE, (ALICE,), ("name-a",)),
        (BOB, (BOB,), ("name-b",)),
    ]
    assert bench.staged.discards == 1  # of what is committed, nothing is left to discard


@pytest.mark.parametrize(("sender", "return_path"), [("sender@example.org", "<sender@example.org>"), ("", "<>")])
def test_copies_have_the_return_path_on_top(sender: str, return_path: str) -> None:
    bench = Bench(recipient(ALICE), sender=sender)
    assert bench.store.copies == [
        Copy(ALICE, (Field("Return-Path", return_path), Field("Delivered-To", ALICE))),
    ]


def test_two_recipients_that_reach_one_maildrop_share_its_copy() -> None:
    info = Recipient(path("info@example.test"), (Local(ALICE, (Field("X-First", "1"),)), Local(BOB), Local(BOB)))
    bench = Bench(info, recipient(ALICE), recipient(CAROL))
    assert bench.store.copies is not None
    assert [copy.maildrop for copy in bench.store.copies] == [ALICE, BOB, CAROL]
    assert bench.store.copies[0].fields[1] == Field("X-First", "1")  # the fields of the recipient that came first
    bench.stage()
    bench.staged.committed.callback(("a", "b", "c"))
    assert [outcome.maildrops for outcome in outcome_of(bench.result)] == [(ALICE, BOB), (ALICE,), (CAROL,)]
    assert [fact.copies for fact in bench.facts.of(Delivered)] == [("a", "b"), ("a",), ("c",)]


def test_the_memory_store_has_what_was_delivered() -> None:
    store = MemoryStore()
    outcomes = result_of(Delivery(store, Facts()).deliver(a_message(recipient(ALICE), recipient(BOB))))
    assert [outcome.reply for outcome in outcomes] == [DELIVERED, DELIVERED]
    assert result_of(store.names()) == [ALICE, BOB]


# Nobody is left.


def test_a_recipient_without_destinations_is_taken_and_kept_nowhere() -> None:
    bench = Bench(Recipient(path(ALICE), ()), recipient(BOB))
    bench.stage()
    bench.staged.committed.callback(("b",))
    assert bench.replies() == [DISCARDED, DELIVERED]


def test_a_message_for_nobody_does_not_trouble_the_store() -> None:
    bench = Bench(Recipient(path(ALICE), ()))
    assert bench.replies() == [DISCARDED]
    assert bench.store.copies is None
    assert bench.facts.told == []


def test_a_destination_elsewhere_is_a_bug_of_the_caller() -> None:
    bench = Bench(recipient(ALICE), Recipient(path("x@elsewhere.example"), (Relay(path("x@elsewhere.example")),)))
    with pytest.raises(TypeError, match="another system"):
        outcome_of(bench.result)
    assert bench.store.copies is None


# Failures are outcomes.


@pytest.mark.parametrize(
    ("error", "reply", "visible"),
    [
        (StoreError("broken"), FAILED, ()),
        (StoreFull("no room"), FULL, ()),
        (NotCommitted("no sync"), FAILED, ()),
        (NotCommitted("no sync", ["copy-a"]), FAILED, ("copy-a",)),
        (NotCommitted("no room", full=True), FULL, ()),
    ],
)
@pytest.mark.parametrize("phase", ["stage", "commit"])
def test_failures_of_the_store(phase: str, error: StoreError, reply: Reply, visible: tuple[str, ...]) -> None:
    bench = Bench(recipient(ALICE), Recipient(path(CAROL), ()), recipient(BOB))
    if phase == "stage":
        bench.store.staged.errback(error)
    else:
        bench.stage()
        bench.staged.committed.errback(error)
        assert bench.staged.discards == 1
    assert outcome_of(bench.result) == (
        Outcome(path(ALICE), reply, (ALICE,)),
        Outcome(path(CAROL), DISCARDED, ()),
        Outcome(path(BOB), reply, (BOB,)),
    )
    fact = bench.facts.one(NotDelivered)
    assert (fact.reason, fact.visible) == (str(error), visible)
    assert bench.facts.of(Delivered) == []


def test_what_the_store_does_not_announce_goes_to_the_caller() -> None:
    bench = Bench(recipient(ALICE))
    bench.stage()
    bench.staged.committed.errback(RuntimeError("bug"))
    with pytest.raises(RuntimeError, match="bug"):
        outcome_of(bench.result)
    assert bench.staged.discards == 1


# Cancellation.


def test_cancelled_before_the_commit_nothing_is_delivered() -> None:
    bench = Bench(recipient(ALICE))
    bench.result.cancel()
    with pytest.raises(CancelledError):
        outcome_of(bench.result)
    assert bench.staged.commits == 0
    assert bench.facts.told == []


@pytest.mark.parametrize("times", [1, 2, 3])
def test_cancelled_during_the_commit_it_is_finished(times: int) -> None:
    bench = Bench(recipient(ALICE))
    bench.stage()
    for _ in range(times):
        bench.result.cancel()
        assert (bench.staged.discards, bench.facts.told) == (0, [])
    bench.staged.committed.callback(("a",))
    assert bench.replies() == [DELIVERED]
    assert bench.facts.one(Delivered).copies == ("a",)


def test_cancelled_during_a_commit_that_fails() -> None:
    bench = Bench(recipient(ALICE))
    bench.stage()
    bench.result.cancel()
    bench.staged.committed.errback(NotCommitted("no sync"))
    assert bench.replies() == [FAILED]
    assert bench.staged.discards == 1
    assert bench.facts.one(NotDelivered).reason == "no sync"


def test_a_commit_that_is_done_at_once_does_not_wait() -> None:
    bench = Bench(recipient(ALICE))
    bench.staged.committed.callback(("a",))
    bench.stage()
    assert bench.replies() == [DELIVERED]


# Each by itself.


class Picky(MemoryStore):
    """Has no room for some."""

    def __init__(self, unstaged: str = "", uncommitted: str = "", broken: str = "") -> None:
        super().__init__()
        self._unstaged, self._uncommitted, self._broken = unstaged, uncommitted, broken
        self.discarded = 0

    async def stage(self, message: Message, copies: Sequence[Copy]) -> IStaged:
        names = [copy.maildrop for copy in copies]
        if self._unstaged in names:
            raise StoreFull("no room")
        staged = Staged()
        if self._broken in names:
            staged.committed.errback(RuntimeError("a bug"))
        elif self._uncommitted in names:
            staged.committed.errback(NotCommitted("a bad sector"))
        else:
            staged.committed.callback(tuple(f"{name}/1" for name in names))
        return staged


def test_each_recipient_has_an_outcome_of_its_own() -> None:
    facts = Facts()
    both = recipient("info@example.test", ALICE, CAROL)
    message = a_message(recipient(ALICE), recipient(BOB), recipient(CAROL), both, Recipient(path("d@example.test"), ()))
    delivery = Delivery(Picky(unstaged=BOB, uncommitted=CAROL), facts)
    outcomes = result_of(delivery.deliver(message, partial=True))
    assert [outcome.reply for outcome in outcomes] == [DELIVERED, FULL, FAILED, FAILED, DISCARDED]
    assert [fact.recipient for fact in facts.of(Delivered)] == [ALICE]
    assert [fact.reason for fact in facts.of(NotDelivered)] == ["no room", "a bad sector"]


def test_a_bug_at_one_commit_does_not_leave_the_others_alone() -> None:
    delivery = Delivery(Picky(broken=ALICE), Facts())
    with pytest.raises(RuntimeError, match="a bug"):
        result_of(delivery.deliver(a_message(recipient(ALICE), recipient(BOB)), partial=True))


def test_cancelled_while_the_second_is_staged_the_first_is_discarded() -> None:
    first, waits = Staged(), Store()

    class Slow(Store):
        def stage(self, message: Message, copies: Sequence[Copy]) -> Deferred[IStaged]:
            return succeed(first) if copies[0].maildrop == ALICE else waits.staged

    result = started(Delivery(Slow(), Facts()).deliver(a_message(recipient(ALICE), recipient(BOB)), partial=True))
    result.cancel()
    with pytest.raises(CancelledError):
        outcome_of(result)
    assert (first.commits, first.discards) == (0, 1)


# Through the smarthost.

FAR, FARTHER = path("x@elsewhere.example"), path("y@elsewhere.example")
QUEUED = Reply(250, "2.0.0", "queued as 4711")
REFUSED = Reply(550, "5.1.1", "<x@elsewhere.example>: who?")


def foreign(*paths: Path) -> Recipient:
    return Recipient(paths[0], tuple(Relay(each) for each in paths))


@implementer(ISmarthost)
class Smarthost:
    """Takes a message when, and as, the test says."""

    def __init__(self) -> None:
        self.sent: list[tuple[Message, tuple[Path, ...]]] = []
        self.cancelled = 0
        self.reply: Deferred[Reply] = Deferred(self._cancel)

    async def send(self, message: Message, paths: Sequence[Path]) -> Reply:
        self.sent.append((message, tuple(paths)))
        return await self.reply

    def answer(self, reply: Reply) -> None:
        if reply.is_positive:
            self.reply.callback(reply)
        else:
            self.reply.errback(Refused(reply))

    def _cancel(self, _: Deferred[Reply]) -> None:
        self.cancelled += 1


class Relaying(Bench):
    """A delivery to these recipients, with a smarthost."""

    def __init__(self, *recipients: Recipient) -> None:
        self.store = Store()
        self.facts = Facts()
        self.staged = Staged()
        self.smarthost = Smarthost()
        self.delivery = Delivery(self.store, self.facts, self.smarthost)
        self.message = a_message(*recipients)
        self.result = started(self.delivery.deliver(self.message))


def test_staged_then_sent_then_committed() -> None:
    bench = Relaying(recipient(ALICE), foreign(FAR), foreign(FARTHER), foreign(FAR))
    assert bench.smarthost.sent == []
    bench.stage()
    assert bench.smarthost.sent == [(bench.message, (FAR, FARTHER))]
    assert bench.staged.commits == 0
    bench.smarthost.reply.callback(QUEUED)
    assert bench.staged.commits == 1
    bench.staged.committed.callback(("a",))
    assert outcome_of(bench.result) == (
        Outcome(path(ALICE), DELIVERED, (ALICE,)),
        Outcome(FAR, QUEUED),
        Outcome(FARTHER, QUEUED),
        Outcome(FAR, QUEUED),
    )
    assert bench.facts.one(Delivered).recipient == ALICE


def test_only_foreign_recipients_do_not_trouble_the_store() -> None:
    bench = Relaying(foreign(FAR))
    bench.smarthost.reply.callback(QUEUED)
    assert bench.replies() == [QUEUED]
    assert bench.store.copies is None and bench.facts.told == []


def test_a_smarthost_is_not_asked_for_local_mail() -> None:
    bench = Relaying(recipient(ALICE))
    bench.stage()
    bench.staged.committed.callback(("a",))
    assert bench.replies() == [DELIVERED] and bench.smarthost.sent == []


def test_a_recipient_who_is_here_and_elsewhere() -> None:
    for reply in (QUEUED, REFUSED):
        bench = Relaying(Recipient(path("info@example.test"), (Local(ALICE), Relay(FAR))))
        bench.stage()
        bench.staged.committed.callback(("a",))
        bench.smarthost.answer(reply)
        assert outcome_of(bench.result) == (Outcome(path("info@example.test"), reply, (ALICE,)),)
        assert len(bench.facts.of(Delivered)) == reply.is_positive


@pytest.mark.parametrize("reply", [REFUSED, Reply(451, "4.4.1", "not now")])
def test_if_the_smarthost_refuses_nobody_has_it(reply: Reply) -> None:
    bench = Relaying(recipient(ALICE), Recipient(path(CAROL), ()), foreign(FAR), recipient(BOB))
    bench.stage()
    bench.smarthost.reply.errback(Refused(reply))
    assert bench.replies() == [reply, DISCARDED, reply, reply]
    assert (bench.staged.commits, bench.staged.discards) == (0, 1)
    assert bench.facts.told == []


@pytest.mark.parametrize(("error", "reply"), [(StoreError("broken"), FAILED), (StoreFull("no room"), FULL)])
def test_if_the_store_has_no_room_nothing_is_sent(error: StoreError, reply: Reply) -> None:
    bench = Relaying(recipient(ALICE), foreign(FAR))
    bench.store.staged.errback(error)
    assert bench.replies() == [reply, reply]
    assert bench.smarthost.sent == []
    assert bench.facts.one(NotDelivered).reason == str(error)


def test_a_commit_that_fails_after_it_was_sent() -> None:
    bench = Relaying(recipient(ALICE), foreign(FAR), foreign(FARTHER))
    bench.stage()
    bench.smarthost.reply.callback(QUEUED)
    bench.staged.committed.errback(NotCommitted("no sync"))
    assert bench.replies() == [FAILED, QUEUED, QUEUED]
    assert (
        bench.facts.one(NotDelivered).reason == "no sync; sent on already, to x@elsewhere.example, y@elsewhere.example"
    )


def test_a_bug_of_the_smarthost_leaves_nothing_behind() -> None:
    bench = Relaying(recipient(ALICE), foreign(FAR))
    bench.stage()
    bench.smarthost.reply.errback(RuntimeError("bug"))
    with pytest.raises(RuntimeError, match="bug"):
        outcome_of(bench.result)
    assert (bench.staged.commits, bench.staged.discards) == (0, 1)


def test_cancelled_while_it_can_still_be_stopped() -> None:
    bench = Relaying(recipient(ALICE), foreign(FAR))
    bench.stage()
    bench.result.cancel()
    with pytest.raises(CancelledError):
        outcome_of(bench.result)
    assert bench.smarthost.cancelled == 1
    assert (bench.staged.commits, bench.staged.discards) == (0, 1)


@implementer(ISmarthost)
class TooLate(Smarthost):
    """Its final dot is out: it waits for the answer, cancelled or not."""

    async def send(self, message: Message, paths: Sequence[Path]) -> Reply:
        return await to_the_end(super().send(message, paths))


@pytest.mark.parametrize("times", [1, 3])
def test_cancelled_when_it_is_too_late_the_local_copies_are_made(times: int) -> None:
    bench = Relaying()
    smarthost = TooLate()
    delivery = Delivery(bench.store, bench.facts, smarthost)
    bench.result = started(delivery.deliver(a_message(recipient(ALICE), foreign(FAR))))
    bench.stage()
    for _ in range(times):
        bench.result.cancel()
    smarthost.reply.callback(QUEUED)
    bench.result.cancel()
    assert (bench.staged.commits, bench.staged.discards, smarthost.cancelled) == (1, 0, 0)
    bench.staged.committed.callback(("a",))
    assert bench.replies() == [DELIVERED, QUEUED]


@pytest.mark.parametrize("reply", [QUEUED, REFUSED])
def test_each_by_itself_with_a_smarthost(reply: Reply) -> None:
    smarthost, facts = Smarthost(), Facts()
    delivery = Delivery(Picky(unstaged=BOB), facts, smarthost)
    result = started(delivery.deliver(a_message(recipient(ALICE), recipient(BOB), foreign(FAR)), partial=True))
    smarthost.answer(reply)
    assert [outcome.reply for outcome in outcome_of(result)] == [DELIVERED, FULL, reply]
    assert facts.one(Delivered).recipient == ALICE
