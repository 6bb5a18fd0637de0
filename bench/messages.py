"""The messages that are sent and fetched: made from number and size alone, so that everybody can tell what they are."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# Every field that a server would add where it is missing: nothing is to be put into the midst of a header.
_HEAD: Final = (
    b"From: <sender@example.org>\r\n"
    b"To: <somebody@example.test>\r\n"
    b"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    b"Message-ID: <%08d@example.org>\r\n"
    b"Subject: %08d\r\n"
    b"\r\n"
)
_HEAD_OCTETS: Final = len(_HEAD % (0, 0))
_NUMBER: Final = re.compile(rb"^Subject: (\d{8})\r?\n", re.MULTILINE)
_LINE: Final = b"All work and no play makes Jack a dull boy; so says every line of this message but one.\r\n"
_DOT: Final = b".a line that begins with a dot\r\n"  # one a message: servers have to look for it everywhere anyway


def content(number: int, octets: int) -> bytes:
    """A message of so many octets, with CRLF line ends and without stuffed dots; `number` has eight digits at most."""
    return _HEAD % (number, number) + _body(octets - _HEAD_OCTETS)


def sent(number: int, octets: int) -> bytes:
    """The same as DATA has it, with the final dot (RFC 5321 section 4.5.2)."""
    return _HEAD % (number, number) + _stuffed_body(octets - _HEAD_OCTETS)


def kept(number: int, octets: int) -> bytes:
    """The same with the line ends of files."""
    return (_HEAD % (number, number)).replace(b"\r\n", b"\n") + _kept_body(octets - _HEAD_OCTETS)


def number_of(message: bytes) -> int | None:
    """Which one this is, with either line ends and whatever fields in front; None if it is none."""
    found = _NUMBER.search(message, 0, 4_096)
    return None if found is None else int(found[1])


@lru_cache
def stuffed_octets(octets: int) -> int:
    """What a message of so many octets takes on the wire, without the final dot (RFC 1939 section 3)."""
    return len(stuffed(content(0, octets)))


def stuffed(message: bytes) -> bytes:
    """As it is sent, without the final dot (RFC 1939 section 3)."""
    return message.replace(b"\r\n.", b"\r\n..")


@lru_cache(8)
def _body(octets: int) -> bytes:
    left = octets - len(_DOT)
    return _DOT + _LINE * (left // len(_LINE)) + _last_line(left % len(_LINE))


@lru_cache(8)
def _stuffed_body(octets: int) -> bytes:
    return b"." + stuffed(_body(octets)) + b".\r\n"  # the body's first line is the one with the dot


@lru_cache(8)
def _kept_body(octets: int) -> bytes:
    return _body(octets).replace(b"\r\n", b"\n")


def _last_line(octets: int) -> bytes:
    return b"" if octets == 0 else b"\n".rjust(octets, b"x") if octets == 1 else b"\r\n".rjust(octets, b"x")
