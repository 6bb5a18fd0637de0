"""Replies as a client reads them (RFC 5321 4.2), strictly and within bounds.

Only CRLF ends a line; what is not a reply is a fault, and never guessed at: a reply that is read wrong may lose a mail.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from mailgate.mail import Reply
from mailgate.wire.lines import OVERLONG, LineBuffer, is_clean

MAX_LINE_OCTETS: Final = 2_000  # RFC 5321 4.5.3.1.5 has 512; hosts with much to say exceed it
MAX_LINES: Final = 100

# Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF (RFC 5321 4.2). There the
# second digit ends at 5, but hosts use what lies above, too.
_LINE: Final = re.compile(rb"(?P<code>[2-5][0-9][0-9])(?:(?P<mark>[ -])(?P<text>.*))?")
_STATUS: Final = re.compile(r"(?P<status>[245]\.[0-9]{1,3}\.[0-9]{1,3})(?: +|\Z)")  # RFC 2034 4
_UNPRINTABLE: Final = re.compile(rb"[^\x20-\x7e]")


@frozen
class Fault:
    """The host said something that it cannot say; nothing after it can be trusted. `what` is for the log, once secrets
    are out of it; printable ASCII, and as long as what was said.
    """

    what: str


class ReplyReader:
    """Octets in, replies out. The text of a `Reply` is printable ASCII, its lines joined by "\\n"."""

    def __init__(self) -> None:
        self._buffer = LineBuffer()
        self._code = ""
        self._texts: list[str] = []  # of the reply that is under way

    @property
    def buffered(self) -> int:
        """Octets, or lines, that are not yet part of a reply."""
        return len(self._buffer) + len(self._texts)

    def feed(self, data: bytes) -> None:
        """Append octets that arrived."""
        self._buffer.feed(data)

    def take(self) -> Reply | Fault | None:
        """The next reply; None if it has not come to its end. After a fault there is nothing to take any more."""
        found: Reply | Fault | None = None
        while found is None and (line := self._next_line()) is not None:
            found = line if isinstance(line, Fault) else self._read(line)
        return found

    def _next_line(self) -> bytes | Fault | None:
        octets = len(self._buffer)
        line = self._buffer.take_line(MAX_LINE_OCTETS)
        if line is OVERLONG or (line is None and octets > MAX_LINE_OCTETS):  # its end need not be waited for
            return Fault(f"sends a line of more than {MAX_LINE_OCTETS} octets")
        return line

    def _read(self, line: bytes) -> Reply | Fault | None:
        match = _LINE.fullmatch(line) if is_clean(line) else None
        if match is None:
            return Fault(f"sends what is no reply: '{_printable(line)}'")
        code = match["code"].decode()
        if self._texts and code != self._code:  # RFC 5321 4.2.1: the code is the same on every line
            return Fault(f"changes its code from {self._code} to {code} within one reply")
        self._code = code
        self._texts.append(_printable(match["text"] or b""))
        if len(self._texts) > MAX_LINES:
            return Fault(f"sends a reply of more than {MAX_LINES} lines")
        return None if match["mark"] == b"-" else self._finish()

    def _finish(self) -> Reply:
        texts, self._texts = self._texts, []
        found = _STATUS.match(texts[0])
        status = found["status"] if found and found["status"][0] == self._code[0] else ""
        if status:
            texts = [text.removeprefix(status).lstrip(" ") for text in texts]
        return Reply(int(self._code), status, "\n".join(texts))


def _printable(text: bytes) -> str:
    return _UNPRINTABLE.sub(b"?", text.replace(b"\t", b" ")).decode("ascii")
