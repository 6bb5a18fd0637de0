"""Content that comes in chunks of a known size (RFC 3030): no dots, no stuffing, any cuts."""

from __future__ import annotations

from mailgate.wire.content import MAX_LINE_OCTETS, ContentReader


class ChunkReader:
    """The content of one message, over all its chunks. Make a new one for each message."""

    def __init__(self, max_line_octets: int = MAX_LINE_OCTETS, *, normalise: bool = False) -> None:
        """As `content.ContentReader` has it."""
        self._content = ContentReader(max_line_octets, normalise=normalise)
        self._held = b""
        self._at_line_start = True

    @property
    def fault(self) -> str | None:
        """The first of `content.ContentFault` that was seen."""
        return self._content.fault

    def feed(self, block: bytes) -> bytes:
        """The next octets, with LF line ends."""
        data = self._held + block if self._held else block
        self._held = b"\r" if data.endswith(b"\r") else b""  # its LF may be the first octet of the next chunk
        return self._cook(data[: len(data) - len(self._held)])

    def finish(self) -> bytes:
        """What is left at the end, and the line end that a last line without one is given.

        A message ends with a whole line (RFC 5321 4.1.1.4); in chunks nothing but the count says where it ends.
        """
        rest = self._cook(self._held)
        self._held = b""
        return rest if self._at_line_start else rest + b"\n"

    def _cook(self, raw: bytes) -> bytes:
        content = self._content.feed(raw)
        if content:
            self._at_line_start = content.endswith(b"\n")
        return content
