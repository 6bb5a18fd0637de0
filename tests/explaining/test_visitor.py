"""Whether a client would be let in."""

from __future__ import annotations

from mailgate.explaining.surroundings import Limits
from mailgate.explaining.visitor import TOO_MANY, visit
from mailgate.limits.admission import Admission
from mailgate.service.stack import SMTP_REFUSAL

ONE = "192.0.2.7"


def test_who_is_exempt_has_no_limits() -> None:
    (step,) = visit("127.0.0.1", Limits()).steps
    assert (step.question, step.where) == ("Is 127.0.0.1 let in?", "limits.exempt")
    assert step.answer == "yes: it has no limits of its own"


def test_without_a_gateway_only_the_limits_are_known() -> None:
    part = visit(ONE, Limits(connections=0))
    assert part.refusal is None and part.steps[0].answer == "yes, if it keeps to the limits"
    assert part.steps[0].detail == "the limits are 30 connections at a time and 120 new ones a minute"
    none = Limits(connections=0, connections_per_client=0, connections_per_minute=0)
    assert visit(ONE, none).steps[0].detail == "there are no limits"


def test_who_is_there_now() -> None:
    admission = Admission(lambda: 0.0, connections_per_client=2)
    limits = Limits(connections_per_client=2, admission=admission)
    admission.enter(ONE, "smtp")
    admission.enter("198.51.100.1", "smtp")
    assert visit(ONE, limits).steps[0].answer == "yes: 1 connection of its own now, 2 in all"
    admission.enter(ONE, "smtp")
    part = visit(ONE, limits)
    assert part.steps[0].answer == "not now: 2 connections of its own now, 3 in all"
    assert part.refusal == TOO_MANY and f"{TOO_MANY}\r\n".encode() == SMTP_REFUSAL
    assert admission.total == 3 and admission.refused == 0  # nothing was counted


def test_when_all_is_full() -> None:
    admission = Admission(lambda: 0.0, connections=1, connections_per_client=0, connections_per_minute=0)
    for number in range(admission.most):
        admission.enter("127.0.0.1" if number else ONE, "pop3")
    limits = Limits(connections=1, connections_per_client=0, admission=admission)
    assert visit("198.51.100.1", limits).refusal == TOO_MANY
