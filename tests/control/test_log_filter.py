"""Which lines of the log are wanted."""

from __future__ import annotations

from typing import Any

import pytest

from mailgate import facts
from mailgate.control.calls import Arguments, CallError
from mailgate.control.log_filter import filter_in
from mailgate.control.log_rendering import Event
from mailgate.facts import Fact
from tests.metrics.samples import KINDS, a, full

ACCEPTED = a(
    facts.Accepted,
    session="01AB",
    message="01CD",
    message_id="x.Y@example.org",
    client="192.0.2.7",
    sender="Bob@example.org",
    recipients=("alice@example.test", "carol@example.test"),
)
DELIVERED = a(facts.Delivered, message="01CD", recipient="info@example.test", maildrops=("alice@example.test",))
LOGIN = a(facts.LoginFailed, user="Alice@example.test", client="2001:db8::1", session="01EF")


def fits(content: Fact | Event, **wanted: Any) -> bool:
    return filter_in(Arguments({"level": "debug", **wanted})).fits(content)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [True, True, True]),
        ({"user": "alice@example.test"}, [False, True, True]),
        ({"user": "ALICE@example.TEST"}, [False, True, True]),
        ({"user": "carol@example.test"}, [False, False, False]),
        ({"address": "alice@example.test"}, [True, True, True]),
        ({"address": "<bob@example.org>"}, [True, False, False]),
        ({"address": "info@example.test"}, [False, True, False]),
        ({"client": "192.0.2.7"}, [True, False, False]),
        ({"client": "192.0.2.0/24"}, [True, False, False]),
        ({"client": "2001:db8::/32"}, [False, False, True]),
        ({"session": "01ab"}, [True, False, False]),
        ({"message": "01CD"}, [True, True, False]),
        ({"message": "<X.y@example.org>"}, [True, False, False]),
        ({"message": "01CD", "session": "01EF"}, [False, False, False]),
        ({"address": "alice@example.test", "client": "192.0.2.7"}, [True, False, False]),
    ],
)
def test_facts(wanted: dict[str, str], expected: list[bool]) -> None:
    assert [fits(fact, **wanted) for fact in (ACCEPTED, DELIVERED, LOGIN)] == expected


def test_a_name_without_its_domain_is_somebodys_only_if_one_can_log_in_by_it() -> None:
    login = a(facts.LoginFailed, user="alice")
    wanted = Arguments({"user": "alice@example.test"})
    one_domain = {"alice": "alice@example.test", "alice@example.test": "alice@example.test"}
    two_domains = {"alice@example.test": "alice@example.test"}
    assert filter_in(wanted, one_domain.get).fits(login)
    assert not filter_in(wanted, two_domains.get).fits(login)


def test_levels() -> None:
    fetched, accepted, login, failed = a(facts.Fetched), a(facts.Accepted), a(facts.LoginFailed), a(facts.Failed)
    every = (fetched, accepted, login, failed, Event(0.0, "critical", "", "x"))
    for level, count in (("debug", 5), ("info", 4), ("warn", 3), ("error", 2), ("critical", 1)):
        assert [fits(one, level=level) for one in every].count(True) == count
    assert not filter_in(Arguments({})).fits(fetched) and filter_in(Arguments({})).fits(accepted)  # info


def test_what_is_no_fact_belongs_to_nobody() -> None:
    event = Event(0.0, "error", "mailgate", "alice@example.test")
    assert fits(event) and not fits(event, user="alice@example.test") and not fits(event, client="local")


@pytest.mark.parametrize("kind", KINDS)
def test_all_facts_can_be_asked_for_anything(kind: type[Fact]) -> None:
    fact = full(kind)
    for name in ("user", "address", "session", "message"):
        assert not fits(fact, **{name: "nobody"})
    assert not fits(fact, client="192.0.2.1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "loud"}, "level has to be one of debug, info, warn, error, critical, not 'loud'"),
        ({"client": "example.org"}, "client: 'example.org' is not understood"),
        ({"user": 7}, "user has to be a text"),
    ],
)
def test_what_cannot_be_meant(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(CallError) as raised:
        filter_in(Arguments(arguments))
    assert raised.value.kind == "bad" and raised.value.message.startswith(message)
