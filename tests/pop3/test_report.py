"""What a POP3 session tells of itself."""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.logger import LogLevel

from mailgate import facts
from mailgate.interfaces import InUse, NotRemoved, StoreError
from mailgate.mail import Session
from mailgate.pop3.report import SessionReport
from tests.pop3.support import entry
from tests.support import Facts, logged

CLIENT = Session("s1", "pop3", "192.0.2.1", 1234)
ALICE = evolve(CLIENT, user="alice@example.test", tls="TLSv1.3 X")


class Bench:
    def __init__(self) -> None:
        self.facts = Facts()
        self.report = SessionReport(self.facts, lambda: "e1")

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


def test_a_login_at_a_bad_time(bench: Bench) -> None:
    bench.report.login_deferred(CLIENT, "alice", InUse("busy"))
    assert bench.told() == facts.LoginDeferred(
        session="s1", listener="pop3", client="192.0.2.1", user="alice", reason="busy"
    )


def test_messages(bench: Bench) -> None:
    bench.report.fetched(ALICE, entry("u1"))
    bench.report.deleted(ALICE, entry("u2"))
    bench.report.not_deleted(ALICE, [entry("u3"), entry("u4")], NotRemoved("read-only", []))
    user = "alice@example.test"
    assert [evolve(fact, at=0.0, node="") for fact in bench.facts.told] == [
        facts.Fetched(session="s1", user=user, message="id-u1", uid="u1", octets=10),
        facts.Deleted(session="s1", user=user, message="id-u2", uid="u2"),
        facts.NotDeleted(session="s1", user=user, uids=("u3", "u4"), reason="read-only"),
    ]


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
    assert (event["log_namespace"], event["log_level"], event["error"]) == ("mailgate.pop3", LogLevel.critical, "e1")
    assert event["log_failure"].check(KeyError)
