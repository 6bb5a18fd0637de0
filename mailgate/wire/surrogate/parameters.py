"""Content-Type and Content-Disposition: what is read from them, and what becomes of their parameters (RFC 6858 2.2).

Works on octets, as latin-1: a parameter beyond ASCII goes, whether it is UTF-8 or not.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mailgate.wire.surrogate.addresses import comment_end, unquoted
from mailgate.wire.surrogate.words import Word

BOUNDARY_OCTETS: Final = 200  # RFC 2046 5.1.1 has 70

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|\(|;|[^"(;]++', re.DOTALL)
_LINE_END: Final = re.compile(r"\r?\n")
# RFC 2231 section 3: a value in several pieces, name*0, name*1 and so on
_PIECE: Final = re.compile(r"([^*]+)\*[0-9]+\*?")


class ContentType(NamedTuple):
    """What a Content-Type says about the body (RFC 2045 section 5), in lower case; empty if it does not."""

    media_type: str
    boundary: bytes = b""


def read_content_type(body: bytes) -> ContentType:
    """Read a field's body that is all ASCII. A boundary that is too long is none."""
    segments = _segments(body.decode("latin-1"))
    media_type = re.sub(r"[ \t]+", "", segments[0]).lower()
    for segment in segments[1:]:
        name, _, value = segment.partition("=")
        if name.strip().lower() == "boundary":
            boundary = unquoted(value.strip()).rstrip().encode("latin-1")
            return ContentType(media_type, boundary if len(boundary) <= BOUNDARY_OCTETS else b"")
    return ContentType(media_type)


def present_parameters(body: bytes) -> list[Word]:
    """The field without the parameters that are beyond ASCII, and without comments. Nothing if its value is."""
    value, *parameters = _segments(body.decode("latin-1"))
    if not value or not value.isascii():
        return []
    torn = {_pieces_of(parameter) for parameter in parameters if not parameter.isascii()}
    kept = [value, *filter(None, parameters)]
    kept = [text for text in kept if text.isascii() and (_pieces_of(text) is None or _pieces_of(text) not in torn)]
    return [Word(text + ";") for text in kept[:-1]] + [Word(kept[-1])]


def _pieces_of(parameter: str) -> str | None:
    """The name of the value of which this is a piece, if it is one."""
    match = _PIECE.fullmatch(parameter.partition("=")[0].strip())
    return match[1].lower() if match else None


def _segments(text: str) -> list[str]:
    """What stands between the semicolons, unfolded and without comments. The first is always there."""
    segments = [""]
    at = 0
    while (match := _TOKEN.match(text, at)) is not None:
        at = match.end()
        if match[0] == "(":
            at = comment_end(text, match.start())
            segments[-1] += " "
        elif match[0] == ";":
            segments.append("")
        else:
            segments[-1] += match[0]
    return [_LINE_END.sub("", segment).strip(" \t\r\n") for segment in segments]
