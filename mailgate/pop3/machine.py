"""POP3 on the wire: octets to events, replies to octets, and the order in which commands may come.

Sans-I/O. It knows states and syntax (RFC 1939, RFC 2449 section 3, RFC 2595 section 4); who may log in and what is in
the maildrop it does not know. It never raises at the peer's fault: what is no command becomes a `Fault`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Final

from attrs import frozen

from mailgate.mail import BLOCK_OCTETS
from mailgate.pop3.events import (
    Capa,
    Connected,
    Dele,
    Event,
    Fault,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
)
from mailgate.pop3.reply import Reply, negative
from mailgate.wire.dots import DotWriter
from mailgate.wire.lines import LineBuffer, Overlong, is_clean
from mailgate.wire.output import After, Output

COMMAND_OCTETS: Final = 255  # RFC 2449 section 4: the longest command, with its CRLF
RESPONSE_OCTETS: Final = 512  # RFC 2449 section 4: the longest first line of a response, with its CRLF


class State(enum.Enum):
    """Where a session is (RFC 1939 section 3)."""

    AUTHORIZATION = enum.auto()
    PASSWORD = enum.auto()  # AUTHORIZATION, and a USER was accepted just now
    TRANSACTION = enum.auto()
    OVER = enum.auto()  # QUIT has come (UPDATE, after a login), or the last reply was sent


_BEFORE_LOGIN: Final = frozenset({State.AUTHORIZATION, State.PASSWORD})
_AFTER_LOGIN: Final = frozenset({State.TRANSACTION})
_ALWAYS: Final = _BEFORE_LOGIN | _AFTER_LOGIN


class Shape:
    """What may follow a verb, the space in front included; each group is an argument of the event.

    Spaces at the end are forgiven, except in a password: RFC 1939 section 7 (PASS) lets it have spaces.
    """

    NOTHING: Final = re.compile(rb" *")
    NAME: Final = re.compile(rb" ([^\x00-\x20\x7f]+) *")
    PASSWORD: Final = re.compile(rb" (.+)", re.DOTALL)
    NUMBER: Final = re.compile(rb" ([0-9]+) *")
    PERHAPS_NUMBER: Final = re.compile(rb"(?: ([0-9]+))? *")
    TWO_NUMBERS: Final = re.compile(rb" ([0-9]+) ([0-9]+) *")


@frozen
class Verb:
    """A command: when it may come, what follows it, and where a positive reply leads."""

    event: Callable[..., Event]
    states: frozenset[State]
    shape: re.Pattern[bytes]
    usage: str = ""  # its arguments, in words for a client that has them wrong
    leads_to: State | None = None  # after +OK; None: nowhere
    after: After = After.GO_ON  # what the server does, after +OK


VERBS: Final[Mapping[bytes, Verb]] = {
    # RFC 1939 sections 4 and 7
    b"USER": Verb(User, _BEFORE_LOGIN, Shape.NAME, " name", State.PASSWORD),
    b"PASS": Verb(Pass, frozenset({State.PASSWORD}), Shape.PASSWORD, " password", State.TRANSACTION),
    b"QUIT": Verb(Quit, _ALWAYS, Shape.NOTHING),
    # RFC 1939 sections 5 and 7
    b"STAT": Verb(Stat, _AFTER_LOGIN, Shape.NOTHING),
    b"LIST": Verb(List, _AFTER_LOGIN, Shape.PERHAPS_NUMBER, " or LIST message"),
    b"UIDL": Verb(Uidl, _AFTER_LOGIN, Shape.PERHAPS_NUMBER, " or UIDL message"),
    b"RETR": Verb(Retr, _AFTER_LOGIN, Shape.NUMBER, " message"),
    b"TOP": Verb(Top, _AFTER_LOGIN, Shape.TWO_NUMBERS, " message lines"),
    b"DELE": Verb(Dele, _AFTER_LOGIN, Shape.NUMBER, " message"),
    b"NOOP": Verb(Noop, _AFTER_LOGIN, Shape.NOTHING),
    b"RSET": Verb(Rset, _AFTER_LOGIN, Shape.NOTHING),
    # RFC 2449 section 5, RFC 2595 section 4
    b"CAPA": Verb(Capa, _ALWAYS, Shape.NOTHING),
    b"STLS": Verb(Stls, _BEFORE_LOGIN, Shape.NOTHING, "", State.AUTHORIZATION, After.START_TLS),
}

UNKNOWN: Final = Fault(negative("unknown command"))
TOO_LONG: Final = Fault(negative("line longer than {octets} octets", octets=COMMAND_OCTETS))
UNCLEAN: Final = Fault(negative("a lone CR or LF, or a NUL, in a command"))
LOG_IN_FIRST: Final = Fault(negative("log in first"))
USER_FIRST: Final = Fault(negative("PASS comes right after USER"))  # RFC 1939 section 7, PASS
LOGGED_IN: Final = Fault(negative("already logged in"))


class POP3Machine:
    """One connection's octets. Feed it with `receive`, take an event, `send` its reply, and so on.

    Every event wants exactly one reply; a reply without an event is a farewell and the last.
    """

    def __init__(self) -> None:
        self.state = State.AUTHORIZATION
        self._lines = LineBuffer()
        self._asked: Event | None = None  # the event that waits for its reply
        self._verb: Verb | None = None  # its verb, if it has one
        self._greeted = False

    @property
    def buffered(self) -> int:
        """Octets that have arrived and are not yet part of an event."""
        return len(self._lines)

    def receive(self, data: bytes) -> None:
        """Take octets from the peer; those behind the end of the session are thrown away."""
        if self.state is not State.OVER:
            self._lines.feed(data)

    def next_event(self) -> Event | None:
        """The next event; None while the last one has no reply, or more octets are needed first."""
        if self._asked is not None or self.state is State.OVER:
            return None
        if not self._greeted:
            self._greeted = True
            self._asked = Connected()
        elif (line := self._lines.take_line(COMMAND_OCTETS)) is not None:
            self._asked = self._read(line)
        return self._asked

    def send(self, reply: Reply) -> Output:
        """Put a reply into octets, and go where it leads."""
        after = self._follow(reply)
        head = _first_line(reply)
        if reply.content is not None:
            return Output(b"", after, _written(head, reply.content))
        if reply.lines is None:
            return Output(head, after)
        octets = head + _listed(reply.lines)
        if len(octets) <= BLOCK_OCTETS:
            return Output(octets, after)
        return Output(b"", after, _in_blocks(octets))

    # From octets to an event.

    def _read(self, line: bytes | Overlong) -> Event:
        state = self.state
        if state is State.PASSWORD:
            self.state = State.AUTHORIZATION  # RFC 1939 section 7: PASS comes immediately after USER
        if isinstance(line, Overlong):
            return TOO_LONG
        if not is_clean(line):
            return UNCLEAN
        word, space, rest = line.partition(b" ")
        name = word.upper()  # RFC 1939 section 3: keywords are case-insensitive
        verb = VERBS.get(name)
        if verb is None:
            return UNKNOWN
        if state not in verb.states:
            return _out_of_order(state, verb)
        return self._parse(name.decode(), verb, space + rest)

    def _parse(self, name: str, verb: Verb, rest: bytes) -> Event:
        match = verb.shape.fullmatch(rest)
        try:
            if match is None:
                raise ValueError
            event = verb.event(*match.groups())
        except ValueError:  # the number or name is none
            return Fault(negative("usage: {usage}", usage=name + verb.usage))
        self._verb = verb
        if verb.event is Quit:
            self.state = State.OVER  # RFC 1939 section 6: whatever the reply says
        return event

    # From a reply to octets.

    def _follow(self, reply: Reply) -> After:
        asked, self._asked = self._asked, None
        verb, self._verb = self._verb, None
        if asked is None or reply.close or self.state is State.OVER:
            self.state = State.OVER
            self._lines.clear()
            return After.CLOSE
        if verb is None or not reply.ok:
            return After.GO_ON
        if verb.after is After.START_TLS:
            self._lines.clear()  # RFC 2595 section 4: what came in clear behind STLS is not executed under TLS
        self.state = verb.leads_to or self.state
        return verb.after


def _out_of_order(state: State, verb: Verb) -> Fault:
    if state is State.TRANSACTION:
        return LOGGED_IN
    return USER_FIRST if verb.event is Pass else LOG_IN_FIRST


def _first_line(reply: Reply) -> bytes:
    line = str(reply).encode()
    if len(line) + 2 > RESPONSE_OCTETS:
        line = line[: RESPONSE_OCTETS - 2].decode(errors="ignore").encode()  # no half character
    return line + b"\r\n"


def _listed(lines: tuple[str, ...] | bytes) -> bytes:
    """The rest of a multi-line response (RFC 1939 section 3)."""
    if isinstance(lines, bytes):
        return lines + b".\r\n"
    stuffed = ("." + line if line.startswith(".") else line for line in lines)
    return "".join(f"{line}\r\n" for line in (*stuffed, ".")).encode()


async def _in_blocks(octets: bytes) -> AsyncGenerator[bytes, None]:
    """A long listing, no faster than the peer reads it."""
    for start in range(0, len(octets), BLOCK_OCTETS):
        yield octets[start : start + BLOCK_OCTETS]


async def _written(head: bytes, content: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The first line and the content behind it; a message that fits a block is one write. Closes `content`."""
    writer = DotWriter()
    held = head
    try:
        async for block in content:
            held += writer.feed(block)
            if len(held) >= BLOCK_OCTETS:
                yield held
                held = b""
        yield held + writer.finish()
    finally:
        await content.aclose()
