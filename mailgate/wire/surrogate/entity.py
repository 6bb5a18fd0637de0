"""What the header of a message or a part says of the body behind it (RFC 2045), field by field.

Holds a Content-Type of RFC 6532 and 6533 back until it is known whether the body can be presented as what older
readers know.
"""

from __future__ import annotations

import re
from typing import Final

from mailgate.wire.surrogate.fields import present_field, split_field
from mailgate.wire.surrogate.parameters import ContentType, read_content_type

HELD_OCTETS: Final = 64 << 10  # of a header, behind a Content-Type that is held back

# What can be presented, once its fields are ASCII, as what was there before RFC 6532 and RFC 6533.
CONVENTIONAL: Final = {
    "message/global": b"message/rfc822",
    "message/global-headers": b"text/rfc822-headers",
    "message/global-delivery-status": b"message/delivery-status",
    "message/global-disposition-notification": b"message/disposition-notification",
}
_MEDIA_TYPE: Final = re.compile(rb"(?<=:)(\s*)message\s*/\s*global(?:-[a-z-]+)?", re.IGNORECASE)
_IDENTITY: Final = ("", "7bit", "8bit", "binary")  # RFC 2045 6.2


class Entity:
    """One header, while its fields pass by."""

    def __init__(self, part_type: str) -> None:
        """`part_type`: what the body is if no field says it."""
        self._type = ContentType(part_type)
        self._has_type = False
        self._encoding = ""
        self._held: list[bytes] = []  # a Content-Type, and what came behind it
        self._held_octets = 0
        self._is_opaque = False

    @property
    def content_type(self) -> ContentType:
        """Of the body, once the header has ended: empty if it cannot be looked into."""
        media_type, boundary = self._type
        if media_type.startswith("multipart/"):  # RFC 2045 6.4: never encoded
            return ContentType(media_type, boundary)
        if self._is_opaque or self._encoding not in _IDENTITY:
            return ContentType("")
        return self._type

    def take(self, field: bytes) -> bytes:
        """Present a field, with its line end; what may be sent now. Of two alike, the first counts."""
        presented = present_field(field)
        name, body = split_field(presented)
        if name.lower() == "content-transfer-encoding" and not self._encoding:
            self._encoding = body.decode("ascii").partition("(")[0].strip().lower()
        elif name.lower() == "content-type" and not self._has_type:
            self._has_type = True
            self._type = read_content_type(body)
            if self._type.media_type in CONVENTIONAL:
                self._held = [presented]
                return b""
        return self.take_plain(presented)

    def take_plain(self, octets: bytes) -> bytes:
        """Octets of the header that say nothing of the body; what may be sent now."""
        if not self._held:
            return octets
        self._held.append(octets)
        self._held_octets += len(octets)
        if self._held_octets <= HELD_OCTETS:
            return b""
        self._is_opaque = True
        return self.finish()

    def finish(self) -> bytes:
        """The header has ended; what was held back."""
        held, self._held = self._held, []
        if held and self.content_type.media_type:
            held[0] = _MEDIA_TYPE.sub(rb"\1" + CONVENTIONAL[self._type.media_type], held[0], count=1)
        return b"".join(held)
