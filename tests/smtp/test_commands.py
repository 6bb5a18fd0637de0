"""The tables: which command may come where, as the RFCs have it, and what one hears that may not."""

from __future__ import annotations

import pytest

from mailgate.mail import Reply
from mailgate.smtp import commands, events
from mailgate.smtp.commands import LEADS, LMTP, SMTP, TRANSACTION, UNDONE, UNIMPLEMENTED, UNKNOWN, State, out_of_order

OPEN = {State.START, State.READY, State.MAIL, State.RCPT, State.CHUNKS}


@pytest.mark.parametrize("table", [SMTP, LMTP])
@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("MAIL", {State.READY}),  # RFC 5321 4.1.4
        ("RCPT", {State.MAIL, State.RCPT}),
        ("DATA", {State.RCPT}),
        ("BDAT", {State.RCPT, State.CHUNKS}),  # RFC 3030 2
        ("STARTTLS", {State.READY}),  # RFC 3207 4
        ("AUTH", {State.READY}),  # RFC 4954 4
        ("RSET", OPEN),  # RFC 5321 4.1.4: these come at any time
        ("NOOP", OPEN),
        ("VRFY", OPEN),
        ("HELP", OPEN),
        ("QUIT", OPEN | {State.REFUSED}),  # RFC 5321 3.1
    ],
)
def test_where_commands_come(table: dict[str, commands.Verb], name: str, states: set[State]) -> None:
    assert table[name].states == states


def test_each_protocol_has_its_own_hello() -> None:
    assert SMTP.keys() - LMTP.keys() == {"EHLO", "HELO"}
    assert LMTP.keys() - SMTP.keys() == {"LHLO"}  # RFC 2033 4.1
    assert SMTP["EHLO"].states == SMTP["HELO"].states == LMTP["LHLO"].states == OPEN
    assert LMTP["LHLO"].parse("x") == SMTP["EHLO"].parse("x") == events.Hello(True, "x")
    assert SMTP["HELO"].parse("x") == events.Hello(False, "x")


def test_where_they_lead() -> None:
    assert {
        events.Hello: State.READY,
        events.Mail: State.MAIL,
        events.Rcpt: State.RCPT,
        events.Data: State.CONTENT,
        events.EndOfChunk: State.CHUNKS,
        events.StartTLS: State.START,
    } == LEADS
    assert {State.MAIL, State.RCPT, State.CHUNKS} == TRANSACTION


@pytest.mark.parametrize(
    ("state", "name", "lmtp", "code", "words"),
    [
        (State.REFUSED, "EHLO", False, 503, "only QUIT"),
        (State.START, "MAIL", False, 503, "Say EHLO first"),
        (State.START, "MAIL", True, 503, "Say LHLO first"),
        (State.READY, "RCPT", False, 503, "Say MAIL first"),
        (State.READY, "BDAT", False, 503, "Say MAIL first"),
        (State.MAIL, "DATA", False, 554, "No valid recipients"),  # RFC 5321 3.3
        (State.MAIL, "BDAT", False, 554, "No valid recipients"),
        (State.MAIL, "DATA", True, 503, "No valid recipients"),  # RFC 2033 4.2
        (State.MAIL, "MAIL", False, 503, "inside a transaction"),
        (State.RCPT, "STARTTLS", False, 503, "inside a transaction"),
        (State.CHUNKS, "DATA", False, 503, "between chunks"),  # RFC 3030 2
    ],
)
def test_out_of_order(state: State, name: str, lmtp: bool, code: int, words: str) -> None:
    reply = out_of_order(state, name, lmtp=lmtp)
    assert (reply.code, reply.status) == (code, "5.5.1")
    assert words in reply.text


def test_what_is_not_done() -> None:
    assert "EXPN" in UNIMPLEMENTED and not UNIMPLEMENTED & {*SMTP, *LMTP}
    assert Reply(502, "5.5.1", UNDONE.text) == UNDONE
    assert Reply(500, "5.5.2", UNKNOWN.text) == UNKNOWN
