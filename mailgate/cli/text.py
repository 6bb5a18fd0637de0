"""Octets that came from strangers, as a terminal may show them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.errors import MessageError
from email.header import decode_header, make_header
from typing import Final

HEADER_OCTETS: Final = 65_536  # so far into a message its header is read
VALUE_OCTETS: Final = 2000  # so much of a field is shown
LINE_OCTETS: Final = 8192  # a longer line is shown as several
_END: Final = re.compile(rb"\n\r?\n")
_FOLD: Final = re.compile(r"\r?\n[ \t]+")
_FIELD: Final = rb"(?im)^%s[ \t]*:[ \t]*(.*(?:\n[ \t].*)*)"
_FROM: Final = re.compile(_FIELD % b"from")
_SUBJECT: Final = re.compile(_FIELD % b"subject")


def harmless(octets: bytes) -> str:
    """A line without control characters: UTF-8 if it is that, and what is not printable as \\xNN."""
    from mailgate.log import escape

    return escape(octets.decode("utf-8", "backslashreplace").replace("\t", "    "))


def read_header(blocks: Iterable[bytes]) -> bytes:
    """What is read of a message to know its header: up to the empty line, or `HEADER_OCTETS`."""
    read = b""
    for block in blocks:
        read += block
        if len(read) >= HEADER_OCTETS or _END.search(read):
            break
    return _END.split(read[:HEADER_OCTETS], maxsplit=1)[0]


def sender_and_subject(header: bytes) -> tuple[str, str]:
    """What From and Subject say, decoded (RFC 2047) and without control characters; empty where they are missing."""
    return _value(header, _FROM), _value(header, _SUBJECT)


def lines_of(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends; memory does not grow with a line."""
    held = b""
    for block in blocks:
        *lines, held = (held + block).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
        while len(held) > LINE_OCTETS:
            yield held[:LINE_OCTETS]
            held = held[LINE_OCTETS:]
    if held:
        yield held.removesuffix(b"\r")


def _value(header: bytes, field: re.Pattern[bytes]) -> str:
    found = field.search(header)
    if found is None:
        return ""
    value = _FOLD.sub(" ", found[1][:VALUE_OCTETS].decode("utf-8", "backslashreplace")).strip()
    try:
        decoded = str(make_header(decode_header(value)))
    except (ValueError, LookupError, MessageError):
        decoded = value  # as it stands, then
    return harmless(decoded.encode("utf-8", "backslashreplace"))
