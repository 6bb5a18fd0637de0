"""The rules that stand: in the order of making, as often as was said, and for nobody else's mail."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock

from mailgate.interference.parsing import parse_rule
from mailgate.interference.phases import Parties
from mailgate.interference.rule import Action, Rule
from mailgate.interference.rules import Rules, StandingRule
from tests.interference.support import ALICE, BOB, pop3_rule, smtp_rule

CAROL = "carol@t2.example.test"
APP = "app@corp.test"
TO_ALICE = Parties((ALICE,), APP)


def reply_of(action: Action | None) -> str:
    """The code, or nothing."""
    return "" if action is None else str(action.reply)[:3]


def struck(rules: Rules, parties: Parties = TO_ALICE, at: str = "rcpt") -> str:
    return reply_of(rules.strike("smtp", at, parties))


def test_no_rules_and_no_fault() -> None:
    assert struck(Rules()) == ""


def test_the_first_rule_that_is_meant_counts() -> None:
    rules = Rules()
    rules.add(smtp_rule("data", reply="551"), "t1")
    rules.add(smtp_rule("rcpt", to=BOB, reply="552"), "t1")
    rules.add(smtp_rule("rcpt", to=ALICE, reply="451", times=2), "t1")
    rules.add(smtp_rule("rcpt", reply="452", times=1), "t1")
    assert [struck(rules) for _ in range(4)] == ["451", "451", "452", ""]
    assert [rule["hits"] for rule in rules.list("t1")] == [0, 0, 2, 1]


def test_what_is_used_up_stays_and_can_be_seen() -> None:
    rules = Rules()
    id = rules.add(smtp_rule("rcpt", to=ALICE, reply="451", times=1), "t1")
    for hits in (0, 1, 1):
        (listed,) = rules.list("t1")
        assert (listed["id"], listed["hits"], listed["used_up"]) == (id, hits, hits == 1)
        struck(rules)
    assert parse_rule({name: value for name, value in listed.items() if name not in ("id", "hits", "used_up")})


def test_a_sequence() -> None:
    rules = Rules()
    rules.add(smtp_rule("rcpt", sequence=[{"reply": "451"}, {}, {"reply": "452"}]), "t1")
    rules.add(smtp_rule("rcpt", reply="550"), "t1")
    actions = [rules.strike("smtp", "rcpt", TO_ALICE) for _ in range(4)]
    assert actions[1] == Action()  # this one passes, and no other rule is asked
    assert [reply_of(action) for action in actions] == ["451", "Non", "452", "550"]


def test_a_sequence_several_times() -> None:
    rules = Rules()
    rules.add(smtp_rule("rcpt", sequence=[{"reply": "451"}, {"reply": "452"}], times=2), "t1")
    assert [struck(rules) for _ in range(5)] == ["451", "452", "451", "452", ""]


def test_each_protocol_has_its_own_phases() -> None:
    rules = Rules()
    rules.add(pop3_rule("quit", reply="-ERR no"), "t1")
    assert rules.strike("smtp", "quit", Parties((ALICE,), user=ALICE)) is None
    assert rules.strike("pop3", "quit", Parties(user=ALICE)) is not None


# Namespaces.


def test_a_namespace_strikes_its_own_mail_alone() -> None:
    rules = Rules()
    rules.add(smtp_rule("rcpt", reply="451"), "t1")
    assert struck(rules, Parties((CAROL,), APP)) == ""
    assert struck(rules, Parties(("x@corp.test",), APP)) == ""
    assert struck(rules, Parties((CAROL,), ALICE)) == "451"  # from one of its own
    assert struck(rules, Parties((CAROL,), APP, user=ALICE)) == "451"
    assert struck(rules) == "451"


def test_what_is_everybodys_does_not_strike_a_corner() -> None:
    rules = Rules()
    rules.add(smtp_rule("rcpt", reply="451"))
    rules.add(smtp_rule("mail", from_=APP, reply="452"))
    assert struck(rules) == ""
    assert struck(rules, Parties(("dev@corp.test",), APP)) == "451"
    assert struck(rules, Parties(sender=APP), "mail") == "452"


def test_nobody_is_not_everybody() -> None:
    rules = Rules()
    rules.add(smtp_rule("mail", reply="451"))
    rules.add(smtp_rule("mail", from_="<>", reply="452"))
    assert struck(rules, Parties(sender=""), "mail") == "452"
    assert rules.strike("pop3", "quit", Parties()) is None


def test_rules_of_two_namespaces_keep_their_order() -> None:
    rules = Rules()
    rules.add(smtp_rule("dot", reply="451", times=1), "t2")
    rules.add(smtp_rule("dot", reply="452", times=1), "t1")
    both = Parties((ALICE, CAROL), APP)
    assert [struck(rules, both, "dot") for _ in range(3)] == ["451", "452", ""]


def test_a_foreign_sender_may_narrow_a_rule() -> None:
    rules = Rules()
    rules.add(smtp_rule("rcpt", from_=APP, reply="451"), "t1")
    assert struck(rules) == "451"
    assert struck(rules, Parties((ALICE,), "other@corp.test")) == ""
    assert struck(rules, Parties((CAROL,), APP)) == ""


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (smtp_rule("rcpt", to=CAROL, reply="451"), "belongs to the namespace t2"),
        (smtp_rule("rcpt", to="x@corp.test", reply="451"), "name an address of t1.example.test"),
        (smtp_rule("rcpt", to="x@corp.test", from_=APP, reply="451"), "name an address of t1.example.test"),
        (smtp_rule("mail", from_=APP, reply="451"), "name a 'from' of t1.example.test .*, or open a listener"),
        (smtp_rule("mail", reply="451"), "name a 'from' of t1.example.test .*, or open a listener of your own"),
        (pop3_rule("stat", user="alice", reply="-ERR"), "name an address of t1.example.test"),
        *((smtp_rule(at, drop=True), "open a listener of your own") for at in ("connect", "helo", "starttls")),
        *((pop3_rule(at, drop=True), "open a listener of your own") for at in ("greeting", "capa", "stls")),
        (smtp_rule("rcpt", per_second=1), "open a listener of your own"),
    ],
)
def test_what_could_strike_others(rule: Rule, says: str) -> None:
    rules = Rules()
    with pytest.raises(ValueError, match=says):
        rules.add(rule, "t1")
    assert rules.list("t1") == []


def test_a_listeners_faults_are_not_for_shared_ports_either() -> None:
    with pytest.raises(ValueError, match="listener of your own"):
        Rules().add(smtp_rule("connect", drop=True))


def test_a_foreign_recipient_of_an_own_sender() -> None:
    rules = Rules()
    rules.add(smtp_rule("rcpt", to="x@corp.test", from_=BOB, reply="451"), "t1")
    assert struck(rules, Parties(("x@corp.test",), BOB)) == "451"


def test_a_namespace_has_a_name_that_can_be_one() -> None:
    with pytest.raises(ValueError, match="a namespace is letters"):
        Rules().add(smtp_rule("rcpt", reply="451"), "No Such")


# Removing.


def test_removing() -> None:
    rules = Rules()
    first, second = (rules.add(smtp_rule("rcpt", reply=reply), "t1") for reply in ("451", "452"))
    assert first != second
    with pytest.raises(KeyError):
        rules.remove(first, "t2")
    rules.remove(first, "t1")
    assert struck(rules) == "452"
    with pytest.raises(KeyError):
        rules.remove(first, "t1")


def test_clearing_one_namespace() -> None:
    rules = Rules()
    for namespace in ("t1", "t1", "t2", ""):
        rules.add(smtp_rule("rcpt", reply="451"), namespace)
    own = Parties(("rcpt-450x1.a@t1.example.test",))
    other = Parties(("rcpt-450x1.a@t2.example.test",))
    rules.clear("t2")
    assert [struck(rules, other), struck(rules, other)] == ["450", ""]
    assert rules.clear("t1") == 2
    assert [struck(rules, own), struck(rules, own)] == ["450", ""]
    rules.clear("t1")
    assert [struck(rules, own), struck(rules, other)] == ["450", ""]
    assert len(rules) == len(rules.list()) == 1
    assert rules.clear("nobody") == 0


def test_there_is_a_limit() -> None:
    rules = Rules(max_rules=2)
    ids = [rules.add(smtp_rule("rcpt", reply="451"), name) for name in ("t1", "t2")]
    with pytest.raises(ValueError, match="there are 2 faults already"):
        rules.add(smtp_rule("rcpt", reply="451"), "t3")
    rules.remove(ids[0], "t1")
    assert rules.add(smtp_rule("rcpt", reply="451"), "t3") not in ids


def test_rules_come_before_what_an_address_asks_for() -> None:
    rules = Rules()
    rules.add(smtp_rule("rcpt", sequence=[{"reply": "451"}]), "t1")
    asking = Parties(("rcpt-450.a@t1.example.test",))
    assert [struck(rules, asking), struck(rules, asking)] == ["451", "450"]


# Rates.


def a_rate(**values: Any) -> tuple[StandingRule, Clock]:
    clock = Clock()
    return StandingRule(smtp_rule("helo", per_second=2, **values), 1, clock.seconds), clock


def test_a_rate_strikes_what_is_too_much() -> None:
    standing, clock = a_rate()
    nobody = Parties()
    assert [standing.strike("helo", nobody) is None for _ in range(4)] == [True, True, False, False]
    assert standing.hits == 2
    clock.advance(1.0)
    assert [standing.strike("helo", nobody) is None for _ in range(3)] == [True, True, False]


def test_a_rate_may_end() -> None:
    standing, _ = a_rate(times=1)
    assert [standing.strike("helo", Parties()) is None for _ in range(4)] == [True, True, False, True]
    assert standing.is_used_up


def test_a_rate_counts_its_own_phase_alone() -> None:
    standing, _ = a_rate()
    for _ in range(5):
        assert standing.strike("mail", Parties()) is None
    assert standing.strike("helo", Parties()) is None
