"""The call for lines of the log."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from mailgate import facts
from mailgate.control import log_calls as module
from mailgate.control import log_lines
from mailgate.control.calls import Arguments, CallError
from mailgate.control.log_calls import MAX_ANSWER_LINES, make_log_functions
from mailgate.control.log_lines import GATHER_SECONDS, LogLines
from tests.metrics.samples import a
from tests.support import outcome_of, result_of, started

ACCOUNTS = {"erin": "erin@example.test", "erin@example.test": "erin@example.test"}  # by what one may log in with


class Log:
    def __init__(self) -> None:
        self.clock = Clock()
        self.lines = LogLines(self.clock, lambda call: call())
        self._functions = make_log_functions(self.lines, self.clock, ACCOUNTS.get)

    def happens(self, *users: str) -> None:
        for user in users:
            self.lines.read(a(facts.LoginFailed, user=user))

    def begin(self, **arguments: Any) -> Deferred[dict[str, Any]]:
        return started(self._functions["log"](Arguments(arguments)))

    def ask(self, **arguments: Any) -> dict[str, Any]:
        return outcome_of(self.begin(**arguments))


def users(answer: dict[str, Any]) -> list[str]:
    return [line["user"] for line in answer["lines"]]


def test_the_last_lines() -> None:
    log = Log()
    assert log.ask() == {"lines": [], "next": 0, "missed": 0}
    log.happens("alice", "bob", "alice")
    answer = log.ask(count=2)
    assert (users(answer), answer["next"], answer["missed"]) == (["bob", "alice"], 3, 0)
    assert answer["lines"][0]["number"] == 2 and answer["lines"][0]["level"] == "warn"
    assert users(log.ask(user="alice")) == ["alice", "alice"]
    assert log.ask(level="error") == {"lines": [], "next": 3, "missed": 0}
    assert users(log.ask(count="0")) == []


@pytest.mark.parametrize("wanted", ["erin", "erin@example.test", "Erin@example.test"])
def test_who_leaves_the_domain_out_is_found_by_either_name(wanted: str) -> None:
    log = Log()
    log.happens("erin", "alice", "erin@example.test", "ERIN")
    assert users(log.ask(user=wanted)) == users(log.ask(address=wanted)) == ["erin", "erin@example.test", "ERIN"]


def test_those_behind_a_number_come_at_once() -> None:
    log = Log()
    log.happens("alice", "bob")
    answer = log.ask(after=1, timeout=30)
    assert (users(answer), answer["next"]) == (["bob"], 2)
    assert log.clock.getDelayedCalls() == []


def test_who_asks_without_time_does_not_wait() -> None:
    log = Log()
    log.happens("alice")
    assert log.ask(after=1) == {"lines": [], "next": 1, "missed": 0}


def test_the_next_line_is_waited_for() -> None:
    log = Log()
    log.happens("alice")
    waits = log.begin(after=1, timeout=30, user="bob")
    log.happens("carol")
    log.clock.advance(GATHER_SECONDS)
    assert not waits.called  # that was none of those
    log.happens("bob", "bob")
    log.clock.advance(GATHER_SECONDS)
    answer = outcome_of(waits)
    assert (users(answer), answer["next"]) == (["bob", "bob"], 4)
    assert log.clock.getDelayedCalls() == []


def test_the_wait_has_an_end_whatever_comes_meanwhile() -> None:
    log = Log()
    waits = log.begin(after=0, timeout=1, user="bob")
    for _ in range(9):
        log.happens("alice")
        log.clock.advance(GATHER_SECONDS)
    assert not waits.called
    log.happens("alice")
    log.clock.advance(0.2)
    assert outcome_of(waits) == {"lines": [], "next": 10, "missed": 0}
    assert log.clock.getDelayedCalls() == []


def test_what_was_lost_while_it_waited_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "MAX_LINES", 2)
    log = Log()
    waits = log.begin(after=0, timeout=9, user="bob")
    log.happens(*"abcde")
    log.clock.advance(GATHER_SECONDS)
    log.happens("bob")
    log.clock.advance(GATHER_SECONDS)
    answer = outcome_of(waits)
    assert (users(answer), answer["missed"]) == (["bob"], 3)


def test_an_answer_has_so_many_lines() -> None:
    log = Log()
    log.happens(*(str(number) for number in range(MAX_ANSWER_LINES + 2)))
    answer = log.ask(after=0, count=MAX_ANSWER_LINES)
    assert (len(answer["lines"]), answer["next"]) == (MAX_ANSWER_LINES, MAX_ANSWER_LINES)
    assert users(log.ask(after=answer["next"])) == ["500", "501"]


def test_so_many_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITS", 1)
    log = Log()
    waits = log.begin(after=0, timeout=9)
    with pytest.raises(CallError, match="1 follow the log already") as raised:
        log.ask(after=0, timeout=9)
    assert raised.value.kind == "unavailable"
    assert log.ask(after=0)["lines"] == []  # who does not wait is welcome
    waits.cancel()
    waits.addErrback(lambda _: None)
    log.begin(after=0, timeout=9).addErrback(lambda _: None).cancel()


@pytest.mark.parametrize(
    "arguments",
    [
        {"after": -2},
        {"after": 1 << 54},
        {"count": 501},
        {"count": -1},
        {"timeout": 61},
        {"level": "x"},
        {"usr": "alice"},
    ],
)
def test_what_cannot_be_meant(arguments: dict[str, Any]) -> None:
    with pytest.raises(CallError) as raised:
        Log().ask(**arguments)
    assert raised.value.kind == "bad"


def test_an_unknown_wait_is_refused_before_it_begins() -> None:
    log = Log()
    with pytest.raises(CallError):
        result_of(
            make_log_functions(log.lines, log.clock, ACCOUNTS.get)["log"](
                Arguments({"after": 0, "timeout": 9, "client": "x"})
            )
        )
    assert log.lines.waits == 0
