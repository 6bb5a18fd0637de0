"""What every session tells of itself."""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.logger import LogLevel

from mailgate import facts
from mailgate.failures import InUse, StoreError
from mailgate.mail import Session
from mailgate.reporting import VisitReport
from tests.support import Facts, logged

CLIENT = Session("s1", "pop3", "192.0.2.1", 1234)
ALICE = evolve(CLIENT, user="alice@example.test", tls="TLSv1.3 X")


class Bench:
    def __init__(self) -> None:
        self.facts = Facts()
        self.report = VisitReport(self.facts, lambda: "e1")

    def told(self) -> facts.Fact:
        """The only fact, without what the bulletin adds."""
        (fact,) = self.facts.told
        return evolve(fact, at=0.0, node="")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_beginning(bench: Bench) -> None:
    bench.report.connected(CLIENT)
    assert bench.told() == facts.Connected(session="s1", listener="pop3", client="192.0.2.1", port=1234)


def test_tls(bench: Bench) -> None:
    bench.report.secured(ALICE)
    assert bench.told() == facts.Secured(session="s1", tls="TLSv1.3 X")


def test_the_end(bench: Bench) -> None:
    bench.report.ended(ALICE, "quit", 3, 11, 22, 0.5)
    assert bench.told() == facts.Disconnected(
        session="s1",
        listener="pop3",
        client="192.0.2.1",
        user="alice@example.test",
        helo="",
        tls="TLSv1.3 X",
        reason="quit",
        commands=3,
        octets_in=11,
        octets_out=22,
        seconds=0.5,
    )


def test_a_login(bench: Bench) -> None:
    bench.report.logged_in(ALICE)
    assert bench.told() == facts.LoggedIn(session="s1", listener="pop3", client="192.0.2.1", user="alice@example.test")


@pytest.mark.parametrize(("error", "reason"), [(ValueError("wrong"), "wrong"), (ValueError(), "ValueError")])
def test_a_wrong_login(bench: Bench, error: Exception, reason: str) -> None:
    bench.report.login_failed(CLIENT, "alice", error)
    assert bench.told() == facts.LoginFailed(
        session="s1", listener="pop3", client="192.0.2.1", user="alice", reason=reason
    )


def test_a_login_that_is_not_looked_at(bench: Bench) -> None:
    bench.report.login_throttled(CLIENT, "x" * 1_000, ValueError("too many"))
    assert bench.told() == facts.LoginThrottled(
        session="s1", listener="pop3", client="192.0.2.1", user="x" * 320, reason="too many"
    )


def test_a_login_at_a_bad_time(bench: Bench) -> None:
    bench.report.login_deferred(CLIENT, "alice", InUse("busy"))
    assert bench.told() == facts.LoginDeferred(
        session="s1", listener="pop3", client="192.0.2.1", user="alice", reason="busy"
    )


def test_what_an_administrator_has_to_see_to_has_no_traceback(bench: Bench) -> None:
    with logged() as events:
        bench.report.unavailable(CLIENT, "alice", "PASS", StoreError("no permission"))
    assert bench.told() == facts.Unavailable(session="s1", user="alice", where="PASS", reason="no permission")
    assert events == []  # the line is for the reader of facts to write


def test_the_unexpected_has_an_id_and_a_traceback(bench: Bench) -> None:
    with logged() as events:
        assert bench.report.failed(CLIENT, "RETR", KeyError("x")) == "e1"
    assert bench.told() == facts.Failed(error="e1", session="s1", where="RETR", reason="KeyError: 'x'")
    (event,) = events
    assert (event["log_namespace"], event["log_level"], event["error"]) == ("mailgate.session", LogLevel.critical, "e1")
    assert event["log_failure"].check(KeyError)
