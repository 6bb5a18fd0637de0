"""Lines of the log as they are kept and told."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from attrs import fields
from twisted.logger import Logger

from mailgate import facts
from mailgate.control.log_rendering import (
    MAX_TEXT_CHARACTERS,
    RANKS,
    Event,
    Line,
    event_of,
    level_of,
    rendered,
    weight_of,
)
from mailgate.facts import Fact
from mailgate.log import FactLog
from tests.metrics.samples import KINDS, a, full
from tests.support import logged

log = Logger(namespace="mailgate.test")


def last_event(do: Callable[[], None]) -> Event:
    """What is kept of the event that `do` logs."""
    with logged() as events:
        do()
    return event_of(events[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_levels_are_those_of_the_log(kind: type[Fact]) -> None:
    with logged() as events:
        FactLog().read(full(kind))
    assert level_of(full(kind)) == events[0]["log_level"].name


@pytest.mark.parametrize("kind", KINDS)
def test_facts_for_programs(kind: type[Fact]) -> None:
    fact = full(kind)
    told = rendered(Line(7, 1, fact))
    assert not {"number", "level", "text", "fact", "namespace"} & {field.name for field in fields(kind)}
    assert (told["number"], told["fact"], told["time"], told["at"]) == (7, kind.__name__, 1.0, 1.0)
    assert json.loads(json.dumps(told))["text"]


def test_what_a_fact_says_is_one_line() -> None:
    fact = a(facts.LoginFailed, user="x\r\n2026-01-01 info forged\x1b[31m")
    text = rendered(Line(1, 1, fact))["text"]
    assert text.isprintable() and "forged" in text


def test_what_is_no_fact() -> None:
    event = last_event(lambda: log.warn("no room in {where}", where="a\nb\x1b"))
    assert (event.level, event.namespace, event.text) == ("warn", "mailgate.test", "no room in a\n    b\\x1b")
    assert event.at > 1_700_000_000
    told = rendered(Line(3, 1, event))
    assert told == {
        "number": 3,
        "time": event.at,
        "level": "warn",
        "namespace": "mailgate.test",
        "text": "no room in a\n    b\\x1b",
    }
    assert level_of(event) == "warn" and RANKS["warn"] > RANKS["info"]


def test_tracebacks_are_kept_as_text() -> None:
    def fail() -> None:
        try:
            raise KeyError("x\nforged line")
        except KeyError:
            log.failure("error {error}", error="e1")

    event = last_event(fail)
    first, *more = event.text.split("\n")
    assert (first, event.level) == ("error e1", "critical")
    assert more[0] == "    Traceback (most recent call last):" and any("KeyError" in line for line in more)
    assert all(line.startswith("    ") for line in more)


def test_long_texts_keep_their_ends() -> None:
    event = last_event(lambda: log.info("{text}", text="begin" + "x" * MAX_TEXT_CHARACTERS + "end"))
    assert event.text.startswith("begin") and event.text.endswith("end") and "\n    [...]\n" in event.text
    assert len(event.text) < MAX_TEXT_CHARACTERS + 20


def test_an_event_of_somebody_who_says_nothing() -> None:
    event = event_of({})
    assert (event.at, event.level, event.namespace) == (0.0, "info", "")


def test_weights() -> None:
    assert weight_of(a(facts.Connected)) == 1
    assert weight_of(a(facts.Accepted, recipients=("a",) * 1000)) == 1001
    assert weight_of(a(facts.NotDeleted, uids=("1", "2"))) == 3
    assert weight_of(Event(0.0, "info", "", "x" * 2560)) == 11
