"""SMTP as a state machine without I/O: octets to events, answers to octets (RFC 5321 4.1, 4.2, 4.3; RFC 2033).

Knows the shape of lines and content; the order of commands is in the tables of `commands`. Decides nothing.
"""

from __future__ import annotations

import functools
import re
from collections import deque
from typing import Final

from attrs import define

from mailgate.mail import BLOCK_OCTETS, Reply
from mailgate.smtp import commands, events, grammar
from mailgate.smtp.commands import LEADS, State
from mailgate.wire.chunks import ChunkReader
from mailgate.wire.content import MAX_LINE_OCTETS
from mailgate.wire.dots import DotReader
from mailgate.wire.legible import command_line, response
from mailgate.wire.lines import OVERLONG, LineBuffer, Overlong, is_clean
from mailgate.wire.output import After, Output
from mailgate.wire.sasl import MAX_LINE_OCTETS as MAX_RESPONSE_OCTETS

# RFC 5321 4.5.3.1.4 asks for 512 and more for extensions; RFC 4954 4.3 for an initial response of any legal length.
MAX_COMMAND_OCTETS: Final = MAX_RESPONSE_OCTETS
MAX_REPLY_OCTETS: Final = 512  # a line of a reply, with its CRLF (RFC 5321 4.5.3.1.5)

# Several, or none: one a recipient, after the content of an LMTP message (RFC 2033 4.2, 4.3).
Answer = Reply | tuple[Reply, ...]

TOO_LONG: Final = Reply(500, "5.5.2", "Line too long")
UNCLEAN: Final = Reply(500, "5.5.2", "Lines end with CRLF, and have no NUL, CR or LF inside")
NO_COMMAND: Final = Reply(500, "5.5.2", "Not a command")
NOT_UTF8: Final = Reply(501, "5.5.2", "Not UTF-8")
LOST_COUNT: Final = Reply(421, "4.5.4", "Syntax: BDAT octets [LAST]; nobody can tell where this chunk ends, so goodbye")

_GOODBYE: Final = frozenset({221, 421})  # RFC 5321 4.2.3: the transmission channel closes
_COMMAND: Final = re.compile(rb"([A-Za-z0-9]{1,16})(?: ([^\x00\r\n]*))?")
_WANT_NO_REPLY: Final = frozenset({events.Chunk, events.Content})
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f]")


@define
class _Chunk:
    """A chunk that is coming in. With a `refusal` it is thrown away, and refused at its end (RFC 3030 2)."""

    octets: int
    left: int
    last: bool
    refusal: Reply | None


class SMTPMachine:
    """One connection's protocol state."""

    def __init__(self, *, lmtp: bool = False, max_line_octets: int = MAX_LINE_OCTETS, normalise: bool = False) -> None:
        """`max_line_octets` and `normalise` are for content, as `wire.content` has them."""
        self.state = State.START
        self._lmtp = lmtp
        self._verbs = commands.LMTP if lmtp else commands.SMTP
        self._max_line_octets = max_line_octets
        self._normalise = normalise
        self._buffer = LineBuffer()
        self._dots = DotReader()
        self._chunks = ChunkReader()
        self._chunk: _Chunk | None = None
        self._chunk_failed = False  # the last chunk was refused, and others may be under way
        self._recipients = 0  # of the last transaction
        self._ready: deque[events.Event] = deque([events.Connected()])
        self._asked: events.Event | None = None  # the event that waits for its answer
        self._line: bytes | Overlong = b""  # the command that waits for its answer, as it came
        self._auth_came = False  # AUTH was the last command that is one

    @property
    def buffered(self) -> int:
        """Octets that have arrived and are not yet part of an event."""
        return len(self._buffer)

    @property
    def said(self) -> str:
        """The command that waits for its answer, for people: as the client typed it, without what is secret. Empty
        where there is none: for the greeting, at the end of content, when nothing waits.
        """
        if isinstance(self._asked, events.Response):
            return response(self._asked.line)
        return command_line(self._line, self._verbs, may_answer=self._auth_came)

    def receive(self, data: bytes) -> None:
        """Take octets from the client; those that come after the farewell are nothing any more."""
        if self.state is not State.CLOSED:
            self._buffer.feed(data)

    def next_event(self) -> events.Event | None:
        """The next event; None if more octets are needed first, or the last event waits for its answer."""
        if self._asked is not None or self.state is State.CLOSED:
            return None
        while not self._ready:
            if not self._read():
                return None
        event = self._ready.popleft()
        if type(event) not in _WANT_NO_REPLY:
            self._asked = event
        return event

    def send(self, answer: Answer) -> Output:
        """Put an answer into octets, and go where it leads: to the last event, or an unasked 421."""
        asked, self._asked = self._asked, None
        self._line = b""
        if not isinstance(answer, Reply):
            return self._send_each(answer)
        output = _output(answer.code, answer.status, answer.text)
        if output.after is After.CLOSE:
            self._close()
            return output
        self._follow(asked, answer)
        match asked:
            case events.Fault(times=times) if times != 1:
                return Output(output.octets * times)
            case events.StartTLS() if answer.is_positive:
                self._buffer.clear()  # RFC 3207 4.2: what was sent ahead in clear is forgotten
                return Output(output.octets, After.START_TLS)
        return output

    def _send_each(self, replies: tuple[Reply, ...]) -> Output:
        """RFC 2033 4.2, 4.3: they say how content fared, if any had a recipient, and the transaction is over."""
        octets = b"".join([render(reply) for reply in replies])
        if not _GOODBYE.isdisjoint([reply.code for reply in replies]):
            self._close()
            return Output(octets, After.CLOSE)
        self.state = State.READY
        return Output(octets)

    def _close(self) -> None:
        self.state = State.CLOSED
        self._buffer.clear()

    def _follow(self, asked: events.Event | None, reply: Reply) -> None:
        """Go where a reply leads, and note what chunks that come too late will be judged by."""
        granted = reply.is_positive
        if granted and type(asked) in LEADS:
            self.state = LEADS[type(asked)]
        match asked:
            case events.Rcpt() if granted:
                self._recipients += 1
            case events.Mail() if granted:
                self._recipients = 0
            case events.Data():
                self._dots = DotReader(self._max_line_octets, normalise=self._normalise)
            case events.EndOfContent():
                self.state = State.READY  # RFC 5321 4.1.1.4: whatever the reply, the transaction is over
            case events.EndOfChunk():
                self._chunk_failed = not granted
                if not granted:
                    self.state = State.READY  # RFC 3030 2: and what else comes of it is thrown away
            case events.Auth() | events.Response():
                self.state = State.CHALLENGE if reply.code == 334 else State.READY
            case events.Reset() if self.state in commands.TRANSACTION:
                self.state = State.READY
            case events.Connected() if not granted:
                self.state = State.REFUSED

    # Reading.

    def _read(self) -> bool:
        """Use some of what has arrived. False: more is needed first."""
        if self._chunk is not None:
            return self._read_chunk(self._chunk)
        if self.state is State.CONTENT:
            return self._read_content()
        limit = MAX_RESPONSE_OCTETS if self.state is State.CHALLENGE else MAX_COMMAND_OCTETS
        line = self._buffer.take_line(limit)
        if line is None:
            return False
        if self.state is State.CHALLENGE:
            self._ready.append(events.Response(None if line is OVERLONG else line))
            return True
        self._line = line
        if line is OVERLONG:
            self._ready.append(_lost_count() if _is_chunk(self._buffer.too_long) else events.Fault(TOO_LONG))
        else:
            match self._understand(line):
                case grammar.Bdat() as chunk:
                    self._begin_chunk(chunk)
                case event:
                    self._chunk_failed = False
                    self._ready.append(event)
        return True

    def _read_content(self) -> bool:
        block = self._buffer.take_all()
        if not block:
            return False
        content, rest = self._dots.feed(block)
        if content:
            self._ready.append(events.Content(content))
        if rest is not None:
            self._buffer.feed(rest)
            self._ready.append(events.EndOfContent(self._dots.fault))
        return True

    def _read_chunk(self, chunk: _Chunk) -> bool:
        block = self._buffer.take(min(chunk.left, BLOCK_OCTETS))
        chunk.left -= len(block)
        content = self._chunks.feed(block) if block and chunk.refusal is None else b""
        if content:
            self._ready.append(events.Content(content))
        if not chunk.left:
            self._chunk = None
            self._end_chunk(chunk)
        return bool(block) or not chunk.left

    def _end_chunk(self, chunk: _Chunk) -> None:
        if chunk.refusal is not None:
            self._ready.append(self._refused_chunk(chunk.refusal, last=chunk.last))
            return
        self._line = b""  # it was that of `Chunk`
        if not chunk.last:
            self._ready.append(events.EndOfChunk(chunk.octets))
        else:
            if rest := self._chunks.finish():
                self._ready.append(events.Content(rest))
            self._ready.append(events.EndOfContent(self._chunks.fault))

    def _refused_chunk(self, refusal: Reply, *, last: bool) -> events.Event:
        if self._lmtp and last and self.state is State.MAIL:
            return events.EndOfContent(None)  # RFC 2033 4.3: no recipient, no reply
        # RFC 3030 2: a client that does not wait for replies has sent it before it could hear of the refusal.
        excused = self._chunk_failed or self.state is State.MAIL
        # RFC 2033 4.3: and it expects as many replies as there were recipients, whatever they are.
        times = self._recipients if self._lmtp and last and self._chunk_failed else 1
        self._chunk_failed = self._chunk_failed and not last
        return events.Fault(refusal, excused=excused, times=times)

    # Commands.

    def _understand(self, line: bytes) -> events.Event | grammar.Bdat:
        # RFC 5321 4.1.1: white space at the end is tolerated.
        command = _COMMAND.fullmatch(line.rstrip(b" \t"))
        if command is None:
            return _lost_count() if _is_chunk(line) else events.Fault(NO_COMMAND if is_clean(line) else UNCLEAN)
        name = command[1].decode().upper()
        verb = self._verbs.get(name)
        if verb is None:
            return events.Fault(commands.UNDONE if name in commands.UNIMPLEMENTED else commands.UNKNOWN)
        self._auth_came = name == "AUTH"
        # What BDAT brings has to be read even where it does not belong.
        if self.state not in verb.states and name != "BDAT":
            return events.Fault(commands.out_of_order(self.state, name, lmtp=self._lmtp))
        try:
            return verb.parse((command[2] or b"").decode())
        except grammar.Unparsable as error:
            return _lost_count() if _is_chunk(line) else events.Fault(error.reply)
        except UnicodeDecodeError:
            return _lost_count() if _is_chunk(line) else events.Fault(NOT_UTF8)

    def _begin_chunk(self, said: grammar.Bdat) -> None:
        belongs = self.state in self._verbs["BDAT"].states
        refusal = None if belongs else commands.out_of_order(self.state, "BDAT", lmtp=self._lmtp)
        self._chunk = _Chunk(said.octets, said.octets, said.last, refusal)
        if self.state is State.RCPT:
            self._chunks = ChunkReader(self._max_line_octets, normalise=self._normalise)
        if belongs:
            self._ready.append(events.Chunk(said.octets))


def render(reply: Reply) -> bytes:
    """A reply as it goes over the wire (RFC 5321 4.2.1); the enhanced status stands on every line (RFC 2034 4)."""
    return _output(reply.code, reply.status, reply.text).octets


@functools.lru_cache(maxsize=256)  # most replies are always the same. By their parts: these have their hash in C
def _output(code: int, status: str, text: str) -> Output:
    prefix = f"{status} " if status else ""
    *before, last = text.split("\n")
    lines = [*[_line(f"{code}-{prefix}{line}") for line in before], _line(f"{code} {prefix}{last}")]
    return Output(b"".join(lines), After.CLOSE if code in _GOODBYE else After.GO_ON)


def _line(text: str) -> bytes:
    # The text may quote what the client said. A line of a reply is printable ASCII, and no longer than it may be.
    octets = _UNPRINTABLE.sub(" ", text).encode("ascii", "backslashreplace")
    return octets[: MAX_REPLY_OCTETS - 2] + b"\r\n"


def _is_chunk(line: bytes) -> bool:
    return line.lstrip()[:4].upper() == b"BDAT"


def _lost_count() -> events.Fault:
    # Octets follow what looks like BDAT; how many, nobody can tell, and they must not become commands.
    return events.Fault(LOST_COUNT)
