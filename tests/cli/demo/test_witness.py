"""The witness knows what was, and tells what comes."""

from __future__ import annotations

import pytest
from twisted.internet.defer import TimeoutError
from twisted.internet.task import Clock

from mailgate.cli.demo.witness import Witness
from mailgate.facts import Deleted, Handled, NotDelivered
from tests.support import outcome_of

HANDLED = Handled(message="1", handler="h", result="passed", detail="", seconds=0.0)
LATER = Handled(message="2", handler="h", result="passed", detail="", seconds=0.0)
OTHER = NotDelivered(message="1", reason="r", visible=())


def test_facts_by_kind() -> None:
    witness = Witness()
    for fact in (HANDLED, OTHER, LATER):
        witness.read(fact)
    assert witness.all(Handled) == (HANDLED, LATER)
    assert witness.all(Deleted) == ()


def test_a_fact_that_was_there_before() -> None:
    witness = Witness()
    witness.read(HANDLED)
    witness.read(LATER)
    assert outcome_of(witness.first(Handled, Clock(), 1.0)) == HANDLED


def test_a_fact_that_comes() -> None:
    witness, clock = Witness(), Clock()
    coming = witness.first(Handled, clock, 1.0)
    witness.read(OTHER)
    assert not coming.called
    witness.read(HANDLED)
    witness.read(LATER)
    assert outcome_of(coming) == HANDLED
    assert not clock.getDelayedCalls()


def test_a_fact_that_does_not_come() -> None:
    witness, clock = Witness(), Clock()
    coming = witness.first(Handled, clock, 1.0)
    clock.advance(1.0)
    with pytest.raises(TimeoutError):
        outcome_of(coming)
    witness.read(HANDLED)  # nobody waits any more, and nothing goes wrong
