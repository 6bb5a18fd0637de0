"""POP3 on the wire: octets to events, replies to octets, and the order in which commands may come.

Sans-I/O. It knows states and syntax by the tables of `commands` (RFC 1939, RFC 2449 section 3); who may log in and
what is in the maildrop it does not know. It never raises at the peer's fault: what is no command becomes a `Fault`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

from mailgate.mail import BLOCK_OCTETS
from mailgate.pop3.commands import COMMAND_OCTETS, LEADS, TOO_LONG, UNCLEAN, UNKNOWN, VERBS, State, Verb, out_of_order
from mailgate.pop3.events import Connected, Event, Fault, Quit, Response, Stls
from mailgate.pop3.reply import Reply, negative
from mailgate.wire.dots import DotWriter, dotted
from mailgate.wire.legible import command_line, response
from mailgate.wire.lines import OVERLONG, LineBuffer, Overlong, is_clean
from mailgate.wire.output import After, Output
from mailgate.wire.sasl import MAX_LINE_OCTETS as EXCHANGE_OCTETS

RESPONSE_OCTETS: Final = 512  # RFC 2449 section 4: the longest first line of a response, with its CRLF
_NAMES: Final = frozenset(name.decode() for name in VERBS)


class POP3Machine:
    """One connection's octets. Feed it with `receive`, take an event, `send` its reply, and so on.

    Every event wants exactly one reply; a reply without an event is a farewell and the last.
    """

    def __init__(self) -> None:
        self.state = State.AUTHORIZATION
        self._lines = LineBuffer()
        self._asked: Event | None = None  # the event that waits for its reply
        self._greeted = False
        self._line: bytes | Overlong = b""  # the command that waits for its reply, as it came
        self._auth_came = False  # AUTH was the last command that is one

    @property
    def buffered(self) -> int:
        """Octets that have arrived and are not yet part of an event."""
        return len(self._lines)

    @property
    def said(self) -> str:
        """The command that waits for its reply, for people: as the client typed it, without what is secret. Empty
        where there is none: for the greeting, and when nothing waits.
        """
        if isinstance(self._asked, Response):
            return response(self._asked.line)
        return command_line(self._line, _NAMES, may_answer=self._auth_came)

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
        elif self.state is State.CHALLENGE:
            # RFC 5034 section 4: how long an answer may be has nothing to do with the length of commands.
            if (line := self._lines.take_line(EXCHANGE_OCTETS)) is not None:
                self._asked = Response(None if line is OVERLONG else line)
        elif (line := self._lines.take_line(COMMAND_OCTETS)) is not None:
            self._line = line
            self._asked = self._read(line)
        return self._asked

    def send(self, reply: Reply) -> Output:
        """Put a reply into octets, and go where it leads."""
        after = self._follow(reply)
        head = _first_line(reply)
        if isinstance(reply.content, bytes):
            return Output(dotted(reply.content, head), after)
        if reply.content is not None:
            return Output(b"", after, _written(head, reply.content))
        if reply.lines is None:
            return Output(head, after)
        lines = reply.lines if isinstance(reply.lines, bytes) else _stuffed(reply.lines)
        if len(lines) <= BLOCK_OCTETS:
            return Output(b"%b%b.\r\n" % (head, lines), after)  # RFC 1939 section 3: a dot ends it
        return Output(head, after, _in_blocks(lines))

    # From octets to an event.

    def _read(self, line: bytes | Overlong) -> Event:
        state = self.state
        if state is State.PASSWORD:
            self.state = State.AUTHORIZATION  # RFC 1939 section 7: PASS comes immediately after USER
        if line is OVERLONG:
            return TOO_LONG
        if not is_clean(line):
            return UNCLEAN
        word, space, rest = line.partition(b" ")
        name = word.upper()  # RFC 1939 section 3: keywords are case-insensitive
        verb = VERBS.get(name)
        if verb is None:
            return UNKNOWN
        self._auth_came = name == b"AUTH"
        if state not in verb.states:
            return out_of_order(state, verb)
        return self._parse(name, verb, space + rest)

    def _parse(self, name: bytes, verb: Verb, rest: bytes) -> Event:
        match = verb.shape.fullmatch(rest)
        try:
            if match is None:
                raise ValueError
            event = verb.event(*match.groups())
        except ValueError:  # the number or name is none
            return Fault(negative("usage: {usage}", usage=name.decode() + verb.usage))
        if verb.event is Quit:
            self.state = State.OVER  # RFC 1939 section 6: whatever the reply says
        return event

    # From a reply to octets.

    def _follow(self, reply: Reply) -> After:
        asked, self._asked = self._asked, None
        self._line = b""
        if asked is None or reply.close or self.state is State.OVER:
            self.state = State.OVER
            self._lines.clear()
            return After.CLOSE
        if reply.challenge is not None:
            self.state = State.CHALLENGE
            return After.GO_ON
        if self.state is State.CHALLENGE:
            self.state = State.AUTHORIZATION  # the exchange is over
        if not reply.ok:
            return After.GO_ON
        leads = LEADS.get(type(asked))
        if leads is None:
            return After.GO_ON
        self.state = leads
        if isinstance(asked, Stls):
            self._lines.clear()  # RFC 2595 section 4: what came in clear behind STLS is not executed under TLS
            return After.START_TLS
        return After.GO_ON


def _first_line(reply: Reply) -> bytes:
    line = str(reply).encode()
    if len(line) + 2 > RESPONSE_OCTETS:
        line = line[: RESPONSE_OCTETS - 2].decode(errors="ignore").encode()  # no half character
    return line + b"\r\n"


def _stuffed(lines: tuple[str, ...]) -> bytes:
    """Lines of a multi-line response (RFC 1939 section 3)."""
    return "".join([f".{line}\r\n" if line.startswith(".") else f"{line}\r\n" for line in lines]).encode()


async def _in_blocks(lines: bytes) -> AsyncGenerator[bytes, None]:
    """A long listing and its end, no faster than the peer reads it. Sessions share it; none copies it whole."""
    last = len(lines) - BLOCK_OCTETS
    for start in range(0, last, BLOCK_OCTETS):
        yield lines[start : start + BLOCK_OCTETS]
    yield lines[-(len(lines) % BLOCK_OCTETS or BLOCK_OCTETS) :] + b".\r\n"


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
