"""POP3's decisions: login, TLS, errors, ends. No transport."""

from __future__ import annotations

import base64

import pytest
from attrs import evolve
from twisted.cred.error import LoginDenied, UnauthorizedLogin
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import capturedLogs, eventAsText

from mailgate import facts
from mailgate.failures import InUse, LockLost, NotRemoved, StoreError, TooSoon, Unrepaired
from mailgate.mail import Session
from mailgate.pop3 import events
from mailgate.pop3.reply import Reply, negative
from mailgate.pop3.session import POP3Session
from mailgate.rules import Promise, Retention, Rules
from mailgate.tally import Tally
from tests.limits.support import Refusing
from tests.pop3.support import PERSONALITY, UNIX_TIME, House, gather, house
from tests.support import logged, result_of, started

MESSAGE = b"A: b\n\none\n"
PASSWORD = b"correct horse"


def say(place: House, event: events.Event) -> Reply:
    return result_of(place.session.answer(event))


def log_in(place: House, password: bytes = PASSWORD) -> Reply:
    assert say(place, events.User("alice")).ok
    return say(place, events.Pass(password))


def lost(place: House, work: Deferred[Reply]) -> bool:
    """The connection goes away while `work` is waited for."""
    place.session.lost()
    work.cancel()
    with pytest.raises(CancelledError):
        result_of(work)
    return True


# Greeting and CAPA.


def test_greets_and_tells() -> None:
    place = house()
    assert str(say(place, events.Connected())) == "+OK pop.example.test POP3 server ready"
    told = place.facts.one(facts.Connected)
    assert (told.session, told.listener, told.client, told.port) == ("s1", "pop3", "192.0.2.1", 1234)


def test_capa() -> None:
    lines = say(house(), events.Capa()).lines
    assert isinstance(lines, tuple)
    assert "IMPLEMENTATION mailgate test" in lines


def capa(place: House) -> tuple[str, ...]:
    lines = say(place, events.Capa()).lines
    assert isinstance(lines, tuple)
    return lines


def test_capa_promises_what_is_true_for_all_and_then_what_is_for_this_account() -> None:
    rules = Rules(retention=Retention(days=30), login_delay_seconds=60)
    place = house(promise=Promise.of([rules, Rules(retention=Retention(days=5), login_delay_seconds=900)]))
    place.maildrop.rules = rules
    assert {"EXPIRE 5 USER", "LOGIN-DELAY 900 USER"} < set(capa(place))
    log_in(place)
    assert {"EXPIRE 30", "LOGIN-DELAY 60"} < set(capa(place))


def test_accounts_that_cannot_be_read_have_nothing_to_promise() -> None:
    def promise() -> Promise:
        raise StoreError("unreadable")

    place = house()
    object.__setattr__(place.surroundings, "promise", promise)
    assert say(place, events.Capa()).code == "SYS/TEMP"


# UTF8 (RFC 6856 section 2).

INTERNATIONAL = "Subject: grüße\n\nzwölf\n".encode()


def fetched(place: House) -> bytes:
    content = say(place, events.Retr(1)).content
    assert content is not None
    return result_of(gather(content))


def test_utf8_brings_messages_as_they_are() -> None:
    place, other = house(INTERNATIONAL), house(INTERNATIONAL)
    place.maildrop.international = other.maildrop.international = {1}
    assert str(say(place, events.Utf8())) == "+OK UTF-8 mode is on"
    assert say(place, events.Utf8()).ok
    log_in(place)
    log_in(other)
    assert fetched(place) == INTERNATIONAL
    assert fetched(other).partition(b"\n\n")[0].isascii()
    assert say(place, events.Stat()) != say(other, events.Stat())


def test_stls_is_refused_after_utf8() -> None:
    place = house(personality=evolve(PERSONALITY, tls_available=True))
    assert "STLS" in capa(place)
    say(place, events.Utf8())
    assert str(say(place, events.Stls())) == "-ERR STLS comes before UTF8"
    assert "STLS" not in capa(place)


def test_where_there_is_no_tls_utf8_is_not_to_blame() -> None:
    place = house()
    say(place, events.Utf8())
    assert str(say(place, events.Stls())) == "-ERR no TLS to begin here"


def test_utf8_is_forgotten_with_tls() -> None:
    place = house(INTERNATIONAL)
    place.maildrop.international = {1}
    say(place, events.Utf8())
    place.session.secured("TLSv1.3 X")
    log_in(place)
    assert fetched(place) != INTERNATIONAL


def test_a_connection_lost_while_surrogates_are_measured_releases_the_lock() -> None:
    place = house(INTERNATIONAL)
    place.maildrop.international = {1}
    place.maildrop.waits["read"] = Deferred()
    say(place, events.User("alice"))
    assert lost(place, started(place.session.answer(events.Pass(PASSWORD))))
    place.session.ended("lost", 0, 0)
    assert (place.maildrop.opened, place.maildrop.released) == (1, 1)
    assert not place.facts.of(facts.Unavailable) and not place.facts.of(facts.Failed)


# TLS.


def test_stls_where_there_is_tls() -> None:
    assert str(say(house(), events.Stls())).startswith("-ERR")
    place = house(personality=evolve(PERSONALITY, tls_available=True))
    assert say(place, events.Stls()).ok
    place.session.secured("TLSv1.3 X")
    assert not say(place, events.Stls()).ok  # RFC 2595 section 4: not inside TLS
    assert [(fact.session, fact.tls) for fact in place.facts.of(facts.Secured)] == [("s1", "TLSv1.3 X")]


def test_no_password_in_clear_unless_allowed() -> None:
    place = house(personality=evolve(PERSONALITY, allow_plaintext=False))
    assert str(say(place, events.User("alice"))) == "-ERR no password in clear: begin TLS first"
    assert str(say(place, events.Pass(PASSWORD))) == "-ERR no password in clear: begin TLS first"
    assert place.checker.asked == []
    place.session.secured("TLSv1.3 X")
    assert log_in(place).ok


# The login.


def test_logs_in_and_describes_the_maildrop() -> None:
    place = house(MESSAGE)
    assert str(log_in(place)) == "+OK 1 message (13 octets)"
    assert place.checker.asked == [(b"alice", PASSWORD)]
    assert place.realm.minds == [Session(id="s1", listener="pop3", client="192.0.2.1", port=1234)]
    assert place.facts.one(facts.LoggedIn).user == "alice@example.test"  # the maildrop's name, not what was typed
    assert say(place, events.Stat()).ok


def test_a_name_goes_to_the_checker_in_utf8() -> None:
    place = house()
    say(place, events.User("jörg"))
    say(place, events.Pass(b"\xff"))
    assert place.checker.asked == [("jörg".encode(), b"\xff")]


def test_wrong_user_and_wrong_password_look_alike() -> None:
    place, other = house(), house()
    assert say(place, events.User("nobody")) == say(other, events.User("alice"))
    refusals = {str(say(place, events.Pass(PASSWORD))), str(say(other, events.Pass(b"wrong")))}
    assert refusals == {"-ERR [AUTH] wrong name or password"}  # RFC 3206 section 5


def test_a_refused_login_is_told_with_its_reason() -> None:
    place = house()
    log_in(place, b"wrong")
    assert [(fact.user, fact.reason) for fact in place.facts.of(facts.LoginFailed)] == [
        ("alice", "the password is wrong")
    ]
    assert "wrong" not in repr(events.Pass(b"wrong"))


@pytest.mark.parametrize("error", [LoginDenied("quota"), UnauthorizedLogin()])
def test_a_realm_may_refuse_too(error: Exception) -> None:
    place = house()
    place.realm.raises = error
    assert log_in(place).code == "AUTH"
    assert place.facts.of(facts.LoginFailed)[0].reason == (str(error) or "UnauthorizedLogin")


def test_in_use() -> None:
    place = house()
    place.realm.raises = InUse("session s0 has it")
    assert str(log_in(place)) == "-ERR [IN-USE] another session has the maildrop"
    told = place.facts.one(facts.LoginDeferred)
    assert (told.user, told.client, told.reason) == ("alice", "192.0.2.1", "session s0 has it")
    assert place.facts.of(facts.Unavailable) == []  # two devices are no trouble
    place.realm.raises = None
    assert log_in(place).ok  # RFC 1939 section 4: the client may start again


def test_login_delay() -> None:
    place = house()
    place.realm.raises = TooSoon("the last login was 3 seconds ago")
    assert str(log_in(place)) == "-ERR [LOGIN-DELAY] the last login was a moment ago, wait a little"
    told = place.facts.one(facts.LoginDeferred)
    assert (told.user, told.client, told.reason) == ("alice", "192.0.2.1", "the last login was 3 seconds ago")
    assert place.facts.of(facts.Unavailable) == []
    place.realm.raises = None
    assert log_in(place).ok  # RFC 2449 section 8.1.1: later, perhaps in the same session


SLOW = Rules(login_delay_seconds=60)


def another_session(place: House) -> House:
    """Another client's, in the same house."""
    return evolve(place, session=POP3Session(place.surroundings, Session("s2", "pop3", "192.0.2.2", 1234)))


def test_the_delay_counts_from_the_last_login_and_what_is_refused_in_between_for_nothing() -> None:
    place = house()
    place.maildrop.rules = SLOW
    assert log_in(place).ok
    place.clock.advance(59.9)
    place = another_session(place)
    assert "[LOGIN-DELAY]" in str(log_in(place))  # RFC 2449 section 8.1.1
    assert place.facts.one(facts.LoginDeferred).reason == "not 60 seconds after the last login"
    assert place.maildrop.released == 1
    place.clock.advance(0.1)
    assert log_in(place).ok


def test_each_account_waits_for_itself() -> None:
    place = house()
    place.maildrop.rules = SLOW
    assert log_in(place).ok
    place = another_session(place)
    place.maildrop.name = "bob@example.test"
    assert log_in(place).ok


def test_who_was_gone_before_the_answer_has_not_logged_in() -> None:
    place = house()
    place.maildrop.rules = SLOW
    place.maildrop.waits["snapshot"] = Deferred()
    assert say(place, events.User("alice")).ok
    assert lost(place, started(place.session.answer(events.Pass(PASSWORD))))
    del place.maildrop.waits["snapshot"]
    assert log_in(another_session(place)).ok


def test_without_a_tally_nobody_waits() -> None:
    place = house()
    place.maildrop.rules = SLOW
    for _ in range(2):
        place = evolve(place, session=POP3Session(evolve(place.surroundings, tally=None), Session("s2", "pop3", "c")))
        assert log_in(place).ok


def test_a_tally_that_fails_gives_the_lock_back() -> None:
    class Broken(Tally):
        async def once(self, key: str, ttl: float) -> bool:
            raise OSError("away")

    place = house()
    place.maildrop.rules = SLOW
    broken = evolve(place.surroundings, tally=Broken())
    assert "[SYS/TEMP]" in str(log_in(evolve(place, session=POP3Session(broken, Session("s2", "pop3", "c")))))
    assert place.maildrop.released == 1


@pytest.mark.parametrize("error", [InUse("session s0 has it"), TooSoon("3 seconds ago")])
def test_who_knows_the_password_is_not_shown_out_however_often_it_cannot_be_now(error: Exception) -> None:
    place = house(personality=evolve(PERSONALITY, max_login_failures=1))
    place.realm.raises = error
    assert not any(log_in(place).close for _ in range(3))
    assert place.facts.of(facts.LoginFailed) == []


@pytest.mark.parametrize("culprit", ["checker", "realm", "maildrop"])
def test_a_store_or_accounts_that_cannot_be_used_are_temporary_and_one_sentence_in_the_log(culprit: str) -> None:
    place = house(personality=evolve(PERSONALITY, max_login_failures=1))
    error = StoreError("permission denied: see to it")
    if culprit == "maildrop":
        place.maildrop.raises["snapshot"] = error
    else:
        getattr(place, culprit).raises = error
    with logged() as lines:
        reply = log_in(place)
    assert str(reply) == "-ERR [SYS/TEMP] not possible just now, try again later"
    assert not reply.close  # it was no wrong password
    told = place.facts.one(facts.Unavailable)
    assert (told.user, told.where, told.reason) == ("alice", "PASS", "permission denied: see to it")
    deferred = place.facts.one(facts.LoginDeferred)
    assert (deferred.user, deferred.reason) == ("alice", "permission denied: see to it")
    assert not place.facts.of(facts.LoginFailed) and not place.facts.of(facts.Failed)
    assert lines == []  # no traceback


@pytest.mark.parametrize("culprit", ["realm", "maildrop"])
def test_what_somebody_has_to_repair_is_permanent(culprit: str) -> None:
    place = house()
    error = Unrepaired("permission denied: see to it")
    if culprit == "maildrop":
        place.maildrop.raises["snapshot"] = error
    else:
        place.realm.raises = error
    assert str(log_in(place)) == "-ERR [SYS/PERM] not possible until the administrator has seen to it"
    assert place.facts.one(facts.Unavailable).reason == "permission denied: see to it"
    assert place.facts.one(facts.LoginDeferred).reason == "permission denied: see to it"


@pytest.mark.parametrize(("method", "event"), [("read", events.Retr(1)), ("remove", events.Quit())])
def test_what_somebody_has_to_repair_is_permanent_after_the_login_too(method: str, event: events.Event) -> None:
    place = house(MESSAGE)
    log_in(place)
    if method == "remove":
        say(place, events.Dele(1))
    place.maildrop.raises[method] = Unrepaired("permission denied: see to it")
    reply = say(place, event)
    assert (reply.code, reply.close) == ("SYS/PERM", False)
    assert place.facts.one(facts.Unavailable).reason == "permission denied: see to it"


def test_the_lock_is_released_before_a_login_without_snapshot_is_refused() -> None:
    place = house()
    place.maildrop.raises["snapshot"] = StoreError("the disk is gone")
    assert log_in(place).code == "SYS/TEMP"
    assert (place.maildrop.opened, place.maildrop.released) == (1, 1)
    assert place.facts.of(facts.LoggedIn) == []
    del place.maildrop.raises["snapshot"]
    assert log_in(place).ok


def test_too_many_wrong_passwords_end_the_session() -> None:
    place = house(personality=evolve(PERSONALITY, max_login_failures=2))
    assert not log_in(place, b"wrong").close
    last = log_in(place, b"wrong")
    assert last.close
    assert last.code == "AUTH"
    place.session.ended("quit", 1, 2)
    assert place.facts.of(facts.Disconnected)[0].reason == "refused"


def test_a_login_that_is_refused_without_a_look_is_temporary_and_counts_for_the_session() -> None:
    place = house(personality=evolve(PERSONALITY, max_login_failures=2))
    throttled = evolve(place.surroundings, throttle=Refusing())
    place = evolve(place, session=POP3Session(throttled, Session("s2", "pop3", "192.0.2.2", 1234)))
    reply = log_in(place)
    assert (str(reply), reply.close) == ("-ERR [SYS/TEMP] too many wrong passwords, try again later", False)
    assert log_in(place).close
    assert place.checker.asked == []
    told = place.facts.of(facts.LoginThrottled)[0]
    assert (told.user, told.client, told.reason) == ("alice", "192.0.2.2", "10 wrong passwords for the account")
    assert place.facts.of(facts.LoginFailed) == []


# AUTH (RFC 5034).


def b64(text: str) -> bytes:
    return base64.b64encode(text.encode())


def plain(place: House, password: str = "correct horse", authorization: str = "") -> Reply:
    return say(place, events.Auth("PLAIN", b64(f"{authorization}\0alice\0{password}")))


def test_auth_logs_in_as_pass_does() -> None:
    place, other = house(MESSAGE), house(MESSAGE)
    assert plain(place) == log_in(other)
    assert place.checker.asked == other.checker.asked == [(b"alice", PASSWORD)]
    assert place.facts.one(facts.LoggedIn).user == "alice@example.test"
    assert say(place, events.Stat()).ok


def test_auth_by_steps() -> None:
    place = house()
    assert str(say(place, events.Auth("LOGIN"))) == "+ VXNlcm5hbWU6"
    assert str(say(place, events.Response(b64("alice")))) == "+ UGFzc3dvcmQ6"
    assert str(say(place, events.Response(b64("correct horse")))) == "+OK 0 messages (0 octets)"


def test_a_wrong_password_of_auth_looks_and_counts_as_one_of_pass() -> None:
    place = house(personality=evolve(PERSONALITY, max_login_failures=3))
    assert plain(place, "wrong") == log_in(place, b"wrong")
    assert plain(place, "wrong").close
    assert [fact.user for fact in place.facts.of(facts.LoginFailed)] == ["alice"] * 3


@pytest.mark.parametrize("authorization", ["bob", "alice@example.test", "ALICE"])
def test_who_wants_to_act_for_somebody_else_is_refused_and_learns_nothing(authorization: str) -> None:
    place = house()
    assert plain(place, authorization=authorization) == plain(place, "wrong")
    assert place.checker.asked == [(b"alice", b"wrong")]
    assert place.facts.of(facts.LoginFailed)[0].reason == "wants to act for somebody else"


def test_who_acts_for_itself_says_so() -> None:
    assert plain(house(), authorization="alice").ok


def test_auth_finds_the_maildrop_in_use() -> None:
    place = house()
    place.realm.raises = InUse("session s0 has it")
    assert plain(place).code == "IN-USE"
    assert place.facts.one(facts.LoginDeferred).user == "alice"


def test_auth_where_the_accounts_cannot_be_read() -> None:
    place = house()
    place.checker.raises = StoreError("unreadable")
    say(place, events.Auth("PLAIN"))
    assert say(place, events.Response(b64("\0alice\0correct horse"))).code == "SYS/TEMP"
    told = place.facts.one(facts.Unavailable)
    assert (told.user, told.where) == ("alice", "AUTH")


def test_no_auth_in_clear_unless_allowed() -> None:
    place = house(personality=evolve(PERSONALITY, allow_plaintext=False))
    assert str(plain(place)) == "-ERR no password in clear: begin TLS first"
    assert str(say(place, events.Mechanisms())) == "-ERR no password in clear: begin TLS first"
    assert str(say(place, events.Auth("X"))) == "-ERR no password in clear: begin TLS first"
    assert place.checker.asked == []
    place.session.secured("TLSv1.3 X")
    assert say(place, events.Mechanisms()).ok
    assert plain(place).ok


def test_auth_alone_tells_the_mechanisms() -> None:
    assert say(house(), events.Mechanisms()).lines == ("PLAIN", "LOGIN")


def test_what_is_no_exchange_counts_as_an_error() -> None:
    place = house(personality=evolve(PERSONALITY, max_errors=4))
    assert str(say(place, events.Auth("X"))) == "-ERR mechanism not offered"
    assert str(say(place, events.Auth("PLAIN", b"?"))) == "-ERR the response is not base64"
    say(place, events.Auth("PLAIN"))
    assert str(say(place, events.Response(b"*"))) == "-ERR authentication cancelled"
    say(place, events.Auth("PLAIN"))
    last = say(place, events.Response(None))
    assert last.close
    assert str(last) == "-ERR the response is longer than 12288 octets"
    assert place.facts.of(facts.LoginFailed) == []


# LANG (RFC 6856 section 3).


def test_lang_alone_tells_the_languages() -> None:
    reply = say(house(), events.Lang())
    assert reply.ok
    assert reply.lines == ("en English", "de Deutsch")


def test_lang_changes_what_is_said_from_its_own_reply_on() -> None:
    place = house(MESSAGE)
    assert str(say(place, events.Lang("de-AT"))) == "+OK de Sprache gewechselt"
    assert str(log_in(place)) == "+OK 1 Nachricht (13 Oktette)"
    assert str(say(place, events.Retr(2))) == "-ERR diese Nachricht gibt es nicht"
    assert str(say(place, events.Fault(negative("unknown command")))) == "-ERR unbekannter Befehl"
    place.maildrop.raises["read"] = OSError("broken")
    assert str(say(place, events.Retr(1))) == "-ERR [SYS/TEMP] interner Fehler, Kennung id1"
    assert str(place.session.farewell("stopped")) == "-ERR [SYS/TEMP] der Server wird angehalten"
    assert str(say(place, events.Lang("EN"))) == "+OK en language changed"
    assert str(say(place, events.Retr(2))) == "-ERR no such message"


def test_an_unknown_language_changes_nothing() -> None:
    place = house()
    assert str(say(place, events.Lang("tlh"))) == "-ERR no such language"
    say(place, events.Lang("de"))
    assert str(say(place, events.Lang("tlh"))) == "-ERR diese Sprache gibt es hier nicht"


def test_an_asterisk_is_the_listeners_language_whoever_has_logged_in() -> None:
    assert str(say(house(), events.Lang("*"))) == "+OK en language changed"
    place = house(personality=evolve(PERSONALITY, language="de"))
    assert str(say(place, events.Connected())) == "+OK pop.example.test POP3 server ready"  # not before LANG
    assert str(say(place, events.Lang("*"))) == "+OK de Sprache gewechselt"


def test_a_language_that_was_asked_for_in_clear_is_forgotten_with_tls() -> None:
    place = house(personality=evolve(PERSONALITY, tls_available=True))
    say(place, events.Lang("de"))
    assert str(say(place, events.Stls())) == "+OK TLS kann beginnen"
    place.session.secured("TLSv1.3 X")
    assert str(say(place, events.Stls())) == "-ERR no TLS to begin here"


# A connection that goes away during the login.


def test_a_login_that_completes_too_late_is_logged_out_at_once() -> None:
    place = house()
    place.realm.wait = Deferred()
    say(place, events.User("alice"))
    assert lost(place, started(place.session.answer(events.Pass(PASSWORD))))
    place.session.ended("lost", 0, 0)
    assert (place.maildrop.opened, place.maildrop.released) == (0, 0)
    place.realm.wait.callback(None)
    assert (place.maildrop.opened, place.maildrop.released) == (1, 1)
    assert not place.facts.of(facts.LoggedIn) and not place.facts.of(facts.Failed)


def test_a_late_logout_that_fails_is_told() -> None:
    place = house()
    place.realm.wait = Deferred()
    place.maildrop.release = lambda: 1 / 0  # type: ignore[assignment, method-assign]
    say(place, events.User("alice"))
    assert lost(place, started(place.session.answer(events.Pass(PASSWORD))))
    place.realm.wait.callback(None)
    assert place.facts.one(facts.Failed).where == "a late login"


def test_a_checker_that_answers_too_late_leaves_no_lock() -> None:
    place = house()
    place.checker.wait = Deferred()
    say(place, events.User("alice"))
    assert lost(place, started(place.session.answer(events.Pass(PASSWORD))))
    place.session.ended("lost", 0, 0)
    place.checker.wait.callback(None)
    assert place.maildrop.opened == place.maildrop.released == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [(UnauthorizedLogin("no"), 0), (InUse("no"), 0), (StoreError("no"), 0), (CancelledError(), 0), (OSError("no"), 1)],
)
def test_a_late_login_that_fails_is_told_only_if_nobody_expected_it(error: Exception, told: int) -> None:
    place = house()
    place.realm.wait = Deferred()
    place.realm.raises = error
    say(place, events.User("alice"))
    assert lost(place, started(place.session.answer(events.Pass(PASSWORD))))
    place.realm.wait.callback(None)
    assert len(place.facts.of(facts.Failed)) == told
    assert place.maildrop.opened == place.maildrop.released == 0


def test_a_connection_lost_during_the_snapshot_releases_the_lock() -> None:
    place = house()
    place.maildrop.waits["snapshot"] = Deferred()
    say(place, events.User("alice"))
    assert lost(place, started(place.session.answer(events.Pass(PASSWORD))))
    place.session.ended("lost", 0, 0)
    assert (place.maildrop.opened, place.maildrop.released) == (1, 1)


# QUIT and other ends.


def test_quit_before_the_login() -> None:
    assert str(say(house(), events.Quit())) == "+OK pop.example.test POP3 server signing off"


def test_quit_removes_and_releases() -> None:
    place = house(MESSAGE, MESSAGE)
    log_in(place)
    say(place, events.Dele(1))
    assert say(place, events.Quit()).ok
    assert list(place.maildrop.messages) == [2]
    assert place.maildrop.released == 1
    place.session.ended("quit", 0, 0)
    assert place.maildrop.released == 1


def test_quit_is_an_error_if_something_remains() -> None:
    place = house(MESSAGE)
    log_in(place)
    entries = result_of(place.maildrop.snapshot()).entries
    say(place, events.Dele(1))
    place.maildrop.raises["remove"] = NotRemoved("read-only", entries)
    assert str(say(place, events.Quit())) == "-ERR [SYS/TEMP] 1 message not removed"  # RFC 1939 section 6
    assert place.maildrop.released == 1


def test_quit_counts_what_remains() -> None:
    place = house(MESSAGE, MESSAGE)
    log_in(place)
    entries = result_of(place.maildrop.snapshot()).entries
    say(place, events.Dele(1))
    say(place, events.Dele(2))
    place.maildrop.raises["remove"] = NotRemoved("read-only", entries)
    assert str(say(place, events.Quit())) == "-ERR [SYS/TEMP] 2 messages not removed"


def test_quit_releases_whatever_the_removal_raises() -> None:
    place = house(MESSAGE)
    log_in(place)
    say(place, events.Dele(1))
    place.maildrop.raises["remove"] = OSError("broken")
    assert say(place, events.Quit()).code == "SYS/TEMP"
    assert place.maildrop.released == 1
    assert place.facts.of(facts.Deleted) == []


def test_a_connection_lost_during_the_removal_lets_it_finish() -> None:
    place = house(MESSAGE)
    log_in(place)
    say(place, events.Dele(1))
    place.maildrop.waits["remove"] = Deferred()
    work = started(place.session.answer(events.Quit()))
    place.session.lost()
    work.cancel()
    assert place.maildrop.released == 0
    place.maildrop.waits["remove"].callback(None)
    assert result_of(work).ok
    assert (place.maildrop.messages, place.maildrop.released) == ({}, 1)
    assert [fact.uid for fact in place.facts.of(facts.Deleted)] == ["uid-1"]


def test_what_was_fetched_is_remembered_before_the_release_however_the_connection_ends() -> None:
    place = house(MESSAGE)
    place.maildrop.rules = Rules(retention=Retention(fetched_days=7))
    log_in(place)
    place.clock.advance(5)
    fetched(place)
    place.maildrop.waits["remember"] = Deferred()
    work = started(place.session.answer(events.Quit()))
    place.session.lost()
    work.cancel()
    assert (place.maildrop.remembered, place.maildrop.released) == (0, 0)
    place.maildrop.waits["remember"].callback(None)
    assert result_of(work).ok
    assert (place.maildrop.remembered, place.maildrop.released) == (1, 1)
    assert place.maildrop.fetches == {"uid-1": int(UNIX_TIME + 5)}


def test_the_last_fact_says_what_became_of_the_messages() -> None:
    place = house(MESSAGE, MESSAGE, MESSAGE)
    log_in(place)
    say(place, events.List(1))
    say(place, events.Uidl(2))
    fetched(place)
    top = say(place, events.Top(2, 0)).content
    assert top is not None
    result_of(gather(top))
    say(place, events.Dele(1))
    say(place, events.Quit())
    place.session.ended("quit", 11, 22)
    told = place.facts.told[-1]
    assert isinstance(told, facts.MaildropClosed)
    assert (told.user, told.reason, told.commands, told.tls) == ("alice@example.test", "quit", 8, "")
    assert (told.messages, told.listed, told.deleted) == (3, 2, 1)
    assert (told.fetched, told.fetched_octets, told.tops) == (1, 13, 1)


def test_where_nobody_logged_in_no_maildrop_was_closed() -> None:
    place = house(MESSAGE)
    log_in(place, b"wrong")
    place.session.ended("lost", 11, 22)
    assert type(place.facts.told[-1]) is facts.Disconnected


@pytest.mark.parametrize("reason", ["lost", "time-out", "stopped"])
def test_without_quit_nothing_is_removed(reason: str) -> None:
    place = house(MESSAGE)
    log_in(place)
    say(place, events.Dele(1))
    place.clock.advance(3)
    place.session.ended(reason, 11, 22)
    assert place.maildrop.removals == 0
    assert place.maildrop.released == 1
    told = place.facts.told[-1]
    assert isinstance(told, facts.Disconnected)
    assert (told.user, told.reason, told.commands) == ("alice@example.test", reason, 3)
    assert (told.octets_in, told.octets_out, told.seconds) == (11, 22, 3.0)


def test_a_message_that_was_about_to_be_sent_is_closed_at_the_end() -> None:
    place = house(MESSAGE)
    log_in(place)
    say(place, events.Retr(1))
    place.session.ended("lost", 0, 0)
    assert place.maildrop.contents[0].closed


def test_a_logout_that_fails_is_told_and_does_no_harm() -> None:
    place = house()

    def broken() -> None:
        raise OSError("broken")

    place.maildrop.release = broken  # type: ignore[method-assign]
    log_in(place)
    place.session.ended("lost", 0, 0)
    assert [fact.where for fact in place.facts.of(facts.Failed)] == ["logout"]
    assert place.facts.of(facts.Disconnected)


def test_farewells() -> None:
    session = house().session
    assert session.farewell("time-out") is None  # RFC 1939 section 3
    assert str(session.farewell("stopped")) == "-ERR [SYS/TEMP] the server is stopping"
    assert session.at_rest


# Time.


def test_the_time_for_the_login_runs_from_the_beginning() -> None:
    place = house()
    assert place.session.seconds_left(0.0) == 60
    place.clock.advance(45)
    say(place, events.Capa())
    assert place.session.seconds_left(0.0) == 15
    place.clock.advance(45)
    assert place.session.seconds_left(0.0) == 0


def test_after_the_login_the_peer_may_be_silent_for_ten_minutes() -> None:
    place = house()
    place.clock.advance(45)
    log_in(place)
    assert place.session.seconds_left(0.0) == 600


# What nobody expected.


def test_the_unexpected_is_answered_in_one_place() -> None:
    place = house(MESSAGE)
    log_in(place)
    place.maildrop.raises["read"] = ZeroDivisionError("secret detail")
    assert str(say(place, events.Retr(1))) == "-ERR [SYS/TEMP] internal error, id id1"
    assert [(fact.error, fact.session, fact.where, fact.reason) for fact in place.facts.of(facts.Failed)] == [
        ("id1", "s1", "RETR", "ZeroDivisionError: secret detail")
    ]
    del place.maildrop.raises["read"]
    assert say(place, events.Retr(1)).ok  # the session goes on


@pytest.mark.parametrize("culprit", ["checker", "realm"])
def test_a_portal_that_cancels_itself_is_unexpected(culprit: str) -> None:
    place = house()
    getattr(place, culprit).raises = CancelledError()
    assert str(log_in(place)) == "-ERR [SYS/TEMP] internal error, id id1"
    assert (place.facts.one(facts.Failed).where, place.maildrop.opened) == ("PASS", 0)
    getattr(place, culprit).raises = None
    assert log_in(place).ok


def test_a_snapshot_that_cancels_itself_is_unexpected_and_releases_the_lock() -> None:
    place = house()
    place.maildrop.raises["snapshot"] = CancelledError()
    assert log_in(place).code == "SYS/TEMP"
    assert place.maildrop.opened == place.maildrop.released == 1


def test_a_command_that_the_store_refuses_is_told_without_a_traceback() -> None:
    place = house(MESSAGE)
    log_in(place)
    place.maildrop.raises["read"] = StoreError("too many files open")
    with logged() as lines:
        assert str(say(place, events.Retr(1))) == "-ERR [SYS/TEMP] not possible just now, try again later"
    told = place.facts.one(facts.Unavailable)
    assert (told.user, told.where, told.reason) == ("alice@example.test", "RETR", "too many files open")
    assert not lines and not place.facts.of(facts.LoginDeferred)
    del place.maildrop.raises["read"]
    assert say(place, events.Retr(1)).ok  # the session goes on


def test_the_log_has_the_traceback_under_the_id_and_no_password() -> None:
    place = house()
    place.realm.raises = ZeroDivisionError("oops")
    with capturedLogs() as events_:
        log_in(place)
    (event,) = (event for event in events_ if event["log_namespace"] == "mailgate.session")
    text = eventAsText(event)
    assert "error id1 in PASS" in text
    assert "ZeroDivisionError: oops" in text
    assert PASSWORD.decode() not in text + repr(events_) + repr(place.facts.told)


def test_a_lost_lock_ends_the_session() -> None:
    place = house(MESSAGE)
    log_in(place)
    say(place, events.Dele(1))
    place.maildrop.raises["snapshot"] = place.maildrop.raises["read"] = LockLost("the lease ran out")
    say(place, events.Rset())
    reply = say(place, events.Retr(1))
    assert reply.close
    assert reply.code == "SYS/TEMP"
    assert place.facts.one(facts.Unavailable).reason == "the lease ran out"


def test_a_command_that_the_machine_should_have_held_back_is_unexpected() -> None:
    place = house()
    assert say(place, events.Stat()).code == "SYS/TEMP"
    assert place.facts.of(facts.Failed)


def test_the_cancellation_of_a_lost_connection_is_passed_on() -> None:
    place = house(MESSAGE)
    log_in(place)
    place.maildrop.waits["read"] = Deferred()
    assert lost(place, started(place.session.answer(events.Retr(1))))
    assert place.facts.of(facts.Failed) == []


def test_too_many_faults_end_the_session() -> None:
    place = house(personality=evolve(PERSONALITY, max_errors=2))
    fault = events.Fault(negative("unknown command"))
    assert say(place, fault) == fault.reply
    assert say(place, fault) == evolve(fault.reply, close=True)


# What a listener hides is not there.


def hiding(*keywords: str) -> House:
    return house(MESSAGE, personality=evolve(PERSONALITY, tls_available=True, hidden=frozenset(keywords)))


@pytest.mark.parametrize(
    ("keyword", "event"),
    [
        ("CAPA", events.Capa()),
        ("STLS", events.Stls()),
        ("UTF8", events.Utf8()),
        ("LANG", events.Lang("de")),
        ("USER", events.User("alice")),
        ("SASL", events.Mechanisms()),
        ("SASL", events.Auth("PLAIN", base64.b64encode(b"\0alice\0" + PASSWORD))),
    ],
)
def test_a_command_that_is_hidden(keyword: str, event: events.Event) -> None:
    assert str(say(hiding(keyword), event)) == "-ERR unknown command"
    assert say(hiding("PIPELINING"), event).ok


@pytest.mark.parametrize(("keyword", "event"), [("TOP", events.Top(1, 0)), ("UIDL", events.Uidl())])
def test_a_command_that_is_hidden_after_the_login(keyword: str, event: events.Event) -> None:
    place, other = hiding(keyword), hiding("PIPELINING")
    log_in(place), log_in(other)
    assert str(say(place, event)) == "-ERR unknown command"
    assert say(place, events.Retr(1)).ok
    assert say(other, event).ok


def test_a_hidden_command_is_an_error_like_any_other() -> None:
    place = house(personality=evolve(PERSONALITY, max_errors=2, hidden=frozenset({"LANG"})))
    assert not say(place, events.Lang()).close
    assert say(place, events.Lang()).close


def test_a_banner() -> None:
    place = house(personality=evolve(PERSONALITY, banner="ready {or not}"))
    assert str(say(place, events.Connected())) == "+OK ready {or not}"
