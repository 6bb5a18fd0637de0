"""HTTP answers: their status, their fields, their octets.

What goes out may come from a stranger's mail, and who asks may be a browser. So nothing is ever shown or run: no
answer is kept, guessed at or rendered, and a message's octets are for saving alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from attrs import field, frozen
from twisted.web.server import Request

from mailgate.control.answering import Answer, refused
from mailgate.control.calls import STATUSES, CallError, Kind, Octets

OK: Final = 200
JSON: Final = "application/json; charset=utf-8"
MAX_FILENAME_CHARACTERS: Final = 120
_ALWAYS: Final = (
    ("Cache-Control", "no-store"),  # RFC 9111 section 5.2.2.5
    ("X-Content-Type-Options", "nosniff"),  # the type is what we say it is, whatever the octets look like
    ("Content-Security-Policy", "sandbox; default-src 'none'"),  # and should a browser show it, it runs nothing
)
_MEDIA_TYPE: Final = re.compile(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}", re.I
)  # RFC 6838 4.2
_ATTR_CHAR: Final = "!#$&+-.^_`|~"  # RFC 8187 section 3.2.1, besides letters and digits


@frozen
class Reply:
    """An answer as HTTP has it."""

    status: int
    content: bytes | Octets  # JSON text, if it is bytes
    fields: Mapping[str, str] = field(factory=dict)


def reply_of(answer: Answer) -> Reply:
    """What a call came to."""
    return Reply(OK if answer.kind is None else STATUSES[answer.kind], answer.content)


def refusal(kind: Kind, message: str, *, status: int = 0, fields: Mapping[str, str] | None = None) -> Reply:
    """An error. `status` is for those that only HTTP has."""
    return Reply(status or STATUSES[kind], refused(CallError(kind, message)).content, fields or {})


def write_head(request: Request, reply: Reply) -> bytes:
    """Set the status and the fields; give the octets that are to follow."""
    content = reply.content
    request.setResponseCode(reply.status)
    request.responseHeaders.removeHeader("Server")  # which software this is, and which version, is nobody's business
    if isinstance(content, Octets):
        _set(request, {"Content-Type": media_type(content.content_type)})
        _set(request, {"Content-Disposition": disposition(content.filename)})
        content = content.content
    else:
        _set(request, {"Content-Type": JSON})
    _set(request, {**dict(_ALWAYS), **reply.fields, "Content-Length": str(len(content))})
    return content


def _set(request: Request, fields: Mapping[str, str]) -> None:
    for name, value in fields.items():
        request.responseHeaders.setRawHeaders(name, [value])


def media_type(text: str) -> str:
    """`type/subtype`, without parameters; that of any octets if it is not well-formed."""
    essence = text.partition(";")[0].strip()
    return essence.lower() if _MEDIA_TYPE.fullmatch(essence) else "application/octet-stream"


def disposition(filename: str) -> str:
    """To be saved, under a name that is in ASCII whatever it was, and leads to no other directory (RFC 6266)."""
    name = "".join(char if char.isprintable() and char not in "/\\" else "_" for char in filename)
    name = name[:MAX_FILENAME_CHARACTERS]
    return f"attachment; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}" if name else "attachment"
