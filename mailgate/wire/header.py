"""Looks at a message's header while it comes in, whatever its size: which fields are there, and the Message-ID."""

from __future__ import annotations

import re
from typing import Final

MESSAGE_ID_OCTETS: Final = 998  # RFC 5322 2.1.1: no line is longer; what is, is cut

# RFC 5322 2.2: a field's name ends with a colon; 4.5: old mail may have white space before it.
_FIELD: Final = re.compile(rb"\n(?i:(?P<received>received)|(?P<date>date)|(?P<message_id>message-id))[ \t]{0,32}:")
_NAME_OCTETS: Final = 128  # of a line that has not ended, so much is kept to see its name by
_VALUE_END: Final = re.compile(rb"\n(?![ \t])")  # RFC 5322 2.2.3: a line that begins with white space goes on
_IDENTIFIER: Final = re.compile(r"<([^<>]*)")


class HeaderScanner:
    """Counts the fields that a server cares for, up to the first empty line (RFC 5322 2.1)."""

    def __init__(self) -> None:
        self.hops = 0  # Received fields: one for every host the message has passed (RFC 5321 4.4)
        self.has_date = False
        self.has_message_id = False
        self.begins_folded = False  # with white space, as if it went on with a field before it
        self._value = b""  # of the first Message-ID, as far as it has come
        self._held = b"\n"  # the beginning is as if after a line's end
        self._begun = False
        self.done = False  # has the empty line come?

    @property
    def message_id(self) -> str:
        """What the first Message-ID says, without its brackets; empty if there is none. Not to be trusted."""
        return identifier(_VALUE_END.split(self._value, maxsplit=1)[0].decode("utf-8", "replace"))

    def feed(self, block: bytes) -> None:
        """Take the next octets, with LF line ends."""
        if self.done:
            return
        if not self._begun and block:
            self._begun = True
            self.begins_folded = block[:1] in (b" ", b"\t")
        if self.has_message_id:
            self._collect(block[:MESSAGE_ID_OCTETS])
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
        elif not self.has_message_id:
            self.has_message_id = True
            self._collect(match.string[match.end() : match.end() + MESSAGE_ID_OCTETS])

    def _collect(self, octets: bytes) -> None:
        """Keep what belongs to the Message-ID, and perhaps more behind it: where it ends is for who asks."""
        self._value += octets[: MESSAGE_ID_OCTETS - len(self._value)]


def identifier(value: str) -> str:
    """The identifier in the value of a Message-ID field, without its brackets and folds (RFC 5322 3.6.4)."""
    found = _IDENTIFIER.search(value)
    return "".join((found[1] if found is not None else value).split())
