"""The header's fields, decoded and unfolded: without `email`, which takes ten times as long for them."""

from __future__ import annotations

import binascii
import io
import re
from typing import Final

HEADER_OCTETS: Final = 262_144  # what is behind that is not looked at
_FIELD: Final = re.compile(r"([\x21-\x39\x3b-\x7e]+)[ \t]*:(.*)", re.DOTALL)  # RFC 5322 2.2, 4.5.8
# RFC 2047 2, with the language of RFC 2231 5; spaces inside are not allowed, and sent all the same.
_WORD: Final = re.compile(r"=\?([^?*\s]{1,75})(?:\*[^?\s]{0,75})?\?([bBqQ])\?([^?]*)\?=")
_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]")
# RFC 5322 3.4: what a comma may stand in without ending a mailbox. Bounded, so that no text takes long.
_MAILBOX: Final = re.compile(r'(?:"(?:[^"\\]|\\.){0,1000}"|\((?:[^()\\]|\\.){0,1000}\)|<[^<>]{0,1000}>|[^,])+')


def fields_in(raw: bytes) -> list[tuple[str, str]]:
    """The fields of a header as (name, value), in order. The header ends with an empty line, or where no field is."""
    fields: list[tuple[str, list[str]]] = []
    for octets in io.BytesIO(raw[:HEADER_OCTETS]):
        line = octets.rstrip(b"\r\n").decode("utf-8", "replace")
        if line[:1] in (" ", "\t") and fields:
            fields[-1][1].append(line)
            continue
        field = _FIELD.fullmatch(line)
        if field is None:
            break
        fields.append((field[1], [field[2]]))
    return [(name, decoded("".join(lines).strip())) for name, lines in fields]


def decoded(value: str) -> str:
    """A field's value with its encoded words (RFC 2047) as what they mean; one that means nothing stays as it is."""
    if "=?" not in value:
        return value
    pieces: list[str] = []
    charset, octets, end = "", b"", 0  # of the words before, whose last character may go on in the next one
    for match in _WORD.finditer(value):
        gap, word = value[end : match.start()], _octets(match[2], match[3])
        end = match.end()
        between = not charset or bool(gap.strip())  # RFC 2047 6.2: white space between two words is none
        if charset and (between or word is None or match[1].lower() != charset):
            pieces.append(as_text(octets, charset))
            charset, octets = "", b""
        if between or word is None:
            pieces.append(gap)
        if word is None:
            pieces.append(match[0])
        else:
            charset, octets = match[1].lower(), octets + word
    if charset:
        pieces.append(as_text(octets, charset))
    return "".join([*pieces, value[end:]])


def _octets(encoding: str, text: str) -> bytes | None:
    data = text.encode("utf-8")
    if encoding in "qQ":
        return binascii.a2b_qp(data, header=True)
    letters = _NOT_BASE64.sub("", text)
    try:
        return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))
    except binascii.Error:
        return None


def as_text(octets: bytes, charset: str) -> str:
    """Octets in a charset that may be wrong, or none at all: then UTF-8 if they are, and if not, what can be read."""
    for each in (charset, "utf-8"):
        try:
            return octets.decode(each)
        except (LookupError, ValueError):  # no such charset, or not in it
            continue
    try:
        return octets.decode(charset, "replace")
    except (LookupError, ValueError):
        return octets.decode("latin-1")


def mailboxes_in(value: str) -> list[str]:
    """The mailboxes of an address field (RFC 5322 3.4), each as it stands there."""
    return [mailbox for part in _MAILBOX.findall(value) if (mailbox := part.strip())]
