"""SMTP's commands as tables (RFC 5321 4.1.4): how each is read, where it may come, where it leads. And LMTP's."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from mailgate.mail import Reply
from mailgate.smtp import events, grammar


class State(enum.Enum):
    """Where a session is (RFC 5321 4.1.4)."""

    __hash__ = object.__hash__  # each is one of its kind; an Enum's own hash is the name's, and two calls

    START = enum.auto()  # no EHLO or HELO yet
    READY = enum.auto()  # no transaction
    MAIL = enum.auto()  # a sender, no recipient
    RCPT = enum.auto()  # a sender and recipients
    CONTENT = enum.auto()  # between 354 and the final dot
    CHUNKS = enum.auto()  # after a chunk, and before the last one
    CHALLENGE = enum.auto()  # between 334 and its answer
    REFUSED = enum.auto()  # the greeting was 554: only QUIT is left (RFC 5321 3.1)
    CLOSED = enum.auto()


_S = State
TRANSACTION: Final = frozenset({_S.MAIL, _S.RCPT, _S.CHUNKS})
_ANY: Final = TRANSACTION | {_S.START, _S.READY}


@frozen
class Verb:
    """A command: how its argument is read, and where it may come."""

    parse: Callable[[str], events.Event | grammar.Bdat]
    states: frozenset[State]


_COMMON: Final[Mapping[str, Verb]] = {
    "MAIL": Verb(grammar.mail, frozenset({_S.READY})),
    "RCPT": Verb(grammar.rcpt, frozenset({_S.MAIL, _S.RCPT})),
    "DATA": Verb(grammar.alone(events.Data()), frozenset({_S.RCPT})),
    "BDAT": Verb(grammar.bdat, frozenset({_S.RCPT, _S.CHUNKS})),
    "RSET": Verb(grammar.alone(events.Reset()), _ANY),
    "NOOP": Verb(grammar.anything(events.Noop()), _ANY),
    "VRFY": Verb(grammar.verify, _ANY),
    "HELP": Verb(grammar.anything(events.Help()), _ANY),
    "QUIT": Verb(grammar.alone(events.Quit()), _ANY | {_S.REFUSED}),
    "STARTTLS": Verb(grammar.alone(events.StartTLS()), frozenset({_S.READY})),
    "AUTH": Verb(grammar.auth, frozenset({_S.READY})),
}

SMTP: Final[Mapping[str, Verb]] = {
    "EHLO": Verb(grammar.hello(True), _ANY),
    "HELO": Verb(grammar.hello(False), _ANY),
    **_COMMON,
}
LMTP: Final[Mapping[str, Verb]] = {"LHLO": Verb(grammar.hello(True), _ANY), **_COMMON}  # RFC 2033 4.1

# Where a positive reply leads; events that are not here lead nowhere.
LEADS: Final[Mapping[type, State]] = {
    events.Hello: _S.READY,  # RFC 5321 4.1.4: EHLO ends a transaction
    events.Mail: _S.MAIL,
    events.Rcpt: _S.RCPT,
    events.Data: _S.CONTENT,
    events.EndOfChunk: _S.CHUNKS,
    events.StartTLS: _S.START,  # RFC 3207 4.2
}

# Known and not done (RFC 5321 4.2.4: 502); anything else is 500.
UNIMPLEMENTED: Final = frozenset({"EXPN", "ETRN", "SEND", "SOML", "SAML", "TURN"})

UNDONE: Final = Reply(502, "5.5.1", "Not done here")
UNKNOWN: Final = Reply(500, "5.5.2", "No such command")  # RFC 3463 3.6


def out_of_order(state: State, name: str, *, lmtp: bool) -> Reply:
    """What a command hears that does not come in `state` (RFC 5321 4.1.4, 3.3; RFC 3030 2; RFC 2033 4.2)."""
    match state:
        case State.REFUSED:
            return Reply(503, "5.5.1", "You were refused; only QUIT is left")
        case State.START:
            return Reply(503, "5.5.1", f"Say {'LHLO' if lmtp else 'EHLO'} first")
        case State.READY:
            return Reply(503, "5.5.1", "Say MAIL first")
        case State.MAIL if name in ("DATA", "BDAT"):
            return Reply(503 if lmtp else 554, "5.5.1", "No valid recipients")
        case State.CHUNKS:
            return Reply(503, "5.5.1", f"{name} does not come between chunks; go on with BDAT, or say RSET")
    return Reply(503, "5.5.1", f"{name} does not come inside a transaction; say RSET to end it")
