"""Mail on its way in, counted."""

from __future__ import annotations

import pytest

from mailgate import facts
from mailgate.facts import Fact
from mailgate.metrics.messages import Messages, code_class
from tests.metrics.samples import a


def told(*happened: Fact) -> Messages:
    messages = Messages()
    for fact in happened:
        messages.reads[type(fact)](fact)
    return messages


def test_messages_by_what_became_of_them() -> None:
    messages = told(
        a(facts.Accepted, listener="smtp", recipients=("a", "b"), octets=10, reply_sent=True),
        a(facts.Accepted, listener="smtp", recipients=("a",), octets=5, reply_sent=False),
        a(facts.Accepted, listener="lmtp", recipients=("a",), octets=1, reply_sent=True, discarded=True),
        a(facts.MessageRefused, listener="smtp", reply="550 5.7.1 No"),
        a(facts.MessageRefused, listener="smtp", reply="451 4.3.0 Later"),
        a(facts.MessageRefused, reply="451 4.3.0 Later"),
    )
    assert messages.messages.values == {
        ("smtp", "accepted", "2xx"): 2,
        ("lmtp", "discarded", "2xx"): 1,
        ("smtp", "refused", "5xx"): 1,
        ("smtp", "refused", "4xx"): 1,
        ("unknown", "refused", "4xx"): 1,
    }
    assert messages.recipients.values == {("smtp",): 3, ("lmtp",): 1}
    assert messages.octets.values == {("smtp",): 15, ("lmtp",): 1}
    assert messages.unsent.values == {("smtp",): 1}


def test_commands() -> None:
    messages = told(
        a(facts.CommandRefused, listener="smtp", phase="rcpt", reply="550 5.1.1 Nobody"),
        a(facts.CommandRefused, listener="smtp", phase="rcpt", reply="452 4.2.2 Full"),
    )
    assert messages.commands.values == {("smtp", "rcpt", "5xx"): 1, ("smtp", "rcpt", "4xx"): 1}


def test_what_was_abandoned_by_how_far_it_had_come_and_why() -> None:
    messages = told(
        a(facts.Abandoned, listener="smtp", phase="content", reason="lost"),
        a(facts.Abandoned, listener="smtp", phase="content", reason="lost"),
        a(facts.Abandoned, phase="rcpt", reason="reset"),
    )
    assert messages.abandoned.values == {("smtp", "content", "lost"): 2, ("unknown", "rcpt", "reset"): 1}
    assert messages.abandoned in messages.families and not messages.messages.values


def test_handlers() -> None:
    messages = told(
        a(facts.Handled, handler="exec", result="passed", seconds=0.02),
        a(facts.Handled, handler="exec", result="timed out", seconds=70.0),
    )
    assert messages.verdicts.values == {("exec", "passed"): 1, ("exec", "timed out"): 1}
    assert messages.handling.values["exec",].counts[-1] == 1 and messages.handling.values["exec",].sum == 70.02


def test_deliveries() -> None:
    messages = told(
        a(facts.Delivered, copies=("x", "y")),
        a(facts.Delivered, copies=()),
        a(facts.NotDelivered),
        a(facts.Relayed, reply="250 2.0.0 OK"),
        a(facts.NotRelayed, reply="550 5.0.0 No"),
    )
    assert (messages.delivered.values[()], messages.copies.values[()], messages.undelivered.values[()]) == (2, 2, 1)
    assert messages.relayed.values == {("2xx",): 1, ("5xx",): 1}


@pytest.mark.parametrize(
    ("reply", "expected"), [("250 2.0.0 OK", "2xx"), ("354 Go", "3xx"), ("450", "4xx"), ("", "none"), ("x", "none")]
)
def test_classes(reply: str, expected: str) -> None:
    assert code_class(reply) == expected
