"""Rules as values."""

from __future__ import annotations

import pytest

from mailgate.interference.phases import Parties
from mailgate.interference.replies import parse_reply
from mailgate.interference.rule import NOTHING, Action, Rule

REFUSAL = Action(reply=parse_reply("smtp", "rcpt", "451 4.3.0 Try later"))


def test_an_action_may_refuse() -> None:
    assert REFUSAL.refuses
    assert not Action(reply=parse_reply("smtp", "rcpt", "250 OK")).refuses
    assert not NOTHING.refuses


def test_an_action_as_json() -> None:
    assert NOTHING.as_json() == {}
    assert Action(delay_seconds=2.0, drop=True).as_json() == {"delay": 2.0, "drop": True}
    cut = Action(reply=REFUSAL.reply, octets_per_second=10.0, drop_after_octets=0)
    assert cut.as_json() == {"reply": "451 4.3.0 Try later", "slow": 10.0, "drop_after_octets": 0}


@pytest.mark.parametrize(
    ("settings", "strikes"),
    [
        ({}, None),
        ({"times": 3}, 3),
        ({"in_sequence": True}, 2),
        ({"in_sequence": True, "times": 3}, 6),
    ],
)
def test_how_often_it_strikes(settings: dict[str, bool | int], strikes: int | None) -> None:
    actions = (REFUSAL, NOTHING)
    assert Rule(protocol="smtp", at="rcpt", actions=actions, **settings).strikes == strikes  # type: ignore[arg-type]


KNOWN = Parties(("a@x.test", "b@x.test"), "s@x.test", "u@x.test")


@pytest.mark.parametrize(
    ("named", "parties", "concerned"),
    [
        ({}, Parties(), True),
        ({"to": "b@x.test"}, KNOWN, True),
        ({"to": "c@x.test"}, KNOWN, False),
        ({"to": "a@x.test"}, Parties(), False),
        ({"sender": "s@x.test"}, KNOWN, True),
        ({"sender": ""}, KNOWN, False),
        ({"sender": ""}, Parties(sender=""), True),
        ({"sender": ""}, Parties(), False),
        ({"user": "u@x.test"}, KNOWN, True),
        ({"to": "a@x.test", "sender": "s@x.test", "user": "u@x.test"}, KNOWN, True),
        ({"to": "a@x.test", "sender": "s@x.test", "user": "v@x.test"}, KNOWN, False),
    ],
)
def test_whom_it_concerns(named: dict[str, str], parties: Parties, concerned: bool) -> None:
    rule = Rule(protocol="smtp", at="rcpt", actions=(REFUSAL,), **named)  # type: ignore[arg-type]
    assert rule.concerns(parties) is concerned
    assert rule.names_somebody is bool(named)
