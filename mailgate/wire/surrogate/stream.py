"""The surrogate of an international message, for a reader who knows ASCII headers alone (RFC 6856 2.1, RFC 6858).

By block, in memory that does not grow with the message. Bodies pass as they are: only header fields are changed, of
the message, of its parts and of messages in it, and of these only what is not ASCII. The result depends on the octets
alone, not on how they were cut. Nothing is ever refused.
"""

from __future__ import annotations

import enum
import re
from typing import Final

from mailgate.wire.surrogate.entity import CONVENTIONAL, Entity
from mailgate.wire.surrogate.fields import present_field
from mailgate.wire.surrogate.parts import DELIMITER_OCTETS, Line, Multiparts

FIELD_OCTETS: Final = 64 << 10  # of a header field with its line ends; a longer one is not held as a whole

# What one message may cost: each field that wants a look costs its octets and `LOOK_OCTETS`, and each line in a body
# that may be a delimiter the same without its own. Real messages need some thousands; whoever sends us millions is not
# worth a second.
EFFORT_OCTETS: Final = 256 << 10
LOOK_OCTETS: Final = 32

# Whole fields, in ASCII, that need no look: none that says what the body is, no blank line, no delimiter.
_PLAIN_FIELDS: Final = re.compile(rb"(?:(?![\r\n-]|(?i:content-t))[\x00-\x09\x0b-\x7f]*+\n)+(?=[^ \t])")
_BLANK_LINE: Final = re.compile(rb"\r?\n")
_NEXT_BLANK_LINE: Final = re.compile(rb"(?<=\n)\r?\n")
_TO_ASCII: Final = bytes(octet if octet < 0x80 else ord("?") for octet in range(256))
_MESSAGES: Final = ("message/rfc822", "message/global")


class _Place(enum.Enum):
    HEADER = enum.auto()
    FIELDS = enum.auto()  # a body that consists of fields, in groups
    LONG_FIELD = enum.auto()
    REST = enum.auto()  # of a header that was not worth more
    BODY = enum.auto()


class Surrogate:
    """Makes the surrogate of one message. Takes LF and CRLF line ends, and keeps them.

    A field of more than `max_field_octets` goes if it is not ASCII up to there. Otherwise it passes, and what is not
    ASCII in its rest becomes question marks: what has passed cannot be taken back. The same becomes of the rest of a
    header when a message has cost more than `effort_octets`, and then its parts are not looked into any more.
    """

    def __init__(self, max_field_octets: int = FIELD_OCTETS, effort_octets: int = EFFORT_OCTETS) -> None:
        self._max_octets = max(max_field_octets, DELIMITER_OCTETS)  # a delimiter in a header must be seen whole
        self._multiparts = Multiparts()
        self._entity = Entity("text/plain")
        self._place = self._place_of_long = _Place.HEADER
        self._drops_long = False
        self._effort_left = effort_octets
        self._is_fresh = True  # in the rest of a header: what stands at `_at` begins a line
        self._data = b""
        self._at = 0  # what stands before has been dealt with
        self._search = 0  # in a body: no delimiter begins before; not after `_at`
        self._sent: list[bytes] = []

    def feed(self, block: bytes) -> bytes:
        """The next octets of the surrogate."""
        self._data = self._data + block if self._data else block
        while self._step():
            pass
        kept = self._search if self._place is _Place.BODY else self._at
        self._data = self._data[kept:]
        self._at -= kept
        self._search = 0
        return self._take_sent()

    def finish(self) -> bytes:
        """What is still held back."""
        if self._place is _Place.LONG_FIELD:
            self._pass_long(len(self._data))
        elif self._place is _Place.REST:
            self._pass_rest(len(self._data))
        elif self._place is not _Place.BODY and self._at < len(self._data):
            self._pass_field(len(self._data))
        self._sent.append(self._entity.finish())
        return self._take_sent()

    def _take_sent(self) -> bytes:
        sent, self._sent = self._sent, []
        return b"".join(sent) if len(sent) != 1 else sent[0]

    def _step(self) -> bool:
        """Go on by one thing. Is there more to do before the next octets come?"""
        if self._at == len(self._data):
            return False
        if self._place is _Place.BODY:
            return self._read_body()
        if self._place is _Place.LONG_FIELD:
            return self._read_long()
        if self._place is _Place.REST:
            return self._read_rest()
        return self._read_plain() or self._read_line() or self._read_field()

    # Fields

    def _read_plain(self) -> bool:
        plain = _PLAIN_FIELDS.match(self._data, self._at)
        if plain is None:
            return False
        self._sent.append(self._entity.take_plain(plain[0]))
        self._at = plain.end()
        return True

    def _read_line(self) -> bool:
        """A line that is no field: blank, or a delimiter."""
        blank = _BLANK_LINE.match(self._data, self._at)
        if blank is not None:
            self._sent += [self._entity.finish(), blank[0]]
            self._at = blank.end()
            if self._place is _Place.HEADER:
                self._begin_body()
            return True
        if len(self._multiparts) == 0 or not self._data.startswith(b"--", self._at):
            return False
        line, end = self._multiparts.read(self._data, self._at)
        if line is Line.DELIMITER or line is Line.CLOSE_DELIMITER:
            self._sent.append(self._entity.finish())
            self._pass_delimiter(line, end)
            return True
        return False

    def _read_field(self) -> bool:
        end = self._field_end()
        if (len(self._data) if end is None else end) - self._at > self._max_octets:
            self._drops_long = not self._data[self._at : self._at + self._max_octets].isascii()
            self._place, self._place_of_long = _Place.LONG_FIELD, self._place
            return True
        if end is None:
            return False
        self._pass_field(end)
        return True

    def _read_long(self) -> bool:
        end = self._field_end()
        if end is None:
            self._pass_long(len(self._data) - self._data.endswith(b"\n"))
            return False
        self._pass_long(end)
        self._place = self._place_of_long
        return True

    def _field_end(self) -> int | None:
        """Where the field ends that stands here; None: that has yet to come (RFC 5322 2.2.3)."""
        at = self._at
        while True:
            at = self._data.find(b"\n", at) + 1
            if at == 0 or at == len(self._data):
                return None
            if self._data[at] not in b" \t":
                return at

    def _pass_field(self, end: int) -> None:
        field = self._data[self._at : end]
        self._sent.append(self._entity.take(field) if self._place is _Place.HEADER else present_field(field))
        self._at = end
        if not self._spend(len(field)):
            self._sent.append(self._entity.finish())
            self._place, self._is_fresh = _Place.REST, True

    def _spend(self, octets: int = 0) -> bool:
        """Note what a look costs. Is there enough left to go on?"""
        self._effort_left -= LOOK_OCTETS + octets
        if self._effort_left >= 0:
            return True
        self._multiparts = Multiparts()
        return False

    def _read_rest(self) -> bool:
        """Pass the rest of the header in bulk, up to its blank line, and the body behind it as it is."""
        data, at = self._data, self._at
        blank = (_BLANK_LINE.match(data, at) if self._is_fresh else None) or _NEXT_BLANK_LINE.search(data, at)
        if blank is not None:
            self._pass_rest(blank.end())
            self._place, self._search = _Place.BODY, blank.end()
            return True
        kept = data.endswith(b"\n\r") or (self._is_fresh and data[at:] == b"\r")  # of what may become a blank line
        self._pass_rest(len(data) - kept)
        return False

    def _pass_rest(self, end: int) -> None:
        if end > self._at:
            self._sent.append(self._data[self._at : end].translate(_TO_ASCII))
            self._is_fresh = self._data[end - 1 : end] == b"\n"
            self._at = end

    def _pass_long(self, end: int) -> None:
        if not self._drops_long:
            self._sent.append(self._entity.take_plain(self._data[self._at : end].translate(_TO_ASCII)))
        self._at = end

    # Bodies

    def _begin_body(self) -> None:
        media_type, boundary = self._entity.content_type
        if media_type in _MESSAGES:
            self._entity = Entity("text/plain")
            return
        if media_type.startswith("multipart/"):
            self._multiparts.open(boundary, media_type)
        self._place = _Place.FIELDS if media_type in CONVENTIONAL else _Place.BODY
        self._search = self._at - 1  # a delimiter may follow at once

    def _read_body(self) -> bool:
        """Pass the body up to and with the next delimiter, or as far as it has come."""
        data = self._data
        hit = data.find(b"\n--", self._search) if len(self._multiparts) else -1
        while hit >= 0:
            line, end = self._multiparts.read(data, hit + 1)
            if line is Line.DELIMITER or line is Line.CLOSE_DELIMITER:
                self._pass_delimiter(line, end)
                return True
            if line is Line.UNFINISHED:
                break
            hit = data.find(b"\n--", hit + 1) if self._spend() else -1
        self._sent.append(data[self._at :])
        self._at = len(data)
        self._search = hit if hit >= 0 else _last_line(data)  # which does no harm where nobody looks any more
        return False

    def _pass_delimiter(self, line: Line, end: int) -> None:
        self._sent.append(self._data[self._at : end])
        self._at = end
        self._search = end - 1  # of two delimiters, the line end of one is the beginning of the next
        if self._spend() and line is Line.DELIMITER:
            self._entity = Entity(self._multiparts.part_type)
            self._place = _Place.HEADER
        else:
            self._place = _Place.BODY


def _last_line(data: bytes) -> int:
    """Where a line end stands behind which a delimiter may have begun, of which two hyphens have not come."""
    for tail in (b"\n-", b"\n"):
        if data.endswith(tail):
            return len(data) - len(tail)
    return len(data)
