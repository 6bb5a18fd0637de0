"""The pipeline: order, refusals, time, errors, verdicts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import LogEvent
from zope.interface import alsoProvides, implementer

from mailgate.facts import Handled
from mailgate.interfaces import (
    IConnectPolicy,
    IDirectory,
    IHandlerInTurn,
    IHeloPolicy,
    IMessageHandler,
    IRecipientPolicy,
    ISenderPolicy,
)
from mailgate.mail import (
    PASS,
    Destination,
    Discarded,
    Envelope,
    Field,
    Local,
    Message,
    Path,
    Refused,
    Relay,
    Reply,
    Session,
    Verdict,
)
from mailgate.pipeline import DEFERRED, Pipeline, Step
from tests.support import Facts, a_message, logged, outcome_of, path, recipient, result_of, started

SPAM = Reply(550, "5.7.1", "Spam")
ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"


@implementer(IMessageHandler)
class Handler:
    """Answers with what `answer` gives or raises."""

    def __init__(self, answer: Callable[[Message], Any]) -> None:
        self.handle = answer


@implementer(IHandlerInTurn)
class HandlerInTurn:
    """Gives what `turn` gives or raises."""

    def __init__(self, turn: Callable[[Message], Any]) -> None:
        self.turn = turn

    def handle(self, message: Message) -> Verdict:
        raise AssertionError("only what the turn gives is asked")


@implementer(IDirectory)
class Directory:
    """example.test is ours; `both@` is two accounts, `nobody@` none, `full@` takes nothing."""

    async def resolve(self, path: Path) -> tuple[Destination, ...]:
        if path.domain != "example.test":
            return (Relay(path),)
        if path.local_part == "full":
            raise Refused(Reply(452, "4.2.2", "Full"))
        if path.local_part == "both":
            return (Local(ALICE), Local(BOB))
        return () if path.local_part == "nobody" else (Local(str(path)),)


class Bench:
    """A pipeline with its surroundings."""

    def __init__(self, *steps: Step, total_seconds: float = 60.0) -> None:
        self.clock = Clock()
        self.facts = Facts()
        self.pipeline = Pipeline(steps, Directory(), self.facts, self.clock, total_seconds)

    def handle(self, message: Message | None = None) -> Message:
        return result_of(self.pipeline.handle(message or a_message(recipient(ALICE), recipient(BOB))))

    def start(self) -> Deferred[Message]:
        return started(self.pipeline.handle(a_message(recipient(ALICE), recipient(BOB))))

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return [(fact.handler, fact.result, fact.detail) for fact in self.facts.of(Handled)]


def step(answer: Callable[[Message], Any], name: str = "step", **settings: Any) -> Step:
    return Step(name, Handler(answer), **settings)


def adding(name: str) -> Callable[[Message], Verdict]:
    return lambda message: Verdict(fields=(Field(name, message.id),))


def raising(error: BaseException) -> Callable[[Message], Verdict]:
    def handle(message: Message) -> Verdict:
        raise error

    return handle


def slow(waiting: Deferred[Verdict]) -> Callable[[Message], Awaitable[Verdict]]:
    async def handle(message: Message) -> Verdict:
        return await waiting

    return handle


def test_what_does_not_have_to_wait_sets_no_timer() -> None:
    """Not even for a moment: there is one such answer a message."""
    bench = Bench(step(adding("A")), step(slow(succeed(Verdict()))))
    bench.clock.callLater = None  # type: ignore[assignment]
    assert bench.handle().fields[0].name == "A"


@pytest.fixture
def log() -> Iterator[list[LogEvent]]:
    with logged() as events:
        yield events


def refusal_of(deferred: Deferred[Any]) -> Reply:
    with pytest.raises(Refused) as refusal:
        outcome_of(deferred)
    return refusal.value.reply


# To look at.


def test_its_steps_can_be_looked_at() -> None:
    one, two = step(adding("X-One"), "one"), Step("two", HandlerInTurn(lambda message: None), 5.0, "skip")
    bench = Bench(one, two, total_seconds=7.0)
    assert (bench.pipeline.steps, bench.pipeline.total_seconds) == ((one, two), 7.0)
    assert one.about == two.about == ("message",)

    everything = Handler(adding("X-All"))
    alsoProvides(everything, IRecipientPolicy, ISenderPolicy, IHeloPolicy, IConnectPolicy)
    assert Step("all", everything).about == ("client", "greeting", "sender", "recipient", "message")
    assert Step("nothing", None).about == ()


# Order and verdicts.


def test_without_steps_a_message_passes_as_it_is() -> None:
    message = a_message(recipient(ALICE))
    bench = Bench()
    assert bench.handle(message) is message
    assert bench.told == []


def test_handlers_run_in_order_and_the_last_field_stands_on_top() -> None:
    async def second(message: Message) -> Verdict:
        assert [field.name for field in message.fields] == ["X-First", "Received"]
        return Verdict(fields=(Field("X-Second", "a"), Field("X-Third", "b")))

    bench = Bench(step(adding("X-First"), "one"), step(second, "two"), step(lambda message: PASS, "three"))
    names = [field.name for field in bench.handle().fields]
    assert names == ["X-Second", "X-Third", "X-First", "Received"]
    assert bench.told == [
        ("one", "passed", "added X-First"),
        ("two", "passed", "added X-Second; added X-Third"),
        ("three", "passed", ""),
    ]


def test_a_handler_may_give_a_deferred() -> None:
    waiting: Deferred[Verdict] = Deferred()
    bench = Bench(step(lambda message: waiting))
    result = bench.start()
    assert not result.called
    bench.clock.advance(2.5)
    waiting.callback(Verdict(fields=(Field("X", "1"),)))
    assert outcome_of(result).fields[0] == Field("X", "1")
    assert bench.facts.one(Handled).seconds == 2.5
    assert bench.clock.getDelayedCalls() == []


def test_the_first_refusal_wins() -> None:
    asked: list[str] = []

    def note(message: Message) -> Verdict:
        asked.append(message.id)
        return PASS

    bench = Bench(
        step(note, "one"),
        step(raising(Refused(SPAM)), "two"),
        step(raising(Refused(Reply(451, "4.0.0", "Other"))), "three"),
        step(note, "four"),
    )
    assert refusal_of(bench.start()) == SPAM
    assert len(asked) == 1
    assert bench.told == [("one", "passed", ""), ("two", "refused", "550 5.7.1 Spam")]


def test_a_handler_may_discard_the_whole() -> None:
    bench = Bench(step(raising(Discarded("a virus")), "one", on_error="skip"))
    with pytest.raises(Discarded, match="a virus"):
        bench.handle()
    assert bench.told == [("one", "discarded", "a virus")]


def test_discarding_and_redirecting_one_recipient_of_several() -> None:
    def handle(message: Message) -> Verdict:
        return Verdict(discard=frozenset({path(BOB)}), redirect={path(ALICE): (path("both@example.test"), path(CAROL))})

    bench = Bench(step(handle))
    alice, bob = bench.handle().envelope.recipients
    assert (alice.path, alice.destinations) == (path(ALICE), (Local(ALICE), Local(BOB), Local(CAROL)))
    assert (bob.path, bob.destinations) == (path(BOB), ())
    assert bench.told[0][2] == f"{ALICE} to {ALICE}, {BOB}, {CAROL}; {BOB} to nobody"


def test_a_redirect_to_somebody_who_takes_nothing_now_refuses_with_his_reply() -> None:
    bench = Bench(step(lambda message: Verdict(redirect={path(ALICE): (path("full@example.test"),)}), on_error="skip"))
    assert refusal_of(bench.start()).code == 452


@pytest.mark.parametrize(
    "verdict",
    [
        None,
        "pass",
        True,
        Verdict(discard=frozenset({path("stranger@example.test")})),
        Verdict(redirect={path("stranger@example.test"): (path(ALICE),)}),
        Verdict(redirect={path(ALICE): (path("nobody@example.test"),)}),
        Verdict(redirect={path(ALICE): (path("a@elsewhere.example"),)}),  # a redirect must be local
        Verdict(redirect={path(ALICE): (ALICE,)}),  # type: ignore[dict-item]
        Verdict(discard=frozenset({ALICE})),  # type: ignore[arg-type]
        Verdict(fields=("X-Spam: yes",)),  # type: ignore[arg-type]
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_a_verdict_that_makes_no_sense_goes_by_the_error_policy(verdict: Any, later: bool) -> None:
    async def handle(message: Message) -> Verdict:
        answer: Verdict = verdict
        return answer

    answer = handle if later else (lambda message: verdict)
    assert refusal_of(Bench(step(answer)).start()) == DEFERRED
    message = a_message(recipient(ALICE))
    assert Bench(step(answer, on_error="skip")).handle(message) is message


# Errors.


@pytest.mark.parametrize(
    "error", [RuntimeError("bug"), OSError("disk"), KeyError("key"), TimeoutError(), CancelledError(), SystemExit(3)]
)
def test_an_unexpected_error_costs_what_the_policy_says(error: BaseException, log: list[LogEvent]) -> None:
    deferring = Bench(step(raising(error), "one"), step(adding("X-Second"), "two"))
    assert refusal_of(deferring.start()) == DEFERRED
    assert deferring.told == [("one", "failed", str(DEFERRED))]
    skipping = Bench(step(raising(error), "one", on_error="skip"), step(adding("X-Second"), "two"))
    assert skipping.handle().fields[0].name == "X-Second"
    assert skipping.told == [("one", "skipped", ""), ("two", "passed", "added X-Second")]
    assert [(event["step"], event["on_error"]) for event in log] == [("one", "defer"), ("one", "skip")]


def test_a_wait_that_somebody_else_cancels_is_an_error_of_the_step(log: list[LogEvent]) -> None:
    waiting: Deferred[Verdict] = Deferred()
    bench = Bench(step(slow(waiting), "one"))
    result = bench.start()
    waiting.cancel()
    assert refusal_of(result) == DEFERRED
    assert bench.told == [("one", "failed", str(DEFERRED))]
    assert len(log) == 1


# Time.


def test_a_handler_that_takes_too_long_is_cancelled(log: list[LogEvent]) -> None:
    cancelled: list[bool] = []
    bench = Bench(step(slow(Deferred(lambda _: cancelled.append(True))), "one", timeout_seconds=5.0))
    result = bench.start()
    bench.clock.advance(4.9)
    assert not result.called and not cancelled
    bench.clock.advance(0.2)
    assert refusal_of(result) == DEFERRED
    assert cancelled
    assert bench.told == [("one", "timed out", str(DEFERRED))]
    assert "too long" in str(log[0]["log_format"])


def test_a_slow_handler_may_be_skipped() -> None:
    bench = Bench(step(slow(Deferred()), "one", timeout_seconds=5.0, on_error="skip"), step(adding("X"), "two"))
    result = bench.start()
    bench.clock.advance(5.0)
    assert outcome_of(result).fields[0].name == "X"
    assert [fact.seconds for fact in bench.facts.of(Handled)] == [5.0, 0.0]


def test_a_handler_that_takes_no_notice_of_its_cancellation_is_left_behind(log: list[LogEvent]) -> None:
    more: Deferred[Verdict] = Deferred()

    async def stubborn(message: Message) -> Verdict:
        try:
            return await Deferred()
        except CancelledError:
            return await more

    bench = Bench(step(stubborn, timeout_seconds=5.0))
    result = bench.start()
    bench.clock.advance(5.0)
    assert refusal_of(result) == DEFERRED
    assert len(log) == 1
    more.errback(RuntimeError("late bug"))
    assert len(log) == 2
    assert "given up" in str(log[1]["log_format"])


def test_a_verdict_that_comes_out_of_the_cancellation_is_too_late() -> None:
    async def late(message: Message) -> Verdict:
        try:
            return await Deferred()
        except Exception:  # noqa: BLE001 (as handlers do)
            return PASS

    bench = Bench(step(late, timeout_seconds=5.0))
    result = bench.start()
    bench.clock.advance(5.0)
    assert refusal_of(result) == DEFERRED


def test_all_handlers_of_a_message_have_a_common_limit() -> None:
    waits: list[Deferred[Verdict]] = []

    def handle(message: Message) -> Deferred[Verdict]:
        waits.append(Deferred())
        return waits[-1]

    steps = [step(handle, name, timeout_seconds=5.0, on_error="skip") for name in ("one", "two", "three", "four")]
    bench = Bench(*steps, total_seconds=12.0)
    result = bench.start()
    for seconds in (5.0, 5.0, 1.9):
        bench.clock.advance(seconds)
        assert not result.called
    bench.clock.advance(0.2)  # the third has had two seconds only; the fourth is not even asked
    assert outcome_of(result)
    assert [name_and_result[:2] for name_and_result in bench.told] == [
        ("one", "skipped"),
        ("two", "skipped"),
        ("three", "skipped"),
        ("four", "skipped"),
    ]
    assert len(waits) == 3


# Turns.

SKIPPED: dict[str, Any] = {"timeout_seconds": 5.0, "on_error": "skip"}


def in_turn(turn: Callable[[Message], Any], name: str = "one", **settings: Any) -> Step:
    return Step(name, HandlerInTurn(turn), **(SKIPPED | settings))


def waiting_for(*turns: Deferred[Any]) -> Callable[[Message], Any]:
    left = list(turns)
    return lambda message: left.pop(0)


@pytest.mark.parametrize("later", [False, True])
def test_what_the_turn_gives_is_asked(later: bool) -> None:
    async def turn(message: Message) -> Handler:
        return Handler(adding("X-First"))

    bench = Bench(in_turn(turn if later else lambda message: Handler(adding("X-First"))))
    assert bench.handle().fields[0].name == "X-First"


def test_a_step_s_time_begins_with_its_turn(log: list[LogEvent]) -> None:
    turn: Deferred[Handler] = Deferred()
    bench = Bench(in_turn(lambda message: turn))
    result = bench.start()
    bench.clock.advance(40.0)
    assert not result.called
    turn.callback(Handler(slow(Deferred())))
    bench.clock.advance(4.9)
    assert not result.called and log == []
    bench.clock.advance(0.2)
    assert outcome_of(result)  # it has had its time, and may be skipped
    assert bench.told == [("one", "skipped", "")]


def test_for_want_of_a_turn_nobody_is_let_through(log: list[LogEvent]) -> None:
    left_line: list[bool] = []
    bench = Bench(in_turn(lambda message: Deferred(lambda _: left_line.append(True))), total_seconds=60.0)
    result = bench.start()
    bench.clock.advance(59.9)
    assert not result.called
    bench.clock.advance(0.2)
    assert refusal_of(result) == DEFERRED and left_line
    assert bench.told == [("one", "timed out", str(DEFERRED))]
    assert (log[0]["step"], log[0]["on_error"]) == ("the wait for one", "defer")


def test_a_line_that_is_full_refuses() -> None:
    busy = Reply(451, "4.3.2", "Too many")
    bench = Bench(in_turn(raising(Refused(busy))))
    assert refusal_of(bench.start()) == busy
    assert bench.told == [("one", "refused", str(busy))]


def test_a_turn_that_fails_lets_nobody_through(log: list[LogEvent]) -> None:
    assert refusal_of(Bench(in_turn(raising(RuntimeError("bug")))).start()) == DEFERRED
    assert len(log) == 1


def test_time_that_went_by_in_line_lets_nobody_through_later() -> None:
    """Neither the step that waited nor one behind it is skipped for having too little time left."""
    for turns in ([58.0], [54.0, 58.0]):
        places: list[Deferred[Any]] = [Deferred() for _ in turns]
        bench = Bench(*(in_turn(waiting_for(place), str(number)) for number, place in enumerate(places)))
        result = bench.start()
        for at, place in zip(turns, places, strict=True):
            bench.clock.advance(at - bench.clock.seconds())
            place.callback(Handler(slow(Deferred()) if place is places[-1] else lambda message: PASS))
        bench.clock.advance(2.0)
        assert refusal_of(result) == DEFERRED
        assert bench.told[-1] == (str(len(turns) - 1), "timed out", str(DEFERRED))


def test_a_step_behind_a_line_is_not_skipped_for_the_time_that_went_by_there() -> None:
    place: Deferred[Any] = Deferred()
    bench = Bench(in_turn(lambda message: place), step(slow(Deferred()), "two", **SKIPPED))
    result = bench.start()
    bench.clock.advance(58.0)
    place.callback(Handler(lambda message: PASS))
    bench.clock.advance(2.0)
    assert refusal_of(result) == DEFERRED
    assert [name_and_result[:2] for name_and_result in bench.told] == [("one", "passed"), ("two", "timed out")]


def test_a_step_that_fails_after_its_wait_may_be_skipped(log: list[LogEvent]) -> None:
    place: Deferred[Any] = Deferred()
    bench = Bench(in_turn(lambda message: place))
    result = bench.start()
    bench.clock.advance(58.0)
    place.callback(Handler(raising(RuntimeError("bug"))))
    assert outcome_of(result)  # its time had nothing to do with it
    assert bench.told == [("one", "skipped", "")] and log[0]["on_error"] == "skip"


def test_a_turn_is_not_waited_for_when_the_others_have_used_up_the_time() -> None:
    def never(message: Message) -> Handler:
        raise AssertionError("it is not asked for a turn")

    bench = Bench(step(slow(Deferred()), "one", **SKIPPED), in_turn(never, "two"), total_seconds=5.0)
    result = bench.start()
    bench.clock.advance(5.0)
    assert outcome_of(result)
    assert [name_and_result[:2] for name_and_result in bench.told] == [("one", "skipped"), ("two", "skipped")]


def test_what_came_at_the_last_moment_is_asked_and_can_give_its_place_back() -> None:
    asked: list[str] = []

    def handle(message: Message) -> Verdict:
        asked.append(message.id)
        return PASS

    async def turn(message: Message) -> Handler:
        await place
        bench.clock.rightNow += 60.0  # the reactor was busy, and has not yet looked at the time
        return Handler(handle)

    place: Deferred[None] = Deferred()
    bench = Bench(in_turn(turn))
    result = bench.start()
    place.callback(None)
    assert outcome_of(result) and len(asked) == 1


def test_who_goes_away_leaves_the_line() -> None:
    left_line: list[bool] = []
    bench = Bench(in_turn(lambda message: Deferred(lambda _: left_line.append(True))))
    result = bench.start()
    result.cancel()
    with pytest.raises(CancelledError):
        outcome_of(result)
    assert left_line and bench.told == [("one", "cancelled", "the client has gone")]
    assert bench.clock.getDelayedCalls() == []


# A client that goes.


def test_cancellation_passes_through_and_is_no_failure(log: list[LogEvent]) -> None:
    asked: list[str] = []

    def note(message: Message) -> Verdict:
        asked.append(message.id)
        return PASS

    bench = Bench(step(slow(Deferred()), "one", on_error="skip"), step(note, "two"))
    result = bench.start()
    result.cancel()
    with pytest.raises(CancelledError):
        outcome_of(result)
    assert bench.told == [("one", "cancelled", "the client has gone")]
    assert (log, asked, bench.clock.getDelayedCalls()) == ([], [], [])


def test_a_handler_cannot_hold_on_to_a_client_that_has_gone() -> None:
    async def clinging(message: Message) -> Verdict:
        try:
            return await Deferred()
        except CancelledError:
            return PASS

    bench = Bench(step(clinging, "one"))
    result = bench.start()
    result.cancel()
    with pytest.raises(CancelledError):
        outcome_of(result)
    assert bench.told == [("one", "cancelled", "the client has gone")]


# Policies.


@implementer(IConnectPolicy, IHeloPolicy, ISenderPolicy, IRecipientPolicy, IMessageHandler)
class Everything:
    """Notes what it is asked; refuses what holds its word."""

    def __init__(self, word: str = "") -> None:
        self.asked: list[str] = []
        self._word = word

    def check_connect(self, session: Session) -> None:
        self._check("connect", session.client)

    async def check_helo(self, session: Session) -> None:
        self._check("helo", session.helo)

    def check_sender(self, envelope: Envelope) -> None:
        self._check("sender", str(envelope.reverse_path))

    async def check_recipient(self, envelope: Envelope, path: Path) -> None:
        self._check("recipient", str(path))

    def handle(self, message: Message) -> Verdict:
        self._check("message", "content")
        return PASS

    def _check(self, what: str, value: str) -> None:
        self.asked.append(what)
        if self._word and self._word in value:
            raise Refused(SPAM)


async def ask_all(pipeline: Pipeline) -> None:
    message = a_message(recipient(ALICE))
    await pipeline.check_connect(message.envelope.session)
    await pipeline.check_helo(message.envelope.session)
    await pipeline.check_sender(message.envelope)
    await pipeline.check_recipient(message.envelope, path(ALICE))
    await pipeline.handle(message)


def test_one_object_may_provide_several_abilities() -> None:
    everything, other = Everything(), Everything()
    bench = Bench(Step("one", everything), step(lambda message: PASS), Step("two", other))
    result_of(ask_all(bench.pipeline))
    assert everything.asked == other.asked == ["connect", "helo", "sender", "recipient", "message"]


@pytest.mark.parametrize(
    ("word", "asked"),
    [("192.0.2.1", 1), ("client.example", 2), ("sender@", 3), ("alice@", 4), ("content", 5)],
)
def test_any_of_them_may_refuse(word: str, asked: int) -> None:
    refusing, never = Everything(word), Everything()
    bench = Bench(Step("one", refusing), Step("two", never))
    assert refusal_of(started(ask_all(bench.pipeline))) == SPAM
    assert (len(refusing.asked), len(never.asked)) == (asked, asked - 1)


@implementer(ISenderPolicy)
class SlowPolicy:
    def check_sender(self, envelope: Envelope) -> Deferred[None]:
        return Deferred()


@pytest.mark.parametrize("on_error", ["defer", "skip"])
def test_policies_have_their_time_as_well(on_error: Any) -> None:
    bench = Bench(Step("one", SlowPolicy(), timeout_seconds=5.0, on_error=on_error))
    result = started(bench.pipeline.check_sender(a_message().envelope))
    bench.clock.advance(5.0)
    if on_error == "skip":
        assert outcome_of(result) is None
    else:
        assert refusal_of(result) == DEFERRED


def test_a_step_is_shown_by_its_name_alone() -> None:
    assert "Everything" not in repr(Step("one", Everything()))


@implementer(ISenderPolicy)
class Answering:
    """A policy that answers what no policy may."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def check_sender(self, envelope: Envelope) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize("answer", [SPAM, True, PASS, Discarded("a policy cannot"), CancelledError()])
def test_an_answer_that_a_policy_cannot_give_lets_nobody_pass(answer: object, log: list[LogEvent]) -> None:
    envelope = a_message().envelope
    deferring = Bench(Step("one", Answering(answer)))
    assert refusal_of(started(deferring.pipeline.check_sender(envelope))) == DEFERRED
    skipping = Bench(Step("one", Answering(answer), on_error="skip"))
    assert result_of(skipping.pipeline.check_sender(envelope)) is None
    assert len(log) == 2
