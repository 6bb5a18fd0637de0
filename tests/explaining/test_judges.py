"""Policies and handlers are asked, as far as that is without consequences."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from zope.interface import alsoProvides, implementer

from mailgate.explaining.judges import NOT_ASKED, Heard, Hearing
from mailgate.interfaces import IRecipientPolicy, IRehearsal, ISenderPolicy
from mailgate.mail import Discarded, Refused, Reply
from mailgate.pipeline import DEFERRED, Step
from tests.explaining.support import Policy, RehearsingPolicy, Silent, raising, saying
from tests.support import a_message, outcome_of, recipient, result_of, started

MESSAGE = a_message(recipient("alice@example.test"))
SPAM = Reply(550, "5.7.1", "Spam")


def handlers(*judges: Step, clock: Clock | None = None) -> Heard:
    return result_of(Hearing(judges, clock).handlers(MESSAGE))


def answers(heard: Heard) -> list[str]:
    return [step.answer for step in heard.steps]


def test_what_they_say_in_their_order() -> None:
    heard = handlers(saying(lambda message: f"sees {message.id}", "one"), saying(lambda message: "passes it", "two"))
    assert answers(heard) == [f"sees {MESSAGE.id}", "passes it"]
    assert [step.question for step in heard.steps] == ["What does one say?", "What does two say?"]
    assert {step.topic for step in heard.steps} == {"handler"}
    assert heard.steps[0].detail == "about the message; 30 s at most, then put off by 451"
    assert not heard.is_over and heard.unasked == ()


def test_one_that_cannot_be_asked() -> None:
    heard = handlers(Step("quiet", Silent(), 2.5, "skip"), saying(lambda message: "passes it"))
    assert answers(heard) == [NOT_ASKED, "passes it"]
    assert heard.steps[0].detail == (
        "it does not say that it can be asked without consequences; about the message; 2.5 s at most, then passed by"
    )
    assert heard.unasked == ("quiet",)


def test_a_refusal_ends_it() -> None:
    heard = handlers(Step("quiet", Silent()), saying(raising(Refused(SPAM)), "two"), saying(raising(AssertionError())))
    assert answers(heard) == [NOT_ASKED, "refuses it: 550 5.7.1 Spam"]
    assert (heard.refusal, heard.why, heard.unasked, heard.is_over) == (SPAM, "says two", ("quiet",), True)


def test_one_that_throws_it_away() -> None:
    heard = handlers(saying(raising(Discarded("a virus")), "two"), saying(raising(AssertionError())))
    assert answers(heard) == ["throws it away: a virus"]
    assert (heard.refusal, heard.discarded, heard.is_over) == (None, "two: a virus", True)


@pytest.mark.parametrize("error", [RuntimeError("a bug"), SystemExit("a bug")])
def test_one_that_fails(error: BaseException) -> None:
    name = type(error).__name__
    heard = handlers(saying(raising(error), "one", on_error="skip"), saying(raising(error), "two"))
    assert answers(heard) == [
        f"fails: {name}: a bug; it is passed by",
        f"fails: {name}: a bug; the message is put off",
    ]
    assert (heard.refusal, heard.why) == (DEFERRED, f"two fails: {name}: a bug")


def test_an_answer_that_is_no_sentence() -> None:
    assert answers(handlers(saying(lambda message: None, on_error="skip"))) == [
        "fails: TypeError: rehearse() gave None instead of a sentence; it is passed by"
    ]


def test_an_answer_that_takes_its_time() -> None:
    clock, waiting = Clock(), Deferred[str]()
    heard = started(Hearing([saying(lambda message: waiting)], clock).handlers(MESSAGE))
    assert not heard.called
    waiting.callback("passes it")
    assert answers(outcome_of(heard)) == ["passes it"] and clock.getDelayedCalls() == []

    async def at_once() -> str:
        return "is quick"

    assert answers(handlers(saying(lambda message: at_once()), clock=clock)) == ["is quick"]


def test_an_answer_that_takes_too_long() -> None:
    clock = Clock()
    judges = [
        saying(lambda message: Deferred(), "one", timeout_seconds=5.0, on_error="skip"),
        saying(lambda message: Deferred(), "two", timeout_seconds=5.0),
    ]
    heard = started(Hearing(judges, clock, 7.0).handlers(MESSAGE))
    clock.advance(5.0)
    assert not heard.called
    clock.advance(2.0)  # which is all that was left
    assert answers(outcome_of(heard)) == ["takes too long; it is passed by", "takes too long; the message is put off"]


def test_whoever_asks_may_go_away() -> None:
    given_up: list[Deferred[Any]] = []
    heard = started(Hearing([saying(lambda message: Deferred(given_up.append))], Clock()).handlers(MESSAGE))
    heard.cancel()
    with pytest.raises(CancelledError):
        outcome_of(heard)
    assert len(given_up) == 1


def test_without_a_clock_nothing_is_begun_that_waits() -> None:
    begun: list[str] = []

    async def slow() -> str:
        begun.append("slow")
        return "passes it"

    cancelled: list[Deferred[str]] = []
    waiting: Deferred[str] = Deferred(cancelled.append)
    heard = handlers(saying(lambda message: slow(), "one"), saying(lambda message: waiting, "two"))
    assert answers(heard) == [NOT_ASKED, NOT_ASKED] and heard.unasked == ("one", "two")
    assert "only a running gateway has" in heard.steps[0].detail
    assert begun == [] and cancelled == [waiting]

    class Mine:
        def __await__(self) -> Any:
            raise AssertionError("nobody waits")

    assert answers(handlers(saying(lambda message: Mine()))) == [NOT_ASKED]


def test_policies_are_asked_about_recipients_alone() -> None:
    @implementer(ISenderPolicy, IRehearsal)
    class Early:
        def check_sender(self, envelope: Any) -> None:
            raise AssertionError("only a sender that comes is checked")

        def rehearse(self, message: Any) -> str:
            raise AssertionError("it does not judge recipients")

    both = RehearsingPolicy(lambda message: "knows her")
    alsoProvides(both, ISenderPolicy)
    judges = [Step("early", Early()), Step("quiet", Policy()), Step("both", both), saying(lambda message: "handles")]
    heard = result_of(Hearing(judges).policies(MESSAGE))
    assert answers(heard) == [NOT_ASKED, NOT_ASKED, "knows her"]
    assert [step.detail.partition(";")[0] for step in heard.steps[2:]] == ["about the sender and recipient"]
    assert {step.topic for step in heard.steps} == {"policy"} and heard.unasked == ("early", "quiet")


def test_one_that_is_policy_and_handler_is_asked_once() -> None:
    judge = saying(lambda message: "passes it")
    alsoProvides(judge.provider, IRecipientPolicy)
    assert result_of(Hearing([judge]).policies(MESSAGE)) == Heard()
    assert answers(handlers(judge)) == ["passes it"]


def test_what_nobody_would_ask_is_not_told() -> None:
    nothing = Hearing([Step("nothing", object())])
    assert result_of(nothing.policies(MESSAGE)) == result_of(nothing.handlers(MESSAGE)) == Heard()
