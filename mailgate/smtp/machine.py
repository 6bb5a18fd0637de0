"""SMTP as a state machine without I/O: octets to events, replies to octets (RFC 5321 4.1, 4.2, 4.3).

Knows the order of commands and the shape of lines; decides nothing. The tables below are the machine.
"""

from __future__ import annotations

import enum
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from mailgate.mail import Reply
from mailgate.smtp import events, grammar
from mailgate.wire.dots import DotReader
from mailgate.wire.lines import OVERLONG, LineBuffer, is_clean
from mailgate.wire.output import After, Output
from mailgate.wire.sasl import MAX_LINE_OCTETS as MAX_RESPONSE_OCTETS

# RFC 5321 4.5.3.1.4 asks for 512 and more for extensions; RFC 4954 4.3 for an initial response of any legal length.
MAX_COMMAND_OCTETS: Final = MAX_RESPONSE_OCTETS
MAX_REPLY_OCTETS: Final = 512  # a line of a reply, with its CRLF (RFC 5321 4.5.3.1.5)


class State(enum.Enum):
    """Where a session is (RFC 5321 4.1.4)."""

    START = enum.auto()  # no EHLO or HELO yet
    READY = enum.auto()  # no transaction
    MAIL = enum.auto()  # a sender, no recipient
    RCPT = enum.auto()  # a sender and recipients
    CONTENT = enum.auto()  # between 354 and the final dot
    CHALLENGE = enum.auto()  # between 334 and its answer
    REFUSED = enum.auto()  # the greeting was 554: only QUIT is left (RFC 5321 3.1)
    CLOSED = enum.auto()


_S = State
_ANY: Final = frozenset({_S.START, _S.READY, _S.MAIL, _S.RCPT})


@frozen
class Verb:
    """A command: how its argument is read, and where it may come."""

    parse: Callable[[str], events.Event]
    states: frozenset[State]


VERBS: Final[Mapping[str, Verb]] = {
    "EHLO": Verb(grammar.hello(True), _ANY),
    "HELO": Verb(grammar.hello(False), _ANY),
    "MAIL": Verb(grammar.mail, frozenset({_S.READY})),
    "RCPT": Verb(grammar.rcpt, frozenset({_S.MAIL, _S.RCPT})),
    "DATA": Verb(grammar.alone(events.Data()), frozenset({_S.RCPT})),
    "RSET": Verb(grammar.alone(events.Reset()), _ANY),
    "NOOP": Verb(grammar.anything(events.Noop()), _ANY),
    "VRFY": Verb(grammar.verify, _ANY),
    "HELP": Verb(grammar.anything(events.Help()), _ANY),
    "QUIT": Verb(grammar.alone(events.Quit()), _ANY | {_S.REFUSED}),
    "STARTTLS": Verb(grammar.alone(events.StartTLS()), frozenset({_S.READY})),
    "AUTH": Verb(grammar.auth, frozenset({_S.READY})),
}

# Where a positive reply leads; events that are not here lead nowhere.
LEADS: Final[Mapping[type, State]] = {
    events.Hello: _S.READY,  # RFC 5321 4.1.4: EHLO ends a transaction
    events.Mail: _S.MAIL,
    events.Rcpt: _S.RCPT,
    events.Data: _S.CONTENT,
    events.StartTLS: _S.START,  # RFC 3207 4.2
}

# Known and not done (RFC 5321 4.2.4: 502); anything else is 500.
UNIMPLEMENTED: Final = frozenset({"EXPN", "ETRN", "SEND", "SOML", "SAML", "TURN", "BDAT"})

_UNDONE: Final = Reply(502, "5.5.1", "Not done here")
_UNKNOWN: Final = Reply(500, "5.5.1", "No such command")
_GOODBYE: Final = frozenset({221, 421})  # RFC 5321 4.2.3: the transmission channel closes
_TRANSACTION: Final = frozenset({_S.MAIL, _S.RCPT})
_WORD: Final = re.compile(rb"[A-Za-z0-9]{1,16}")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f]")


class SMTPMachine:
    """One connection's protocol state."""

    def __init__(self) -> None:
        self.state = State.START
        self._buffer = LineBuffer()
        self._dots = DotReader()
        self._ready: deque[events.Event] = deque([events.Connected()])
        self._asked: events.Event | None = None  # the event that waits for its reply

    @property
    def buffered(self) -> int:
        """Octets that have arrived and are not yet part of an event."""
        return len(self._buffer)

    def receive(self, data: bytes) -> None:
        """Take octets from the client; those that come after the farewell are nothing any more."""
        if self.state is not State.CLOSED:
            self._buffer.feed(data)

    def next_event(self) -> events.Event | None:
        """The next event; None if more octets are needed first, or the last event waits for its reply."""
        if self._asked is not None or self.state is State.CLOSED:
            return None
        if not self._ready:
            self._read()
        if not self._ready:
            return None
        event = self._ready.popleft()
        if not isinstance(event, events.Content):
            self._asked = event
        return event

    def send(self, reply: Reply) -> Output:
        """Put a reply into octets, and go where it leads: the answer to the last event, or an unasked 421."""
        asked, self._asked = self._asked, None
        if reply.code in _GOODBYE:
            self.state = State.CLOSED
            self._buffer.clear()
            return Output(render(reply), After.CLOSE)
        self.state = self._next_state(asked, reply)
        if isinstance(asked, events.Data):
            self._dots = DotReader()
        if isinstance(asked, events.StartTLS) and reply.is_positive:
            self._buffer.clear()  # RFC 3207 4.2: what was sent ahead in clear is forgotten
            return Output(render(reply), After.START_TLS)
        return Output(render(reply))

    def _next_state(self, asked: events.Event | None, reply: Reply) -> State:
        match asked:
            case events.Connected():
                return self.state if reply.is_positive else State.REFUSED
            case events.EndOfContent():
                return State.READY  # RFC 5321 4.1.1.4: whatever the reply, the transaction is over
            case events.Auth() | events.Response():
                return State.CHALLENGE if reply.code == 334 else State.READY
            case events.Reset():
                return State.READY if self.state in _TRANSACTION else self.state
        return LEADS.get(type(asked), self.state) if reply.is_positive else self.state

    def _read(self) -> None:
        if self.state is State.CONTENT:
            self._read_content()
        elif self.state is State.CHALLENGE:
            self._read_response()
        elif (line := self._buffer.take_line(MAX_COMMAND_OCTETS)) is OVERLONG:
            self._ready.append(events.Fault(Reply(500, "5.5.6", "Line too long")))
        elif line is not None:
            self._ready.append(self._command(line))

    def _read_content(self) -> None:
        block = self._buffer.take_all()
        if not block:
            return
        content, rest = self._dots.feed(block)
        if content:
            self._ready.append(events.Content(content))
        if rest is not None:
            self._buffer.feed(rest)
            self._ready.append(events.EndOfContent(self._dots.fault))

    def _read_response(self) -> None:
        line = self._buffer.take_line(MAX_RESPONSE_OCTETS)
        if line is not None:
            self._ready.append(events.Response(None if line is OVERLONG else line))

    def _command(self, line: bytes) -> events.Event:
        if not is_clean(line):
            return events.Fault(Reply(500, "5.5.2", "Lines end with CRLF, and have no NUL, CR or LF inside"))
        word, _, argument = line.partition(b" ")
        if _WORD.fullmatch(word) is None:
            return events.Fault(Reply(500, "5.5.2", "Not a command"))
        name = word.decode().upper()
        verb = VERBS.get(name)
        if verb is None:
            return events.Fault(_UNDONE if name in UNIMPLEMENTED else _UNKNOWN)
        if self.state not in verb.states:
            return events.Fault(self._out_of_order(name))
        return _parse(verb, argument)

    def _out_of_order(self, name: str) -> Reply:
        # RFC 5321 4.1.4, 3.3: 503; 554 to DATA where every recipient was refused.
        if self.state is State.REFUSED:
            return Reply(503, "5.5.1", "You were refused; only QUIT is left")
        if self.state is State.START:
            return Reply(503, "5.5.1", "Say EHLO first")
        if name == "DATA" and self.state is State.MAIL:
            return Reply(554, "5.5.1", "No valid recipients")
        if self.state is State.READY:
            return Reply(503, "5.5.1", "Say MAIL first")
        return Reply(503, "5.5.1", f"{name} does not come inside a transaction; say RSET to end it")


def render(reply: Reply) -> bytes:
    """The reply's lines (RFC 5321 4.2.1), each with its enhanced status (RFC 2034 4)."""
    status = f"{reply.status} " if reply.status else ""
    *before, last = reply.text.split("\n")
    return b"".join(
        [*(_line(f"{reply.code}-{status}{text}") for text in before), _line(f"{reply.code} {status}{last}")]
    )


def _line(text: str) -> bytes:
    # The text may quote what the client said. A line of a reply is printable ASCII, and no longer than it may be.
    octets = _UNPRINTABLE.sub(" ", text).encode("ascii", "backslashreplace")
    return octets[: MAX_REPLY_OCTETS - 2] + b"\r\n"


def _parse(verb: Verb, argument: bytes) -> events.Event:
    try:
        text = argument.decode()
    except UnicodeDecodeError:
        return events.Fault(Reply(501, "5.5.2", "Not UTF-8"))
    try:
        return verb.parse(text.rstrip(" \t"))  # RFC 5321 4.1.1: trailing white space is tolerated
    except grammar.Unparsable as error:
        return events.Fault(error.reply)
