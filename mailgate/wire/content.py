"""What content may be on the wire, whichever command brings it: found block by block, never line by line.

Inside, lines end with LF; CRLF becomes LF here.
"""

from __future__ import annotations

import re
from typing import Final

MAX_LINE_OCTETS: Final = 1 << 20  # with its CRLF. RFC 5321 4.5.3.1.6 has 1,000, which much real mail breaks


class ContentFault:
    """What can be wrong with content as it stood on the wire (RFC 5321 2.3.8, 4.1.1.4, 4.5.3.1.6)."""

    BARE_CR: Final = "a CR without LF"
    BARE_LF: Final = "an LF without CR"
    NUL: Final = "a NUL octet"
    LONG_LINE: Final = "a line that is too long"


_FAULTY: Final = re.compile(rb"(?P<cr>\r(?!\n))|(?P<lf>(?<!\r)\n)|\0")
_FAULTS: Final = {"cr": ContentFault.BARE_CR, "lf": ContentFault.BARE_LF, None: ContentFault.NUL}


class ContentReader:
    """Gives content with LF line ends, and remembers in `fault` the first thing that was wrong with it."""

    def __init__(self, max_line_octets: int = MAX_LINE_OCTETS, *, normalise: bool = False) -> None:
        """`normalise`: a bare CR or LF ends a line, and a NUL is dropped, instead of being faults."""
        self.fault: str | None = None
        self._max_octets = max_line_octets - 1  # with LF instead of CRLF
        self._normalise = normalise
        self._line_octets = 0  # of the line that has not ended yet

    def feed(self, raw: bytes) -> bytes:
        """The next block, which must not end between a CR and its LF."""
        content = raw.replace(b"\r", b"")
        # Of octets that have been through this and back, only those are the same whose every CR and LF is of a CRLF. To
        # look for a single octet takes a tenth of the time that two take.
        if b"\0" in content or content.replace(b"\n", b"\r\n") != raw:
            content = self._judge(raw)
        if self.fault is None:
            self._measure(content)
        return content

    def _judge(self, raw: bytes) -> bytes:
        content = raw.replace(b"\r\n", b"\n")
        if self._normalise:
            return content.replace(b"\r", b"\n").replace(b"\0", b"")
        if self.fault is None:
            first = _FAULTY.search(raw)
            assert first is not None, "what is not clean has something in it"
            self._measure(raw[: first.start()].replace(b"\r\n", b"\n"))  # a long line may have come before it
            self.fault = self.fault or _FAULTS[first.lastgroup]
        return content

    def _measure(self, content: bytes) -> None:
        first = content.find(b"\n")
        if first < 0:
            self._line_octets += len(content)
            longest = self._line_octets + 1
        else:
            longest = self._line_octets + first + 1
            self._line_octets = len(content) - content.rfind(b"\n") - 1
        # Only a block that is longer than a line may be can hide one that is too long between its first and last LF.
        inside = len(content) > self._max_octets and max(map(len, content.split(b"\n"))) >= self._max_octets
        if longest > self._max_octets or inside:
            self.fault = ContentFault.LONG_LINE
