"""One answer on its way out: how much of it is kept, whether it goes at once or in blocks."""

from __future__ import annotations

from typing import Final

from mailgate.wire.legible import legible

LONG_OCTETS: Final = 4_096  # an answer that is longer is no dialogue any more, but a listing


class Answer:
    """Takes the octets of an answer, and keeps the beginning."""

    def __init__(self, *, has_content: bool) -> None:
        """`has_content`: what comes behind the first line is a message."""
        self._has_content = has_content
        self._beginning = bytearray()
        self._octets = 0

    def feed(self, octets: bytes) -> None:
        """More of it went out."""
        self._beginning += octets[: LONG_OCTETS - len(self._beginning)]
        self._octets += len(octets)

    def lines(self, *, whole: bool) -> list[str]:
        """What to write down: its lines, or the first one and how long the rest was; `whole`: its end went out."""
        first, end, rest = bytes(self._beginning).partition(b"\r\n")
        octets = self._octets - len(first) - len(end)
        lines = [legible(first)] if first else []
        if rest and (self._has_content or self._octets > LONG_OCTETS):
            lines.append(f"[{octets:,} octets]" if whole else f"[{octets:,} octets, without an end]")
        elif rest:
            lines.extend(map(legible, rest.removesuffix(b"\r\n").split(b"\r\n")))
        return lines
