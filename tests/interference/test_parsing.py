"""Rules out of JSON: what is understood comes back, and what is not says what to write."""

from __future__ import annotations

from typing import Any

import pytest

from mailgate.interference.parsing import MAX_SEQUENCE, parse_action, parse_rule
from mailgate.interference.rule import NOTHING, Action


def rule(**values: Any) -> dict[str, Any]:
    return {"protocol": "smtp", "at": "rcpt", **values}


@pytest.mark.parametrize(
    "values",
    [
        rule(to="alice@t1.example.test", reply="451 4.3.0 Try later", times=2),
        {"protocol": "smtp", "at": "mail", "from": "<>", "reply": "550 5.1.8 no bounces"},
        {"protocol": "smtp", "at": "mail", "from": "app@corp.test", "delay": 1.5},
        {"protocol": "smtp", "at": "dot", "to": "a@x.test", "from": "b@x.test", "user": "c@x.test", "drop": True},
        {"protocol": "smtp", "at": "connect", "per_second": 3, "reply": "421 4.7.0 Slow down", "times": 9},
        {"protocol": "pop3", "at": "retr", "user": "alice", "drop_after_octets": 100, "times": 1},
        {"protocol": "pop3", "at": "retr", "slow": 0.5 + 1},
        {"protocol": "pop3", "at": "login", "reply": "-ERR [IN-USE] locked", "delay": 2.0},
        rule(sequence=[{"reply": "451 4.0.0 a"}, {"drop": True}, {}]),
        rule(sequence=[{}], times=3),
    ],
)
def test_there_and_back(values: dict[str, Any]) -> None:
    assert parse_rule(values).as_json() == values


def test_null_is_as_if_it_were_not_there() -> None:
    given = rule(reply="451", to=None, times=None, sequence=None, per_second=None)
    assert parse_rule(given) == parse_rule(rule(reply="451"))
    assert parse_rule(rule(sequence=[{"reply": None}])).actions == (NOTHING,)


def test_addresses_are_folded() -> None:
    assert parse_rule(rule(to="Alice@T1.Example.TEST", reply="451")).to == "alice@t1.example.test"
    assert parse_rule(rule(to='"a b"@x.test', reply="451")).to == "a b@x.test"
    assert parse_rule({"protocol": "pop3", "at": "stat", "user": "Alice", "reply": "-ERR"}).user == "alice"


def test_a_rate_without_an_action_has_its_own_reply() -> None:
    assert parse_rule(rule(per_second=2)).actions[0].refuses
    assert str(parse_rule(rule(per_second=2, delay=1, reply="450 4.7.1 x")).actions[0].reply) == "450 4.7.1 x"
    assert parse_rule(rule(per_second=2, drop=True)).actions == (Action(drop=True),)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "protocol has to be one of smtp, pop3, not nothing"),
        (rule(protocol="imap"), "protocol has to be one of smtp, pop3"),
        (rule(protocol=["smtp"]), "protocol has to be one of"),
        ({"protocol": "smtp"}, "at has to be one of connect, helo"),
        (rule(at="retr"), "at has to be one of connect, helo"),
        (rule(protocol="pop3"), "at has to be one of greeting, capa"),
        (rule(), "say what is to happen: reply, delay"),
        (rule(delay=0), "say what is to happen"),
        (rule(reply="451", time=2), "there is no 'time' here; there are protocol, at"),
        (rule(reply=451), "reply has to be a text"),
        (rule(reply="later"), "an SMTP reply is"),
        (rule(to=7, reply="451"), "to has to be an address, not 7"),
        (rule(to="", reply="451"), "to has to be an address"),
        (rule(to="alice", reply="451"), "to has to be an address"),
        (rule(to="<>", reply="451"), "to has to be an address"),
        (rule(user="a" * 400, reply="451"), "user has to be an address"),
        (rule(user="a b@@", reply="451"), "user has to be an address"),
        (rule(at="mail", to="a@x.test", reply="451"), "at mail nobody knows 'to' yet: only 'from' and 'user'"),
        (rule(at="connect", to="a@x.test", drop=True), "at connect nobody knows 'to' yet: no address"),
        ({"protocol": "pop3", "at": "stat", "to": "a@x.test", "drop": True}, "only 'user' can be given"),
        (rule(drop=1), "drop has to be true or false, not 1"),
        (rule(drop=True, reply="451"), "drop closes without a reply"),
        (rule(drop=True, drop_after_octets=1), "drop closes without a reply"),
        (rule(drop=True, slow=1), "drop closes without a reply"),
        (rule(delay=601), "delay has to be a number from 0 to 600, not 601"),
        (rule(delay=-1), "delay has to be a number"),
        (rule(delay=True), "delay has to be a number"),
        (rule(delay="2"), "delay has to be a number from 0 to 600, not '2'"),
        (rule(delay=float("nan")), "delay has to be a number"),
        (rule(slow=0), "slow has to be a number from 1"),
        (rule(drop_after_octets=1.5), "drop_after_octets has to be a whole number"),
        (rule(drop_after_octets=-1), "drop_after_octets has to be a whole number"),
        (rule(reply="451", times=0), "times has to be a whole number from 1"),
        (rule(reply="451", per_second=0), "per_second has to be a whole number from 1"),
        (rule(sequence=[]), "sequence has to be 1 to 100 actions in a list"),
        (rule(sequence={}), "sequence has to be 1 to"),
        (rule(sequence=[{}] * (MAX_SEQUENCE + 1)), "sequence has to be 1 to"),
        (rule(sequence=["451"]), "each action of a sequence is an object"),
        (rule(sequence=[{"times": 2}]), "there is no 'times' here; there are reply"),
        (rule(sequence=[{}], reply="451"), "put reply into the actions of the sequence"),
        (rule(sequence=[{}], per_second=1), "put per_second into"),
    ],
)
def test_what_is_no_rule(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_rule(values)


def test_an_action() -> None:
    assert parse_action("smtp", "rcpt", {}) == NOTHING
    assert parse_action("smtp", "rcpt", {"drop": False}) == NOTHING
    assert parse_action("pop3", "retr", {"slow": 10, "drop_after_octets": 0}) == Action(
        octets_per_second=10, drop_after_octets=0
    )
