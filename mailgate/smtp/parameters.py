"""The parameters of MAIL that mailgate understands: SIZE, BODY, AUTH. Anything else is refused (RFC 5321 4.1.1.11)."""

from __future__ import annotations

from mailgate.mail import Refused, Reply
from mailgate.smtp import events
from mailgate.smtp.personality import Personality
from mailgate.smtp.transaction import too_big


def announced_size(mail: events.Mail, personality: Personality) -> int | None:
    """The octets that SIZE announces, None without it. Raises `Refused` for any parameter that cannot be granted."""
    parameters = dict(mail.parameters)
    body = parameters.pop("BODY", "7BIT")
    if body is None or body.upper() not in ("7BIT", "8BITMIME"):  # RFC 6152 2
        raise Refused(Reply(501, "5.5.4", "BODY is 7BIT or 8BITMIME"))
    if personality.auth_required:
        parameters.pop("AUTH", None)  # RFC 4954 5: understood, and believed of nobody
    octets = _size(parameters.pop("SIZE"), personality) if "SIZE" in parameters else None
    refuse_unknown(parameters)
    return octets


def refuse_unknown(parameters: dict[str, str | None]) -> None:
    """Raise `Refused` with 555 if any parameter is left (RFC 5321 4.1.1.11)."""
    if parameters:
        raise Refused(Reply(555, "5.5.4", f"Parameter not known: {', '.join(parameters)}"))


def _size(size: str | None, personality: Personality) -> int:
    # RFC 1870 5: size-value = 1*20DIGIT
    if size is None or not size.isascii() or not size.isdigit() or len(size) > 20:
        raise Refused(Reply(501, "5.5.4", "SIZE is a number of octets"))
    if int(size) > personality.max_message_octets:
        raise Refused(too_big(personality.max_message_octets))
    return int(size)
