"""A message as it goes out: its fields, then its body as it was received. Nothing is put on top for one recipient."""

from __future__ import annotations

from collections.abc import Generator

from attrs import frozen

from mailgate.mail import BLOCK_OCTETS, Message


@frozen
class Content:
    """What follows DATA."""

    message: Message

    @property
    def wire_octets(self) -> int:
        """The size for SIZE: with CRLF line ends, without stuffing and final dot (RFC 1870 5)."""
        fields = self._fields()
        return len(fields) + fields.count(b"\n") + self.message.body.wire_octets

    def has_eight_bit_octets(self) -> bool:
        """Is there an octet beyond ASCII? Reads to the first. Raises OSError.

        On the reactor: the spool has just been written, and 25 MB of it are looked through in some milliseconds.
        """
        blocks = self.blocks()
        try:
            return any(not block.isascii() for block in blocks)
        finally:
            blocks.close()

    def has_international_header(self) -> bool:
        """Is there an octet beyond ASCII in our fields, or the content up to its first empty line? Raises OSError."""
        if not self._fields().isascii():
            return True
        before = b"\n"
        with self.message.body.open() as stream:
            while block := stream.read(BLOCK_OCTETS):
                header, end, _ = (before + block).partition(b"\n\n")
                if end or not header.isascii():
                    return not header.isascii()
                before = block[-1:]
        return False

    def blocks(self) -> Generator[bytes, None, None]:
        """The octets, with LF line ends, the body `BLOCK_OCTETS` at a time. Close it after use. Raises OSError."""
        if fields := self._fields():
            yield fields
        with self.message.body.open() as stream:
            while block := stream.read(BLOCK_OCTETS):
                yield block

    def _fields(self) -> bytes:
        return b"".join(map(bytes, self.message.fields))
