"""The AUTH exchange (RFC 4954), from the command to the reply that ends it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from attrs import evolve
from twisted.cred.portal import Portal
from twisted.internet.defer import CancelledError, Deferred

from mailgate.facts import Failed, LoggedIn, LoginDeferred, LoginFailed, LoginThrottled, Unavailable
from mailgate.interfaces import IThrottle
from mailgate.mail import Refused, Reply, Session
from mailgate.reporting import VisitReport
from mailgate.smtp import events
from mailgate.smtp.authentication import (
    AGAIN,
    CANCELLED,
    NOT_HERE,
    THROTTLED,
    TLS_FIRST,
    TOO_LONG,
    UNAVAILABLE,
    WELCOME,
    WRONG,
    Exchange,
    Login,
)
from tests.limits.support import Refusing, Slow
from tests.smtp.support import ALICE, PASSWORD, Checker, Realm, base64_of, submission
from tests.support import Facts, logged, outcome_of, result_of, started


class Bench:
    """One exchange."""

    def __init__(self, throttle: IThrottle | None = None) -> None:
        self.checker, self.realm, self.facts = Checker(), Realm(), Facts()
        session = Session("visit", "submission", "192.0.2.1")
        portal, report = Portal(self.realm, [self.checker]), VisitReport(self.facts, lambda: "id")
        self.exchange = Exchange(portal, session, report, throttle)

    def auth(self, mechanism: str, initial: bytes | None = None) -> Reply:
        return self._reply(started(self.exchange.begin(events.Auth(mechanism, initial))))

    def respond(self, line: bytes | None) -> Reply:
        return self._reply(started(self.exchange.go_on(events.Response(line))))

    def _reply(self, answer: Deferred[Reply]) -> Reply:
        try:
            return outcome_of(answer)
        except Refused as refusal:
            assert self.exchange.submitter is None
            return refusal.reply


RIGHT = base64_of(f"\0alice\0{PASSWORD}")


def test_plain_with_an_initial_response() -> None:
    bench = Bench()
    assert bench.auth("PLAIN", RIGHT) == WELCOME
    assert bench.exchange.submitter is not None
    assert bench.exchange.submitter.user == ALICE
    fact = bench.facts.one(LoggedIn)
    assert (fact.user, fact.session, fact.listener, fact.client) == (ALICE, "visit", "submission", "192.0.2.1")
    bench.exchange.logout()
    assert bench.realm.logged_out == [ALICE]


def test_plain_without() -> None:
    bench = Bench()
    assert bench.auth("PLAIN") == Reply(334, "", "")
    assert bench.respond(RIGHT) == WELCOME


def test_login_without_an_initial_response() -> None:
    bench = Bench()
    assert bench.auth("LOGIN") == Reply(334, "", "VXNlcm5hbWU6")
    assert bench.respond(base64_of("alice")) == Reply(334, "", "UGFzc3dvcmQ6")
    assert bench.respond(base64_of(PASSWORD)) == WELCOME


def test_login_with_the_user_in_the_command() -> None:
    bench = Bench()
    assert bench.auth("LOGIN", base64_of("alice")) == Reply(334, "", "UGFzc3dvcmQ6")
    assert bench.respond(base64_of(PASSWORD)) == WELCOME


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_client_may_think_better_of_it(mechanism: str) -> None:
    bench = Bench()
    assert bench.auth(mechanism).code == 334
    assert bench.respond(b"*") == CANCELLED
    assert (CANCELLED.code, CANCELLED.status) == (501, "5.5.2")
    assert bench.facts.told == []


@pytest.mark.parametrize("line", [b"!", b"YQ", b" *", b"**", base64_of("no zeros"), b"/w==", b"", base64_of("\0a\0")])
@pytest.mark.parametrize("initial", [False, True])
def test_a_response_that_is_none(line: bytes, initial: bool) -> None:
    bench = Bench()
    if initial:
        reply = bench.auth("PLAIN", line or b"=")
    else:
        bench.auth("PLAIN")
        reply = bench.respond(line)
    assert (reply.code, reply.status) == (501, "5.5.2")
    assert bench.checker.asked == []


def test_a_response_that_is_too_long() -> None:
    bench = Bench()
    bench.auth("LOGIN")
    assert bench.respond(None) == TOO_LONG
    assert (TOO_LONG.code, TOO_LONG.status) == (500, "5.5.6")


def test_a_mechanism_that_is_not_offered() -> None:
    reply = Bench().auth("CRAM-MD5")
    assert (reply.code, reply.status) == (504, "5.5.4")
    assert "PLAIN, LOGIN" in reply.text


@pytest.mark.parametrize(
    ("said", "user", "reason"),
    [
        ("\0alice\0wrong", "alice", "wrong password"),
        ("\0nobody\0wrong", "nobody", "wrong password"),
        (f"\0denied\0{PASSWORD}", "denied", "the realm does not want this account"),
        (f"bob\0alice\0{PASSWORD}", "alice", "wants to act for somebody else"),
    ],
)
def test_wrong_whatever_is_wrong(said: str, user: str, reason: str) -> None:
    bench = Bench()
    assert bench.auth("PLAIN", base64_of(said)) == WRONG
    assert (WRONG.code, WRONG.status) == (535, "5.7.8")
    fact = bench.facts.one(LoginFailed)
    assert (fact.user, fact.reason) == (user, reason)


def test_to_act_for_oneself_is_nothing_special() -> None:
    assert Bench().auth("PLAIN", base64_of(f"alice\0alice\0{PASSWORD}")) == WELCOME


def test_a_checker_may_refuse_in_its_own_words() -> None:
    assert Bench().auth("PLAIN", base64_of("\0throttled\0x")).code == 421


def test_what_cannot_be_found_out_now_is_not_wrong() -> None:
    bench = Bench()
    assert bench.auth("PLAIN", base64_of("\0unreadable\0x")) == UNAVAILABLE
    assert (UNAVAILABLE.code, UNAVAILABLE.status) == (454, "4.7.0")
    assert [type(fact) for fact in bench.facts.told] == [Unavailable, LoginDeferred]
    assert bench.facts.one(Unavailable).reason == "the accounts cannot be read"


@pytest.mark.parametrize("user", ["bug", "misfit"])
def test_what_is_unexpected_goes_to_the_session(user: str) -> None:
    bench = Bench()
    with pytest.raises((RuntimeError, TypeError)):
        result_of(bench.exchange.begin(events.Auth("PLAIN", base64_of(f"\0{user}\0x"))))
    assert bench.exchange.submitter is None
    assert bench.facts.told == []


def test_a_password_may_take_its_time() -> None:
    bench = Bench()
    gate: Deferred[None] = Deferred()
    bench.checker.gate = gate
    answer = started(bench.exchange.begin(events.Auth("PLAIN", RIGHT)))
    assert not answer.called and bench.exchange.submitter is None
    gate.callback(None)
    assert outcome_of(answer) == WELCOME


# The throttle.


def test_the_throttle_is_asked_first_and_told_what_came_of_it() -> None:
    throttle = Slow()
    bench = Bench(throttle)
    throttle.gate = Deferred()
    answer = started(bench.exchange.begin(events.Auth("PLAIN", RIGHT)))
    assert throttle.asked == [("192.0.2.1", "alice", PASSWORD.encode())]
    assert bench.checker.asked == []
    throttle.gate.callback(None)
    assert outcome_of(answer) == WELCOME
    assert throttle.attempt.told == ["right"]


def test_a_wrong_password_is_told_to_the_throttle() -> None:
    throttle = Slow()
    assert Bench(throttle).auth("PLAIN", base64_of("\0alice\0wrong")) == WRONG
    assert throttle.attempt.told == ["wrong"]


def test_what_the_throttle_refuses_nobody_looks_at() -> None:
    bench = Bench(Refusing())
    assert bench.auth("PLAIN", RIGHT) is THROTTLED
    assert (THROTTLED.code, THROTTLED.status) == (454, "4.7.0")  # RFC 4954 6
    assert bench.checker.asked == []
    fact = bench.facts.one(LoginThrottled)
    assert (fact.user, fact.reason) == ("alice", "10 wrong passwords for the account")


def test_who_acts_for_somebody_else_asks_no_throttle() -> None:
    throttle = Slow()
    assert Bench(throttle).auth("PLAIN", base64_of(f"bob\0alice\0{PASSWORD}")) == WRONG
    assert throttle.asked == []


def given_up(bench: Bench, said: str) -> Deferred[None]:
    """The client goes while its password is looked at; gives the gate that the checker waits at."""
    gate: Deferred[None] = Deferred()
    bench.checker.gate = gate
    answer = started(bench.exchange.begin(events.Auth("PLAIN", base64_of(said))))
    answer.cancel()
    with pytest.raises(CancelledError):
        outcome_of(answer)
    return gate


def test_who_goes_while_it_is_looked_at_is_counted_and_logged_out() -> None:
    throttle = Slow()
    bench = Bench(throttle)
    given_up(bench, f"\0alice\0{PASSWORD}").callback(None)
    assert throttle.attempt.told == ["right"]
    assert bench.realm.logged_out == [ALICE]
    given_up(bench, "\0alice\0wrong").callback(None)
    assert throttle.attempt.told == ["right", "wrong"]
    assert bench.facts.told == []


@pytest.mark.parametrize(("user", "told"), [("bug", ["a late login"]), ("unreadable", []), ("throttled", [])])
def test_a_late_failure_is_told_if_nobody_expected_it(user: str, told: list[str]) -> None:
    bench = Bench()
    with logged():
        given_up(bench, f"\0{user}\0x").callback(None)
    assert [fact.where for fact in bench.facts.of(Failed)] == told


# The login of a session: who may begin an exchange, and what it leaves.


class Desk:
    """One session's login."""

    def __init__(self, *, portal: bool = True, **settings: Any) -> None:
        self.checker, self.realm, self.facts = Checker(), Realm(), Facts()
        self.session = Session("visit", "submission", "192.0.2.1")
        self.login = Login(
            Portal(self.realm, [self.checker]) if portal else None,
            submission(**settings),
            VisitReport(self.facts, lambda: "id"),
        )

    def begin(self, initial: bytes | None = RIGHT, mechanism: str = "PLAIN", tls: str = "") -> Reply:
        return self._reply(self.login.begin(events.Auth(mechanism, initial), evolve(self.session, tls=tls)))

    def go_on(self, line: bytes) -> Reply:
        return self._reply(self.login.go_on(events.Response(line)))

    def _reply(self, answer: Awaitable[Reply]) -> Reply:
        try:
            return result_of(answer)
        except Refused as refusal:
            return refusal.reply


def test_a_login() -> None:
    desk = Desk()
    assert desk.begin() == WELCOME
    assert desk.login.submitter is not None and desk.login.submitter.user == ALICE
    assert desk.begin() == AGAIN  # RFC 4954 4
    desk.login.log_out(desk.session)
    desk.login.log_out(desk.session)
    assert desk.realm.logged_out == [ALICE]
    assert desk.login.submitter is None
    assert desk.begin() == WELCOME


def test_a_login_that_takes_more_lines() -> None:
    desk = Desk()
    assert desk.begin(None, "LOGIN").code == 334
    assert desk.go_on(base64_of("alice")).code == 334
    assert desk.login.submitter is None
    assert desk.go_on(base64_of(PASSWORD)) == WELCOME
    assert desk.login.submitter is not None


def test_a_wrong_login_leaves_nothing() -> None:
    desk = Desk()
    assert desk.begin(base64_of("\0alice\0wrong")) == WRONG
    assert desk.login.submitter is None
    assert desk.begin() == WELCOME


@pytest.mark.parametrize(
    ("settings", "tls", "reply"),
    [
        ({"portal": False}, "", NOT_HERE),
        ({"auth_required": False}, "TLSv1.3 X", NOT_HERE),
        ({"allow_plaintext": False}, "", TLS_FIRST),
        ({"allow_plaintext": False}, "TLSv1.3 X", WELCOME),
    ],
)
def test_where_passwords_are_taken(settings: dict[str, Any], tls: str, reply: Reply) -> None:
    desk = Desk(**settings)
    assert desk.begin(tls=tls) == reply
    assert bool(desk.checker.asked) is (reply is WELCOME)


def test_a_logout_that_fails_is_told_and_over() -> None:
    desk = Desk()
    desk.begin()
    desk.realm.logout_error = RuntimeError("a bug")
    with logged() as log:
        desk.login.log_out(desk.session)
        desk.login.log_out(desk.session)
    assert len(log) == 1
    assert desk.facts.one(Failed).where == "smtp logout"
