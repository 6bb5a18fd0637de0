"""SMTP's other side as a state machine without I/O: commands and content to octets, octets to replies (RFC 5321).

Every reply must have been asked for. One that was not (sent ahead of STARTTLS, in the midst of content, one too many)
would be taken for the answer to a later command, at worst to the final dot; it is a fault, and ends the conversation.
So is a part of one that lies there when we are about to speak. Take all events before you speak: only then is it known
what has come.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from mailgate.mail import Reply
from mailgate.sending.replies import Fault, ReplyReader
from mailgate.wire.dots import DotWriter
from mailgate.wire.lines import is_clean

Event = Reply | Fault
GREETING: Final = "the greeting"
CONTENT: Final = "the end of the message"


class ClientMachine:
    """One connection's protocol state. Every command, the connection itself and the final dot want one reply each."""

    def __init__(self) -> None:
        self._reader = ReplyReader()
        self._asked: deque[str] = deque([GREETING])
        self._dots: DotWriter | None = None  # between 354 and the final dot
        self._before_tls = False  # STARTTLS is granted, and TLS has not begun
        self._closed = False

    @property
    def asked(self) -> str:
        """What the next reply is the answer to, for the log; empty: none is due."""
        return self._asked[0] if self._asked else ""

    def command(self, line: str) -> bytes:
        """The octets of a command. More may follow before the reply where PIPELINING is offered (RFC 2920 3.1).

        Raises ValueError for a line that would be several.
        """
        assert self._dots is None, "content is under way"
        octets = line.encode()
        if not is_clean(octets):
            raise ValueError(f"not one line: {line!r}")
        self._asked.append(line.partition(" ")[0])
        return octets + b"\r\n"

    def response(self, octets: bytes) -> bytes:
        """The answer to a challenge of AUTH (RFC 4954 4), which is no command and must not be told."""
        self._asked.append("AUTH")
        return octets + b"\r\n"

    def content(self, block: bytes) -> bytes:
        """A block of content, with LF or CRLF line ends, for the wire. Only after 354."""
        assert self._dots is not None, "content comes after 354"
        return self._dots.feed(block)

    def end_of_content(self) -> bytes:
        """The final dot."""
        assert self._dots is not None, "content comes after 354"
        octets, self._dots = self._dots.finish(), None
        self._asked.append(CONTENT)
        return octets

    def receive(self, data: bytes) -> None:
        """Take octets from the host; after a fault they are nothing any more."""
        if not self._closed:
            self._reader.feed(data)

    def next_event(self) -> Event | None:
        """The next reply or a fault; None if more octets are needed first, or TLS has to begin."""
        found = None if self._closed or self._before_tls else self._reader.take()
        if isinstance(found, Reply):
            found = self._answer(found)
        if isinstance(found, Fault):
            self._closed = True
        return found

    def unasked(self) -> Fault | None:
        """A fault if octets lie there that answer nothing. To be called before each command, response and final dot:
        whatever has come by then is not the answer to it, even if it is not a whole reply yet.
        """
        if self._asked or not self._reader.buffered:
            return None
        self._closed = True
        return Fault("says unasked what is not even a whole reply")

    def begin_tls(self) -> Fault | None:
        """From now on octets come through TLS. A fault if any came ahead of it: they could have been put there by
        anybody, and would be believed as if they came from inside.
        """
        self._before_tls = False
        if self._reader.buffered:
            self._closed = True
            return Fault("sends octets in clear between its answer to STARTTLS and the handshake")
        return None

    def _answer(self, reply: Reply) -> Event:
        if not self._asked:
            return Fault(f"says unasked: {reply}")
        match self._asked.popleft(), reply.code:
            case "DATA", 354:
                self._dots = DotWriter()
            case "STARTTLS", 220:
                self._before_tls = True
        return reply
