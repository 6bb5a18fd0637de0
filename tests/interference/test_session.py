"""The decorated session by itself: what it passes on, what it waits for, and what it says when it breaks."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock

from mailgate.interference.parsing import parse_action
from mailgate.interference.phases import Parties
from mailgate.interference.pop3_flow import POP3Flow
from mailgate.interference.rule import Action
from mailgate.interference.session import InterferedSession
from mailgate.interference.shaping import DROPPED, Manner, Shaped
from mailgate.interference.smtp_flow import SMTPFlow
from mailgate.mail import Reply
from mailgate.pop3 import events as pop3_events
from mailgate.pop3.reply import positive
from mailgate.smtp import events
from tests.support import logged, outcome_of, path, result_of, started

OK = Reply(250, "2.0.0", "OK")
MAIL = events.Mail(path("app@corp.test"), {})
ALICE, BOB = events.Rcpt(path("alice@x.test"), {}), events.Rcpt(path("bob@x.test"), {})
END = events.EndOfContent(None)


class RealSession:
    """Says what it is told to, and keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.answers: dict[type, Any] = {}
        self.at_rest = False

    def seconds_left(self, silent_seconds: float) -> float:
        return 7.0 - silent_seconds

    async def answer(self, event: Any) -> Any:
        self.heard.append(event)
        return None if isinstance(event, SMTPFlow.silent) else self.answers.get(type(event), OK)

    def secured(self, tls: str) -> None:
        self.heard.append(tls)

    def farewell(self, ending: str) -> Any:
        return f"bye: {ending}"

    def lost(self) -> None:
        self.heard.append("lost")

    def ended(self, reason: str, octets_in: int, octets_out: int) -> None:
        self.heard.append((reason, octets_in, octets_out))


class Faults:
    """Actions by phase, in turn; and who was at hand when they were asked for."""

    def __init__(self, **actions: list[dict[str, Any]]) -> None:
        self.actions = {at: [parse_action("smtp", at, values) for values in each] for at, each in actions.items()}
        self.asked: list[tuple[str, Parties]] = []

    def __call__(self, phase: str, parties: Parties) -> Action | None:
        self.asked.append((phase, parties))
        left = self.actions.get(phase)
        return left.pop(0) if left else None


class Scene:
    """A session in between."""

    def __init__(self, **actions: list[dict[str, Any]]) -> None:
        self.real = RealSession()
        self.faults = Faults(**actions)
        self.clock = Clock()
        self.session = InterferedSession(self.real, SMTPFlow(), self.faults, self.clock)

    def say(self, *said: Any) -> Any:
        """The answer to the last."""
        return [result_of(self.session.answer(event)) for event in said][-1]


def test_what_a_connection_asks_is_passed_on() -> None:
    scene = Scene()
    session = scene.session
    assert session.seconds_left(2.0) == 5.0
    assert session.at_rest is False
    assert session.farewell("stopped") == "bye: stopped"
    session.secured("TLSv1.3")
    session.lost()
    session.ended("lost", 1, 2)
    assert scene.real.heard == ["TLSv1.3", "lost", ("lost", 1, 2)]


def test_without_faults_every_event_is_the_real_sessions() -> None:
    scene = Scene()
    course = [events.Connected(), events.Hello(True, "x"), MAIL, ALICE, events.Data(), events.Content(b"x"), END]
    answers = [scene.say(event) for event in course]
    assert scene.real.heard == course
    assert answers == [OK] * 5 + [None, OK]
    phases = [phase for phase, _ in scene.faults.asked]
    assert phases == ["connect", "helo", "mail", "rcpt", "data", "dot", "delivered"]


def test_content_costs_nothing() -> None:
    scene = Scene()
    for event in (events.Content(b"x"), events.Chunk(5)):
        assert scene.say(event) is None
    assert scene.faults.asked == []


def test_a_refusal_is_not_asked_of_the_session() -> None:
    scene = Scene(mail=[{"reply": "451 4.3.0 Later"}])
    assert scene.say(MAIL) == Reply(451, "4.3.0", "Later")
    assert scene.real.heard == []
    assert scene.say(MAIL) == OK


def test_an_empty_action_lets_it_pass() -> None:
    scene = Scene(mail=[{}])
    assert scene.say(MAIL) == OK
    assert scene.real.heard == [MAIL]


def test_other_words_for_what_the_session_grants() -> None:
    scene = Scene(rcpt=[{"reply": "251 2.1.5 There"}, {"reply": "251 2.1.5 There"}])
    assert scene.say(MAIL, ALICE) == Reply(251, "2.1.5", "There")
    scene.real.answers[events.Rcpt] = Reply(550, "5.1.1", "Nobody")
    assert scene.say(BOB) == Reply(550, "5.1.1", "Nobody")


def test_a_drop() -> None:
    scene = Scene(data=[{"drop": True}])
    assert scene.say(MAIL, ALICE, events.Data()) == DROPPED
    assert scene.real.heard == [MAIL, ALICE]


def test_a_manner() -> None:
    scene = Scene(mail=[{"slow": 10}], rcpt=[{"drop_after_octets": 3, "reply": "450 4.2.0 x"}])
    assert scene.say(MAIL) == Shaped(OK, Manner(10))
    assert scene.say(ALICE) == Shaped(Reply(450, "4.2.0", "x"), Manner(None, 3))


def test_a_delay_comes_before_the_session_is_asked() -> None:
    scene = Scene(mail=[{"delay": 2}])
    answer = started(scene.session.answer(MAIL))
    scene.clock.advance(1.9)
    assert not answer.called and scene.real.heard == []
    scene.clock.advance(0.1)
    assert outcome_of(answer) == OK


def test_a_delay_ends_with_the_connection() -> None:
    scene = Scene(mail=[{"delay": 2}])
    answer = started(scene.session.answer(MAIL))
    scene.session.lost()
    answer.cancel()
    with pytest.raises(CancelledError):
        outcome_of(answer)
    assert scene.clock.getDelayedCalls() == []
    assert scene.real.heard == ["lost"]


# The end of the content.


def test_a_refused_message_is_ended_in_the_session_too() -> None:
    scene = Scene(dot=[{"reply": "451"}])
    assert scene.say(MAIL, ALICE, events.Data(), END).code == 451
    assert scene.real.heard[-1] == events.EndOfContent("a fault on demand")
    assert [phase for phase, _ in scene.faults.asked][-1] == "dot"  # nothing is delivered of which one could hear


def test_the_first_end_of_a_chunk_is_data() -> None:
    scene = Scene(data=[{"delay": 0, "slow": 5}], dot=[{"reply": "452"}])
    assert scene.say(MAIL, ALICE, events.Chunk(1), END) == Shaped(Reply(452, "4.0.0", "On demand"), Manner(5))


def test_a_refused_chunk_ends_the_transaction() -> None:
    scene = Scene(data=[{"reply": "451"}])
    assert scene.say(MAIL, ALICE, events.Chunk(1), events.EndOfChunk(1)).code == 451
    assert isinstance(scene.real.heard[-1], events.EndOfContent)


def test_delivered_is_asked_of_what_was_delivered_alone() -> None:
    scene = Scene(delivered=[{"reply": "451"}])
    scene.real.answers[events.EndOfContent] = Reply(452, "4.2.2", "full")
    assert scene.say(MAIL, ALICE, events.Data(), END).code == 452
    scene.real.answers.clear()
    assert scene.say(MAIL, ALICE, events.Data(), END).code == 451


def test_in_lmtp_delivered_is_asked_for_each_recipient() -> None:
    full = Reply(452, "4.2.2", "full")
    scene = Scene(delivered=[{}, {"reply": "451", "delay": 1}])
    scene.real.answers[events.EndOfContent] = (OK, full, OK)
    scene.say(MAIL, ALICE, BOB, events.Rcpt(path("carol@x.test"), {}), events.Data())
    answer = started(scene.session.answer(END))
    scene.clock.advance(1)
    assert outcome_of(answer) == (OK, full, Reply(451, "4.0.0", "On demand"))
    asked = [parties.to for phase, parties in scene.faults.asked if phase == "delivered"]
    assert asked == [("alice@x.test",), ("carol@x.test",)]


def test_in_lmtp_one_refusal_is_not_the_next_ones() -> None:
    scene = Scene(delivered=[{"reply": "451"}])
    scene.real.answers[events.EndOfContent] = (OK, OK)
    answer = scene.say(MAIL, ALICE, BOB, events.Data(), END)
    assert [reply.code for reply in answer] == [451, 250]


def test_in_lmtp_a_drop_is_for_all() -> None:
    scene = Scene(delivered=[{"drop": True}, {"reply": "451"}])
    scene.real.answers[events.EndOfContent] = (OK, OK)
    assert scene.say(MAIL, ALICE, BOB, events.Data(), END) == DROPPED
    assert len(scene.faults.actions["delivered"]) == 1


def test_a_message_to_nobody_has_no_reply() -> None:
    scene = Scene(dot=[{}, {"reply": "451"}])
    scene.real.answers[events.EndOfContent] = ()
    assert scene.say(MAIL, END) == ()
    assert scene.say(MAIL, END) == ()


# The unexpected.


def test_a_bug_in_a_fault_ends_the_session() -> None:
    scene = Scene()

    def broken(phase: str, parties: Parties) -> Action | None:
        raise RuntimeError("a bug")

    for flow, event, reply in (
        (SMTPFlow(), MAIL, "421 4.3.0 Something went wrong here, try again later"),
        (POP3Flow(), pop3_events.Stat(), "-ERR [SYS/TEMP] something went wrong here, try again later"),
    ):
        session = InterferedSession(scene.real, flow, broken, scene.clock)
        with logged() as told:
            assert str(result_of(session.answer(event))) == reply
        assert [event["log_failure"].type for event in told] == [RuntimeError]
    assert scene.real.heard == []


def test_a_pop3_session() -> None:
    scene = Scene()
    scene.real.answers = {pop3_events.Quit: positive("bye")}
    session = InterferedSession(scene.real, POP3Flow(), Faults(updated=[{"drop": True}]), scene.clock)
    assert result_of(session.answer(pop3_events.Quit())) == DROPPED
    assert scene.real.heard == [pop3_events.Quit()]
