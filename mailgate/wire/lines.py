"""Cuts an incoming stream into CRLF lines and blocks, within a bound.

Knows nothing of commands. Only CRLF ends a line (RFC 5321 2.3.8); a lone CR or LF stays inside the line it stands
in, where `is_clean` finds it.
"""

from __future__ import annotations

import enum
import re
from typing import Final

_UNCLEAN: Final = re.compile(rb"[\x00\r\n]")


class Overlong(enum.Enum):
    """The one value `LineBuffer.take_line` gives for a line longer than allowed, whatever its length."""

    OVERLONG = enum.auto()


OVERLONG: Final = Overlong.OVERLONG
BEGINNING_OCTETS: Final = 64  # of an over-long line, so much is kept to see what it was


def is_clean(line: bytes) -> bool:
    """Is `line` (without its CRLF) free of NUL, bare CR and bare LF?"""
    return _UNCLEAN.search(line) is None


class LineBuffer:
    """Octets that have arrived and are not yet used.

    What it holds is bounded by the caller's `limit` plus what one `feed` brings: an over-long line is thrown away
    while it arrives.
    """

    def __init__(self) -> None:
        self._octets = bytearray()
        self._searched = 0  # no CRLF begins before this offset
        self._skipping = False  # inside a line that was already too long
        self.too_long = b""  # the beginning of the last one

    def __len__(self) -> int:
        return len(self._octets)

    def feed(self, data: bytes) -> None:
        """Append octets that arrived."""
        self._octets += data

    def clear(self) -> None:
        """Forget everything that has arrived."""
        self._octets.clear()
        self._searched = 0
        self._skipping = False

    def take_all(self) -> bytes:
        """All octets there are, in one block."""
        if not self._octets:
            return b""
        data = bytes(self._octets)
        self.clear()
        return data

    def take(self, octets: int) -> bytes:
        """Up to so many octets, whatever is in them."""
        with memoryview(self._octets) as octets_here:
            data = bytes(octets_here[:octets])
        del self._octets[:octets]
        self._searched = 0
        self._skipping = False
        return data

    def take_line(self, limit: int) -> bytes | Overlong | None:
        """The next line without its CRLF; `OVERLONG`, once a line, if it has more than `limit` octets with its
        CRLF; None if its end has not arrived yet.
        """
        if not self._octets:  # so it is whenever a client waits for what is said to its last line
            return None
        end = self._octets.find(b"\r\n", self._searched)
        if end < 0:
            self._wait_for_end(limit)
            return None
        line = bytes(self._octets[:end])
        del self._octets[: end + 2]
        self._searched = 0
        if self._skipping or end + 2 > limit:
            if not self._skipping:
                self.too_long = line[:BEGINNING_OCTETS]
            self._skipping = False
            return OVERLONG
        return line

    def _wait_for_end(self, limit: int) -> None:
        if len(self._octets) > limit and not self._skipping:
            self._skipping = True
            self.too_long = bytes(self._octets[:BEGINNING_OCTETS])
        if self._skipping:
            del self._octets[:-1]  # the last octet may be the CR of the CRLF
        self._searched = max(0, len(self._octets) - 1)
