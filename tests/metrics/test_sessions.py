"""Sessions and logins, counted."""

from __future__ import annotations

import pytest

from mailgate import facts
from mailgate.facts import Fact
from mailgate.metrics import sessions as module
from mailgate.metrics.families import Gauge
from mailgate.metrics.sessions import Sessions
from tests.metrics.samples import a

TLS = "TLSv1.3 TLS_AES_256_GCM_SHA384"


def told(*happened: Fact) -> Sessions:
    sessions = Sessions()
    for fact in happened:
        sessions.reads[type(fact)](fact)
    return sessions


def test_sessions_are_counted_while_they_are_open() -> None:
    one, two = a(facts.Connected, session="1", listener="smtp"), a(facts.Connected, session="2", listener="smtp")
    sessions = told(one, two, a(facts.Secured, session="1", tls=TLS))
    assert sessions.now() == {("smtp", "none"): 1, ("smtp", "TLSv1.3"): 1}
    assert sessions.begun.values == {("smtp",): 2}
    assert sessions.secured.values == {("smtp", "TLSv1.3"): 1}


def test_sessions_that_ended() -> None:
    sessions = told(
        a(facts.Connected, session="1", listener="pop3"),
        a(
            facts.Disconnected,
            session="1",
            listener="pop3",
            tls=TLS,
            reason="quit",
            octets_in=3,
            octets_out=40,
            seconds=1.5,
        ),
    )
    assert sessions.now() == {("pop3", "none"): 0}  # a listener that was there does not vanish from the graph
    assert sessions.ended.values == {("pop3", "TLSv1.3", "quit"): 1}
    assert sessions.octets.values == {("pop3", "in"): 3, ("pop3", "out"): 40}
    assert sessions.seconds.values == {("pop3",): 1.5}


def test_ends_without_a_beginning_do_no_harm() -> None:
    sessions = told(
        a(facts.Secured, session="1", tls=TLS),
        a(facts.Disconnected, session="1", listener="smtp", reason="lost"),
    )
    assert sessions.now() == {} and sessions.secured.values == {}
    assert sessions.ended.values == {("smtp", "none", "lost"): 1}


def test_sessions_whose_end_is_not_told_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OPEN", 3)
    sessions = told(*(a(facts.Connected, session=str(number), listener="smtp") for number in range(5)))
    assert sessions.now() == {("smtp", "none"): 3}


def test_logins() -> None:
    sessions = told(
        a(facts.LoggedIn, listener="pop3"),
        a(facts.LoginFailed, listener="pop3", user="alice"),
        a(facts.LoginFailed, listener="pop3", user="bob"),
        a(facts.LoginThrottled, listener="submission"),
        a(facts.LoginDeferred, listener="pop3"),
    )
    assert sessions.logins.values == {
        ("pop3", "right"): 1,
        ("pop3", "wrong"): 2,
        ("submission", "throttled"): 1,
        ("pop3", "deferred"): 1,
    }


def test_what_there_is_to_tell() -> None:
    sessions = told(a(facts.Connected, session="1", listener="smtp"))
    (gauge,) = [family for family in sessions.families if isinstance(family, Gauge)]
    assert gauge.read() == {("smtp", "none"): 1} and len(sessions.families) == 8
