"""Finds where the parts of a multipart begin (RFC 2046 5.1), by block and never by line."""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from mailgate.wire.surrogate.parameters import BOUNDARY_OCTETS

MAX_DEPTH: Final = 32  # multiparts in one another; what is deeper is not looked into
DELIMITER_OCTETS: Final = BOUNDARY_OCTETS + 64  # a delimiter line with its line end, and white space before that


class Line(enum.Enum):
    """What a line is that begins with two hyphens."""

    UNFINISHED = enum.auto()  # its end has not come
    OTHER = enum.auto()
    DELIMITER = enum.auto()
    CLOSE_DELIMITER = enum.auto()


class _Multipart(NamedTuple):
    boundary: bytes
    part_type: str  # of a part that does not say it


class Multiparts:
    """The multiparts that are open, one in another. `Line`s are asked for in the order of the message."""

    def __init__(self) -> None:
        self._open: list[_Multipart] = []

    def __len__(self) -> int:
        return len(self._open)

    @property
    def part_type(self) -> str:
        """What a part of the innermost is when it does not say it (RFC 2046 5.1.5; RFC 2045 5.2)."""
        return self._open[-1].part_type if self._open else "text/plain"

    def open(self, boundary: bytes, media_type: str) -> None:
        """A multipart begins; if that is one too many, or it has no boundary, its parts will not be found."""
        if boundary and len(self._open) < MAX_DEPTH:
            part_type = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
            self._open.append(_Multipart(boundary, part_type))

    def read(self, data: bytes, at: int) -> tuple[Line, int]:
        """What the line is that begins at `at` with two hyphens, and where it ends, with its line end.

        Of an outer multipart, it ends those inside (RFC 2046 5.1.2). The last line of all may be unfinished for ever.
        """
        end = data.find(b"\n", at, at + DELIMITER_OCTETS)
        if end < 0:
            return (Line.UNFINISHED if len(data) - at < DELIMITER_OCTETS else Line.OTHER), at
        text = data[at + 2 : end].rstrip(b" \t\r")
        for depth in range(len(self._open), 0, -1):
            boundary = self._open[depth - 1].boundary
            if text == boundary:
                del self._open[depth:]
                return Line.DELIMITER, end + 1
            if text == boundary + b"--":
                del self._open[depth - 1 :]
                return Line.CLOSE_DELIMITER, end + 1
        return Line.OTHER, end
