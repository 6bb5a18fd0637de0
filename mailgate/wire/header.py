"""Looks at a message's header while it comes in, whatever its size: which fields are there, not what they say."""

from __future__ import annotations

import re
from typing import Final

# RFC 5322 2.2: a field's name ends with a colon; 4.5: old mail may have white space before it.
_FIELD: Final = re.compile(rb"\n(?i:(?P<received>received)|(?P<date>date)|(?P<message_id>message-id))[ \t]{0,32}:")
_NAME_OCTETS: Final = 128  # of a line that has not ended, so much is kept to see its name by


class HeaderScanner:
    """Counts the fields that a server cares for, up to the first empty line (RFC 5322 2.1)."""

    def __init__(self) -> None:
        self.hops = 0  # Received fields: one for every host the message has passed (RFC 5321 4.4)
        self.has_date = False
        self.has_message_id = False
        self.begins_folded = False  # with white space, as if it went on with a field before it
        self._held = b"\n"  # the beginning is as if after a line's end
        self._begun = False
        self.done = False  # has the empty line come?

    def feed(self, block: bytes) -> None:
        """Take the next octets, with LF line ends."""
        if self.done:
            return
        if not self._begun and block:
            self._begun = True
            self.begins_folded = block[:1] in (b" ", b"\t")
        data = self._held + block
        end = data.find(b"\n\n")
        self.done = end >= 0
        for match in _FIELD.finditer(data, 0, end if self.done else len(data)):
            self._count(match)
        last = data.rfind(b"\n")
        # The name at the end may not be whole; what is, must not be counted twice.
        self._held = b"" if last < 0 or _FIELD.match(data, last) else data[last : last + _NAME_OCTETS]

    def _count(self, match: re.Match[bytes]) -> None:
        if match["received"]:
            self.hops += 1
        elif match["date"]:
            self.has_date = True
        else:
            self.has_message_id = True
