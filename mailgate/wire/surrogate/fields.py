"""What becomes of one header field for a reader of ASCII, rule by rule (RFC 6858 section 2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from mailgate.wire.surrogate.addresses import present_addresses, present_return_path
from mailgate.wire.surrogate.parameters import present_parameters
from mailgate.wire.surrogate.words import Word, encode, fold

# RFC 5322 2.2; 4.5: old mail may have white space before the colon.
_NAME: Final = re.compile(rb"([!-9;-~]+)[ \t]*:")
_WORD: Final = re.compile(r"([ \t]*)([^ \t]+)")


def split_field(field: bytes) -> tuple[str, bytes]:
    """A field's name as it is written, and its body, still folded. The name is empty if it is no field at all."""
    match = _NAME.match(field)
    return (match[1].decode("ascii"), field[match.end() :]) if match else ("", field)


def present_field(field: bytes) -> bytes:
    """The field, with its line end, in ASCII: unchanged if it is, or nothing if it cannot be. Never raises."""
    if field.isascii():
        return field
    name, body = split_field(field)
    present = _PRESENTATIONS.get(name.lower())
    if present is None:
        return b""  # RFC 6858 2.4
    return fold(name, present(body), _line_end(field))


def _line_end(field: bytes) -> str:
    return "\r\n" if field.endswith(b"\r\n") else "\n" if field.endswith(b"\n") else ""


def _present_subject(body: bytes) -> list[Word]:
    """RFC 6858 2.3."""
    text = body.replace(b"\r\n", b"\n").replace(b"\n", b"").decode("utf-8", "replace")
    return encode([Word(word, separator) for separator, word in _WORD.findall(text)])


def _with_text(present: Callable[[str], list[Word]]) -> Callable[[bytes], list[Word]]:
    def present_text(body: bytes) -> list[Word]:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return []  # RFC 6532 3.1 knows UTF-8 alone; what an address in anything else is, nobody can say
        return present(text)

    return present_text


_present_addresses: Final = _with_text(present_addresses)
_PRESENTATIONS: Final[dict[str, Callable[[bytes], list[Word]]]] = {
    # RFC 6858 2.1 names these
    "bcc": _present_addresses,
    "cc": _present_addresses,
    "from": _present_addresses,
    "reply-to": _present_addresses,
    "resent-bcc": _present_addresses,
    "resent-cc": _present_addresses,
    "resent-from": _present_addresses,
    "resent-sender": _present_addresses,
    "resent-to": _present_addresses,
    "return-path": _with_text(present_return_path),
    "sender": _present_addresses,
    "to": _present_addresses,
    "subject": _present_subject,
    "content-type": present_parameters,  # RFC 6858 2.2
    "content-disposition": present_parameters,
}
