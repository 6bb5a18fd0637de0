"""The parameters of MAIL and RCPT that mailgate understands. Anything else is refused (RFC 5321 4.1.1.11)."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from mailgate.mail import Path, Refused, Reply
from mailgate.smtp import events
from mailgate.smtp.personality import Personality
from mailgate.smtp.transaction import too_big

QUOTED_CHARACTERS: Final = 80  # of what a client said, in a reply
_EXTENSIONS: Final = {"BODY": "8BITMIME", "SIZE": "SIZE", "SMTPUTF8": "SMTPUTF8", "AUTH": "AUTH"}  # by parameter
# RFC 3461 4: xtext = *( xchar / hexchar ), with "+" for hexchar alone
_XTEXT: Final = re.compile(r"(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})+")


@frozen
class MailParameters:
    """What MAIL asks for beside its path."""

    size: int | None = None  # octets (RFC 1870)
    smtputf8: bool = False  # RFC 6531


def mail_parameters(mail: events.Mail, personality: Personality) -> MailParameters:
    """What the command asks for. Raises `Refused` for what cannot be granted."""
    parameters = dict(mail.parameters)
    if personality.hidden:
        _refuse_hidden(parameters, personality.hidden)
    if "BODY" in parameters:
        _check_body(parameters.pop("BODY"))
    if personality.auth_required and "AUTH" in parameters:
        _check_auth(parameters.pop("AUTH"))
    smtputf8 = "SMTPUTF8" in parameters
    if smtputf8 and parameters.pop("SMTPUTF8") is not None:  # RFC 6531 3.4
        raise Refused(Reply(501, "5.5.4", "SMTPUTF8 has no value"))
    size = _size(parameters.pop("SIZE"), personality) if "SIZE" in parameters else None
    refuse_unknown(parameters)
    if not smtputf8 and not is_ascii(mail.path):
        raise Refused(Reply(550, "5.6.7", "An address beyond ASCII needs SMTPUTF8"))  # RFC 6531 3.5
    return MailParameters(size, smtputf8)


def is_ascii(path: Path) -> bool:
    """Can the path be said without SMTPUTF8?"""
    return path.local_part.isascii() and path.domain.isascii()


def refuse_unknown(parameters: dict[str, str | None]) -> None:
    """Raise `Refused` with 555 if any parameter is left (RFC 5321 4.1.1.11)."""
    if parameters:
        raise Refused(Reply(555, "5.5.4", f"Parameter not known: {', '.join(parameters)[:QUOTED_CHARACTERS]}"))


def _refuse_hidden(parameters: dict[str, str | None], hidden: frozenset[str]) -> None:
    refuse_unknown({name: value for name, value in parameters.items() if _EXTENSIONS.get(name) in hidden})


def _check_body(value: str | None) -> None:
    if value is None or value.upper() not in ("7BIT", "8BITMIME"):  # RFC 6152 2
        raise Refused(Reply(501, "5.5.4", "BODY is 7BIT or 8BITMIME"))


def _check_auth(value: str | None) -> None:
    # RFC 4954 5: understood, and believed of nobody, as if every client had said <>.
    if value is None or (value != "<>" and _XTEXT.fullmatch(value) is None):
        raise Refused(Reply(501, "5.5.4", "AUTH is <> or a mailbox in xtext"))


def _size(size: str | None, personality: Personality) -> int:
    # RFC 1870 5: size-value = 1*20DIGIT
    if size is None or not size.isascii() or not size.isdigit() or len(size) > 20:
        raise Refused(Reply(501, "5.5.4", "SIZE is a number of octets"))
    if int(size) > personality.max_message_octets:
        raise Refused(too_big(personality.max_message_octets))
    return int(size)
