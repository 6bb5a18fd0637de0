"""The beginning of a content, as TOP sends it: header, blank line, lines of the body. By block, never by line."""

from __future__ import annotations

import re
from typing import Final

_BLANK_LINE: Final = re.compile(rb"\n\r?\n")


class TopFilter:
    """Passes the header, the blank line behind it and `lines` lines of the body (RFC 1939 section 7, TOP).

    Takes LF and CRLF line ends and changes none. A content without a blank line is all header; one that begins with
    a blank line has no header. A last line without a line end counts as a line.
    """

    def __init__(self, lines: int) -> None:
        self._lines = lines  # of the body, still to pass
        self._in_header = True
        self._before = b"\n"  # the last octets that passed, where a blank line may have begun; at first: a line begins

    @property
    def done(self) -> bool:
        """Has everything passed that may pass? More octets may be fed, and give nothing."""
        return not self._in_header and self._lines == 0

    def feed(self, block: bytes) -> bytes:
        """What may pass of the next octets."""
        if not self._in_header:
            return self._pass_lines(block)
        end = self._find_body(block)
        if end is None:
            return block
        self._in_header = False
        return block[:end] + self._pass_lines(block[end:])

    def _find_body(self, block: bytes) -> int | None:
        joined = self._before + block
        blank = _BLANK_LINE.search(joined)
        if blank is None:
            self._before = joined[-2:]  # of LF CR LF, two can stand before the block's edge
            return None
        return blank.end() - len(self._before)

    def _pass_lines(self, block: bytes) -> bytes:
        ends = block.count(b"\n")
        if ends < self._lines:
            self._lines -= ends
            return block
        end = 0
        for _ in range(self._lines):
            end = block.index(b"\n", end) + 1
        self._lines = 0
        return block[:end]
