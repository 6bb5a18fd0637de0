"""POP3's commands as tables (RFC 1939 and extensions): what follows each, where it may come, where it leads."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from mailgate.pop3.events import (
    Auth,
    Capa,
    Dele,
    Event,
    Fault,
    Lang,
    List,
    Mechanisms,
    Noop,
    Pass,
    Quit,
    Response,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)
from mailgate.pop3.reply import negative

COMMAND_OCTETS: Final = 255  # RFC 2449 section 4: the longest command, with its CRLF; AUTH too (RFC 5034 section 4)


class State(enum.Enum):
    """Where a session is (RFC 1939 section 3)."""

    AUTHORIZATION = enum.auto()
    PASSWORD = enum.auto()  # AUTHORIZATION, and a USER was accepted just now
    CHALLENGE = enum.auto()  # AUTHORIZATION, and AUTH waits for the answer to a challenge (RFC 5034 section 4)
    TRANSACTION = enum.auto()
    OVER = enum.auto()  # QUIT has come (UPDATE, after a login), or the last reply was sent


# Tuples: to find a state in a set takes longer.
_BEFORE_LOGIN: Final = (State.AUTHORIZATION, State.PASSWORD)
_AFTER_LOGIN: Final = (State.TRANSACTION,)
_ALWAYS: Final = _AFTER_LOGIN + _BEFORE_LOGIN


class Shape:
    """What may follow a verb, the space in front included; each group is an argument of the event.

    Spaces at the end are forgiven, except in a password: RFC 1939 section 7 (PASS) lets it have spaces.
    """

    NOTHING: Final = re.compile(rb" *")
    # RFC 1939 section 3 has no spaces in arguments; a local part may have them (RFC 5321 section 4.1.2).
    NAME: Final = re.compile(rb" ([^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?) *")
    PASSWORD: Final = re.compile(rb" (.+)", re.DOTALL)
    NUMBER: Final = re.compile(rb" ([0-9]+) *")
    PERHAPS_NUMBER: Final = re.compile(rb"(?: ([0-9]+))? *")
    TWO_NUMBERS: Final = re.compile(rb" ([0-9]+) ([0-9]+) *")
    # sasl-mech of RFC 4422 section 3.1; whether the initial response is base64 is not known here
    PERHAPS_MECHANISM: Final = re.compile(rb"(?: ([A-Za-z0-9_-]{1,20})(?: ([^ ]+))?)? *")
    # basic language range of RFC 4647 section 2.1
    PERHAPS_LANGUAGE: Final = re.compile(rb"(?: ([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*))? *")


@frozen
class Verb:
    """A command: the event that it is, when it may come, and what follows it."""

    event: Callable[..., Event]
    states: tuple[State, ...]
    shape: re.Pattern[bytes]
    usage: str = ""  # its arguments as the RFCs write them, for a client that has them wrong


def auth(mechanism: bytes | None, initial: bytes | None) -> Auth | Mechanisms:
    """AUTH alone asks for the mechanisms: RFC 5034 section 4 has no such form, older clients have."""
    return Mechanisms() if mechanism is None else Auth(mechanism.upper(), initial)


VERBS: Final[Mapping[bytes, Verb]] = {
    # RFC 1939 sections 4 and 7
    b"USER": Verb(User, _BEFORE_LOGIN, Shape.NAME, " name"),
    b"PASS": Verb(Pass, (State.PASSWORD,), Shape.PASSWORD, " string"),
    b"QUIT": Verb(Quit, _ALWAYS, Shape.NOTHING),
    # RFC 1939 sections 5 and 7
    b"STAT": Verb(Stat, _AFTER_LOGIN, Shape.NOTHING),
    b"LIST": Verb(List, _AFTER_LOGIN, Shape.PERHAPS_NUMBER, " [msg]"),
    b"UIDL": Verb(Uidl, _AFTER_LOGIN, Shape.PERHAPS_NUMBER, " [msg]"),
    b"RETR": Verb(Retr, _AFTER_LOGIN, Shape.NUMBER, " msg"),
    b"TOP": Verb(Top, _AFTER_LOGIN, Shape.TWO_NUMBERS, " msg n"),
    b"DELE": Verb(Dele, _AFTER_LOGIN, Shape.NUMBER, " msg"),
    b"NOOP": Verb(Noop, _AFTER_LOGIN, Shape.NOTHING),
    b"RSET": Verb(Rset, _AFTER_LOGIN, Shape.NOTHING),
    # RFC 2449 section 5, RFC 2595 section 4, RFC 5034 section 4, RFC 6856 sections 2 and 3.1
    b"CAPA": Verb(Capa, _ALWAYS, Shape.NOTHING),
    b"STLS": Verb(Stls, _BEFORE_LOGIN, Shape.NOTHING),
    b"AUTH": Verb(auth, _BEFORE_LOGIN, Shape.PERHAPS_MECHANISM, " [mechanism [initial-response]]"),
    b"UTF8": Verb(Utf8, _BEFORE_LOGIN, Shape.NOTHING),
    b"LANG": Verb(Lang, _ALWAYS, Shape.PERHAPS_LANGUAGE, " [language-range]"),
}

# Where +OK leads; what is not here leads nowhere. QUIT leads to the end whatever the reply (RFC 1939 section 6).
LEADS: Final[Mapping[type[Event], State]] = {
    User: State.PASSWORD,
    Pass: State.TRANSACTION,
    Auth: State.TRANSACTION,
    Response: State.TRANSACTION,
    Stls: State.AUTHORIZATION,
}

UNKNOWN: Final = Fault(negative("unknown command"))
TOO_LONG: Final = Fault(negative("line longer than {octets} octets", octets=COMMAND_OCTETS))
UNCLEAN: Final = Fault(negative("a lone CR or LF, or a NUL, in a command"))
LOG_IN_FIRST: Final = Fault(negative("log in first"))
USER_FIRST: Final = Fault(negative("PASS comes right after USER"))  # RFC 1939 section 7, PASS
LOGGED_IN: Final = Fault(negative("already logged in"))  # RFC 5034 section 4: AUTH too


def out_of_order(state: State, verb: Verb) -> Fault:
    """What to say of a command that may not come in this state."""
    if state is State.TRANSACTION:
        return LOGGED_IN
    return USER_FIRST if verb.event is Pass else LOG_IN_FIRST
