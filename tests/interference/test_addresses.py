"""What an address asks for."""

from __future__ import annotations

from typing import Any

import pytest

from mailgate.interference.addresses import AddressFaults, fault_of
from mailgate.interference.phases import Parties, Spoken
from mailgate.interference.rule import Action


def as_json(protocol: Spoken, local_part: str) -> dict[str, Any] | None:
    fault = fault_of(protocol, local_part)
    return None if fault is None else {"at": fault.at, "times": fault.times, **fault.action.as_json()}


@pytest.mark.parametrize(
    ("protocol", "local_part", "asks"),
    [
        ("smtp", "rcpt-450.alice", {"at": "rcpt", "times": None, "reply": "450 4.0.0 On demand"}),
        ("smtp", "dot-451x2.alice", {"at": "dot", "times": 2, "reply": "451 4.0.0 On demand"}),
        ("smtp", "delivered-451.bob", {"at": "delivered", "times": None, "reply": "451 4.0.0 On demand"}),
        ("smtp", "mail-550.app", {"at": "mail", "times": None, "reply": "550 5.0.0 On demand"}),
        ("smtp", "auth-535.app", {"at": "auth", "times": None, "reply": "535 5.0.0 On demand"}),
        ("smtp", "data-drop.bob", {"at": "data", "times": None, "drop": True}),
        ("smtp", "data-drop0x1.b", {"at": "data", "times": 1, "drop_after_octets": 0}),
        ("smtp", "rcpt-delay2.bob", {"at": "rcpt", "times": None, "delay": 2}),
        ("smtp", "rcpt-delay200msx3.bob", {"at": "rcpt", "times": 3, "delay": 0.2}),
        ("smtp", "rcpt-slow10.bob.and.more", {"at": "rcpt", "times": None, "slow": 10}),
        ("pop3", "login-inuse.carol", {"at": "login", "times": None, "reply": "-ERR [IN-USE] On demand"}),
        ("pop3", "login-err.carol", {"at": "login", "times": None, "reply": "-ERR On demand"}),
        ("pop3", "login-auth.c", {"at": "login", "times": None, "reply": "-ERR [AUTH] On demand"}),
        ("pop3", "login-logindelay.c", {"at": "login", "times": None, "reply": "-ERR [LOGIN-DELAY] On demand"}),
        ("pop3", "stat-systempx1.c", {"at": "stat", "times": 1, "reply": "-ERR [SYS/TEMP] On demand"}),
        ("pop3", "stat-sysperm.c", {"at": "stat", "times": None, "reply": "-ERR [SYS/PERM] On demand"}),
        ("pop3", "retr-drop100.carol", {"at": "retr", "times": None, "drop_after_octets": 100}),
        ("pop3", "quit-err.carol", {"at": "quit", "times": None, "reply": "-ERR On demand"}),
        ("pop3", "updated-drop.carol", {"at": "updated", "times": None, "drop": True}),
    ],
)
def test_a_fault(protocol: Spoken, local_part: str, asks: dict[str, Any]) -> None:
    assert as_json(protocol, local_part) == asks


@pytest.mark.parametrize(
    ("protocol", "local_part"),
    [
        ("smtp", "alice"),
        ("smtp", "rcpt-450"),  # nothing behind it
        ("smtp", "rcpt-450."),
        ("smtp", "rcpt-250.alice"),
        ("smtp", "rcpt-467.alice"),  # RFC 5321 4.2.1: no such code
        ("smtp", "rcpt-451x0.alice"),
        ("smtp", "rcpt-err.alice"),
        ("smtp", "connect-421.alice"),  # nobody is known there
        ("smtp", "retr-drop.alice"),
        ("smtp", "quit-drop.alice"),  # that is POP3's
        ("smtp", "nothing-450.alice"),
        ("smtp", "rcpt-delay.alice"),
        ("smtp", "rcpt-delay601.alice"),
        ("smtp", "rcpt-slow0.alice"),
        ("smtp", "rcpt-slow5ms.alice"),
        ("smtp", "mary-jane.watson"),
        ("pop3", "greeting-err.alice"),
        ("pop3", "login-450.alice"),
        ("pop3", "rcpt-450.alice"),
    ],
)
def test_a_name_like_any_other(protocol: Spoken, local_part: str) -> None:
    assert fault_of(protocol, local_part) is None


def struck(faults: AddressFaults, at: str, parties: Parties, protocol: Spoken = "smtp") -> bool:
    return faults.strike(protocol, at, parties) is not None


@pytest.mark.parametrize(
    ("at", "parties", "strikes"),
    [
        ("rcpt", Parties(("rcpt-450.a@x.test",)), True),
        ("data", Parties(("rcpt-450.a@x.test",)), False),
        ("rcpt", Parties(("b@x.test",), "rcpt-450.a@x.test"), False),  # a sender is not asked at rcpt
        ("mail", Parties(sender="mail-450.a@x.test"), True),
        ("mail", Parties(sender=""), False),
        ("dot", Parties(("b@x.test", "dot-450.a@x.test")), True),
        ("auth", Parties(user="auth-535.a"), True),  # a login name may be without a domain
        ("auth", Parties(user="auth-535.a@x.test"), True),
        ("connect", Parties(), False),
    ],
)
def test_who_is_asked(at: str, parties: Parties, strikes: bool) -> None:
    assert struck(AddressFaults(), at, parties) is strikes


def test_each_address_is_counted_by_itself() -> None:
    faults = AddressFaults()
    one, two = Parties(("dot-451x2.a@x.test",)), Parties(("dot-451x2.a@y.test",))
    assert [struck(faults, "dot", one) for _ in range(3)] == [True, True, False]
    assert [struck(faults, "dot", two) for _ in range(3)] == [True, True, False]


def test_the_first_recipient_that_still_asks() -> None:
    faults = AddressFaults()
    both = Parties(("dot-451x1.a@x.test", "dot-452x1.b@x.test"))
    actions = [faults.strike("smtp", "dot", both) for _ in range(3)]
    assert [str(action and action.reply)[:3] for action in actions] == ["451", "452", "Non"]


def test_it_forgets_the_one_that_struck_longest_ago() -> None:
    faults = AddressFaults(max_addresses=2)
    a, b, c = (Parties((f"dot-451x2.{name}@x.test",)) for name in "abc")
    for parties in (a, b, a, c):
        assert struck(faults, "dot", parties)
    assert not struck(faults, "dot", a)
    assert [struck(faults, "dot", b) for _ in range(3)] == [True, True, False]  # that was forgotten


def test_forgetting_a_namespace() -> None:
    faults = AddressFaults()
    own, other = (Parties((f"dot-451x1.a@{name}.example.test",)) for name in ("t1", "t2"))
    assert struck(faults, "dot", own) and struck(faults, "dot", other)
    faults.forget("t1")
    assert struck(faults, "dot", own)
    assert not struck(faults, "dot", other)


def test_one_that_strikes_always_is_not_counted() -> None:
    faults = AddressFaults(max_addresses=0)
    assert faults.strike("smtp", "data", Parties(("data-drop.a@x.test",))) == Action(drop=True)
