"""The messages that are fetched: made from number and size alone, so that a client can tell what it has to get."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_LINE: Final = b"All work and no play makes Jack a dull boy; so says every line of this message but one.\r\n"
_DOT: Final = b".a line that begins with a dot\r\n"  # one a message: servers have to look for it everywhere anyway
_NUMBER: Final = 8  # digits


def content(number: int, octets: int) -> bytes:
    """A message of so many octets, with CRLF line ends and without stuffed dots."""
    return b"Subject: %0*d\r\n\r\n" % (_NUMBER, number) + _body(octets - _NUMBER - 13)


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


def _last_line(octets: int) -> bytes:
    return b"" if octets == 0 else b"\n".rjust(octets, b"x") if octets == 1 else b"\r\n".rjust(octets, b"x")
