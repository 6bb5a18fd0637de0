"""The tables: every command has its event, its states, and its way on."""

from __future__ import annotations

from typing import get_args

import pytest

from mailgate.pop3 import events
from mailgate.pop3.commands import LEADS, LOG_IN_FIRST, LOGGED_IN, USER_FIRST, VERBS, State, auth, out_of_order

MADE_ELSEWHERE = {events.Connected, events.Fault, events.Response, events.Mechanisms}  # not by a verb of their own


def test_every_command_has_a_verb() -> None:
    made = {events.Auth if verb.event is auth else verb.event for verb in VERBS.values()}
    assert made == set(get_args(events.Event)) - MADE_ELSEWHERE
    assert {name.decode().lower() for name in VERBS} == {kind.__name__.lower() for kind in made}


def test_auth_is_an_exchange_or_a_question() -> None:
    assert auth(None, None) == events.Mechanisms()
    assert auth(b"plain", None) == events.Auth("PLAIN", None)  # RFC 4422 section 3.1: names are in upper case
    assert auth(b"LOGIN", b"=") == events.Auth("LOGIN", b"=")


def test_the_login_comes_once_and_before_the_maildrop() -> None:
    before, after = {State.AUTHORIZATION, State.PASSWORD}, {State.TRANSACTION}
    states = {name: set(verb.states) for name, verb in VERBS.items()}
    assert {name for name, where in states.items() if where == before | after} == {b"QUIT", b"CAPA", b"LANG"}
    assert {name for name, where in states.items() if where == before} == {b"USER", b"STLS", b"AUTH", b"UTF8"}
    assert states[b"PASS"] == {State.PASSWORD}
    assert all(where == after for name, where in states.items() if name in (b"STAT", b"RETR", b"DELE", b"NOOP"))


def test_no_command_comes_in_the_midst_of_auth_or_after_the_end() -> None:
    assert not any({State.CHALLENGE, State.OVER} & set(verb.states) for verb in VERBS.values())


def test_what_gives_credentials_leads_to_the_maildrop() -> None:
    assert {kind for kind, state in LEADS.items() if state is State.TRANSACTION} == {
        events.Pass,
        events.Auth,
        events.Response,
    }


@pytest.mark.parametrize(
    ("state", "name", "fault"),
    [
        (State.TRANSACTION, b"AUTH", LOGGED_IN),
        (State.TRANSACTION, b"PASS", LOGGED_IN),
        (State.AUTHORIZATION, b"PASS", USER_FIRST),
        (State.AUTHORIZATION, b"STAT", LOG_IN_FIRST),
        (State.PASSWORD, b"STAT", LOG_IN_FIRST),
    ],
)
def test_the_wrong_moment_has_its_reason(state: State, name: bytes, fault: events.Fault) -> None:
    assert out_of_order(state, VERBS[name]) is fault
