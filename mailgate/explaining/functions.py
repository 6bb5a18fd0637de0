"""The call `explain`: an address in, an explanation out."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from mailgate.clients import address_of
from mailgate.control.calls import Arguments, CallError, Functions
from mailgate.explaining.explainer import Explainer
from mailgate.explaining.letter import SENDER, Question
from mailgate.explaining.surroundings import Surroundings
from mailgate.limits.networks import LOCAL
from mailgate.mail import NULL_PATH, Path
from mailgate.wire.address import AddressError, parse_path

MAX_CONTENT_OCTETS: Final = 26_214_400  # as much as SMTP takes unless configured otherwise
MAX_SIZE_OCTETS: Final = 1 << 53  # JSON's numbers are exact up to there (RFC 8259 section 6)


def make_explain_functions(surroundings: Surroundings) -> Functions:
    """The call, by its name."""
    explainer = Explainer(surroundings)

    async def explain(arguments: Arguments) -> dict[str, Any]:
        """What would become of a message. `address`, and if wanted `from`, `client` (an IP address) and `content` (the
        message, in base64), or `size` (its octets on the wire) if it is larger than can be given: then it has to be
        larger than servers may send.
        """
        arguments.only("address", "from", "client", "content", "size")
        return (await explainer.explain(_question(arguments, surroundings.max_message_octets))).as_json()

    return {"explain": explain}


def _question(arguments: Arguments, max_message_octets: int) -> Question:
    return Question(
        _path("address", arguments.wanted("address")),
        _reverse_path(arguments.text("from")),
        _client(arguments.text("client")),
        _content(arguments.text("content")),
        _size(arguments, max_message_octets),
    )


def _path(name: str, text: str) -> Path:
    """With angle brackets or without; a bare postmaster needs no domain (RFC 5321 4.1.1.3)."""
    try:
        parsed = parse_path(text if text.startswith("<") else f"<{text}>")
        if parsed.rest or not parsed.local_part:
            raise AddressError("expected local-part@domain")
    except AddressError as error:
        raise CallError("bad", f"{name} has to be an address, not {text[:80]!r}: {error}") from None
    return Path(parsed.local_part, parsed.domain)


def _reverse_path(text: str) -> Path:
    if not text:
        return SENDER
    return NULL_PATH if text == "<>" else _path("from", text)


def _client(text: str) -> str | None:
    if text and text != LOCAL and address_of(text) is None:
        raise CallError("bad", f"client has to be an IP address, not {text[:80]!r}")
    return text or None


def _size(arguments: Arguments, max_message_octets: int) -> int:
    size = arguments.integer("size", 0, most=MAX_SIZE_OCTETS)
    if size and arguments.text("content"):
        raise CallError("bad", "size is for a message whose content is not given")
    if 0 < size <= max_message_octets:
        message = f"servers may send {size} octets, but {MAX_CONTENT_OCTETS} are the limit of what can be explained"
        raise CallError("too large", message)
    return size


def _content(text: str) -> bytes | None:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CallError("bad", f"content has to be base64: {error}") from None
    if len(content) > MAX_CONTENT_OCTETS:
        raise CallError("too large", f"the message has {len(content)} octets; {MAX_CONTENT_OCTETS} are the limit here")
    return content or None
