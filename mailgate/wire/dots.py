"""Dot-stuffed content, in (SMTP DATA) and out (POP3 multi-line responses), by block and never by line.

Inside, lines end with LF. What content may have in it is for `content` to say.
"""

from __future__ import annotations

import re
from typing import Final

from mailgate.wire.content import MAX_LINE_OCTETS, ContentReader

_END: Final = b"\r\n.\r\n"
# Where two octets or more are looked for, an expression is several times as fast as what `bytes` has.
_STUFFED: Final = re.compile(rb"\r\n\.")
_TO_BE_STUFFED: Final = re.compile(rb"\n\.")
_TAIL: Final = re.compile(rb"\r(?:\n(?:\.\r?)?)?\Z")  # what may become the end, or stuffing


class DotReader:
    """Finds the end of DATA content and undoes dot-stuffing (RFC 5321 4.5.2).

    Only CRLF.CRLF ends content (RFC 5321 4.1.1.4): a bare LF or CR beside a dot never does, and is remembered in
    `fault` so that the whole can be refused after its end. Make a new one for each content.
    """

    def __init__(self, max_line_octets: int = MAX_LINE_OCTETS, *, normalise: bool = False) -> None:
        """As `content.ContentReader` has it. What is normalised never ends content either."""
        self._content = ContentReader(max_line_octets, normalise=normalise)
        self._held = b"\r\n"  # content begins as if after a line's end: a dot alone ends it at once
        self._at_start = True

    @property
    def fault(self) -> str | None:
        """The first of `content.ContentFault` that was seen."""
        return self._content.fault

    def feed(self, block: bytes) -> tuple[bytes, bytes | None]:
        """Take the next octets; give (content with LF line ends, what follows the end).

        The second is None until the end has come; then it holds the octets behind the final dot's CRLF.
        """
        data = self._held + block
        first = _STUFFED.search(data)  # mostly there is none, or the one that ends it all
        dot = first.start() if first is not None else -1
        end = data.find(_END, dot) if dot >= 0 else -1
        if end >= 0:
            return self._cook(data[: end + 2], stuffed=dot < end), data[end + 5 :]
        held = _TAIL.search(data, len(data) - 4)
        self._held = tail = b"" if held is None else held[0]
        return self._cook(data[: len(data) - len(tail)], stuffed=dot >= 0), None

    def _cook(self, raw: bytes, *, stuffed: bool) -> bytes:
        # `raw` ends neither within a CRLF nor between a CRLF and a dot: `_TAIL` holds these back.
        content = self._content.feed(_STUFFED.sub(b"\r\n", raw) if stuffed else raw)
        if self._at_start and content:
            self._at_start = False
            return content[1:]  # the line end that was assumed before the first line
        return content


class _LineEnds:
    """Turns CRLF into LF across blocks; a lone CR stays what it is."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, block: bytes) -> bytes:
        data = self._held + block if self._held else block
        if b"\r" not in data:
            self._held = b""
            return data
        self._held = b"\r" if data.endswith(b"\r") else b""
        return data[: len(data) - len(self._held)].replace(b"\r\n", b"\n")

    def finish(self) -> bytes:
        held, self._held = self._held, b""
        return held


class DotWriter:
    """Writes content as a POP3 multi-line response (RFC 1939 section 3): CRLF line ends, dots stuffed, final dot.

    Takes LF and CRLF line ends (files from other programs have both); a lone CR is passed on.
    """

    def __init__(self) -> None:
        self._ends = _LineEnds()
        self._at_line_start = True

    def feed(self, block: bytes) -> bytes:
        """The next octets for the wire."""
        return self._stuff(self._ends.feed(block))

    def finish(self) -> bytes:
        """What is still held back, a line end if the last line has none, and the final dot."""
        rest = self._stuff(self._ends.finish())
        return rest + (b".\r\n" if self._at_line_start else b"\r\n.\r\n")

    def _stuff(self, content: bytes) -> bytes:
        if not content:
            return b""
        stuffed = _stuffed(content, at_line_start=self._at_line_start)
        self._at_line_start = content.endswith(b"\n")
        return stuffed


def dotted(content: bytes, head: bytes = b"") -> bytes:
    """What `DotWriter` makes of a content that is there as a whole, behind the first line of the response."""
    ends = content.replace(b"\r\n", b"\n") if b"\r" in content else content
    final_dot = b".\r\n" if ends[-1:] in (b"", b"\n") else b"\r\n.\r\n"
    return b"%b%b%b" % (head, _stuffed(ends, at_line_start=True), final_dot)


def _stuffed(content: bytes, *, at_line_start: bool) -> bytes:
    # To look for two octets takes ten times as long as for one, and base64 has no dots.
    stuffed = _TO_BE_STUFFED.sub(b"\n..", content) if b"." in content else content
    if at_line_start and stuffed[:1] == b".":
        stuffed = b"." + stuffed
    return stuffed.replace(b"\n", b"\r\n")


class WireCounter:
    """Counts the octets that `DotWriter` makes of a content, without stuffing and final dot.

    That is the size which LIST and STAT tell (RFC 1939 section 11: octets with CRLF line ends, stuffing not counted).
    """

    def __init__(self) -> None:
        self._ends = _LineEnds()
        self._octets = 0
        self._at_line_start = True

    def feed(self, block: bytes) -> None:
        """Count the next octets."""
        self._count(self._ends.feed(block))

    def finish(self) -> int:
        """The size, with the line end that a last line without one is given."""
        self._count(self._ends.finish())
        return self._octets + (0 if self._at_line_start else 2)

    def _count(self, content: bytes) -> None:
        if content:
            self._octets += len(content) + content.count(b"\n")
            self._at_line_start = content.endswith(b"\n")
