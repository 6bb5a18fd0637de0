"""CAPA is true in each state."""

from __future__ import annotations

import pytest
from attrs import evolve

from mailgate.mail import Session
from mailgate.pop3 import events
from mailgate.pop3.capabilities import capabilities, commands_not_there, may_start_tls
from mailgate.pop3.personality import KEYWORDS, Personality
from mailgate.rules import NO_RULES, Promise, Retention, Rules

ALWAYS = {
    "TOP",
    "UIDL",
    "RESP-CODES",
    "AUTH-RESP-CODE",
    "PIPELINING",
    "UTF8 USER",
    "LANG",
    "IMPLEMENTATION mailgate",
}
LOGIN = {"USER", "SASL PLAIN LOGIN"}  # RFC 5034 section 3
NEVER = {"EXPIRE NEVER"}
CLEAR = Session(id="s", listener="pop3", client="192.0.2.1")
SECURE = evolve(CLEAR, tls="TLSv1.3")


def shown(
    personality: Personality,
    session: Session,
    promise: Promise = Promise(),  # noqa: B008 (frozen)
    rules: Rules | None = None,
    *,
    utf8: bool = False,
) -> set[str]:
    lines = capabilities(personality, session, promise, rules, utf8=utf8)
    assert len(set(lines)) == len(lines)
    assert set(lines) >= ALWAYS
    return set(lines) - ALWAYS


@pytest.mark.parametrize(
    ("tls_available", "allow_plaintext", "session", "more"),
    [
        (False, False, CLEAR, set()),
        (False, True, CLEAR, LOGIN),
        (True, False, CLEAR, {"STLS"}),
        (True, True, CLEAR, {"STLS", *LOGIN}),
        (True, False, SECURE, LOGIN),  # RFC 2595 section 4: not inside TLS
        (False, False, SECURE, LOGIN),
        (True, True, evolve(CLEAR, user="alice"), LOGIN),  # STLS: only before the login
        (True, False, evolve(SECURE, user="alice"), LOGIN),  # RFC 2449 section 6.2: in both states
    ],
)
def test_tells_what_may_be_done_now(
    tls_available: bool, allow_plaintext: bool, session: Session, more: set[str]
) -> None:
    personality = Personality(hostname="x", tls_available=tls_available, allow_plaintext=allow_plaintext)
    assert shown(personality, session) == more | NEVER


def test_no_stls_after_utf8() -> None:
    personality = Personality(hostname="x", tls_available=True)
    assert shown(personality, CLEAR, utf8=True) == NEVER  # RFC 6856 section 2.1
    assert may_start_tls(personality, CLEAR, utf8=False)
    assert not may_start_tls(personality, CLEAR, utf8=True)


# RFC 2449 sections 6.5 and 6.7.

MONTH = Rules(retention=Retention(days=30))
SLOW = Rules(login_delay_seconds=900)
HASTY = Rules(login_delay_seconds=60)


@pytest.mark.parametrize(
    ("everybody", "lines"),
    [
        ([], NEVER),
        ([NO_RULES], NEVER),
        ([MONTH, MONTH], {"EXPIRE 30"}),
        ([MONTH, NO_RULES], {"EXPIRE 30 USER"}),
        ([MONTH, Rules(retention=Retention(fetched_days=5))], {"EXPIRE 5 USER"}),
        ([Rules(retention=Retention(messages=100))], {"EXPIRE 1"}),  # never 0
        ([SLOW], {"LOGIN-DELAY 900", *NEVER}),
        ([SLOW, HASTY], {"LOGIN-DELAY 900 USER", *NEVER}),
        ([HASTY, NO_RULES], {"LOGIN-DELAY 60 USER", *NEVER}),
    ],
)
def test_before_the_login_it_tells_what_is_true_for_all(everybody: list[Rules], lines: set[str]) -> None:
    assert shown(Personality(hostname="x"), CLEAR, Promise.of(everybody)) == lines


@pytest.mark.parametrize(
    ("own", "everybody", "lines"),
    [
        (NO_RULES, [], NEVER),
        (NO_RULES, [MONTH, NO_RULES], NEVER),
        (MONTH, [MONTH, NO_RULES], {"EXPIRE 30"}),
        (HASTY, [HASTY, SLOW], {"LOGIN-DELAY 60", *NEVER}),
        (NO_RULES, [NO_RULES, SLOW], {"LOGIN-DELAY 0", *NEVER}),  # section 5: what was announced before still is
        (HASTY, [], {"LOGIN-DELAY 60", *NEVER}),  # the rule has just been made
    ],
)
def test_after_the_login_it_tells_what_is_true_for_this_account(
    own: Rules, everybody: list[Rules], lines: set[str]
) -> None:
    session = evolve(SECURE, user="alice@example.test")
    assert shown(Personality(hostname="x"), session, Promise.of(everybody), own) == lines | LOGIN


@pytest.mark.parametrize("keyword", sorted(KEYWORDS - {"CAPA"}))
def test_what_is_hidden_is_not_told(keyword: str) -> None:
    personality = Personality(hostname="x", tls_available=True, allow_plaintext=True)
    promise = Promise.of([SLOW])
    told = capabilities(personality, CLEAR, promise, None, utf8=False)
    hiding = evolve(personality, hidden=frozenset({keyword}))
    left = capabilities(hiding, CLEAR, promise, None, utf8=False)
    assert [line for line in told if line not in left] == [line for line in told if line.split()[0] == keyword]
    assert len(left) == len(told) - 1


@pytest.mark.parametrize(
    ("hidden", "commands"),
    [
        (set(), set()),
        ({"PIPELINING", "EXPIRE", "RESP-CODES", "IMPLEMENTATION"}, set()),
        ({"TOP", "UIDL"}, {events.Top, events.Uidl}),
        ({"USER"}, {events.User, events.Pass}),
        ({"SASL"}, {events.Auth, events.Mechanisms}),
        ({"STLS", "UTF8", "LANG", "CAPA"}, {events.Stls, events.Utf8, events.Lang, events.Capa}),
    ],
)
def test_the_commands_that_go_with_it(hidden: set[str], commands: set[type]) -> None:
    assert commands_not_there(Personality(hostname="x", hidden=frozenset(hidden))) == commands
