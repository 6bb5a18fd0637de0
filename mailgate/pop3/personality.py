"""What a POP3 listener shows and allows: one frozen value a listener."""

from __future__ import annotations

import re
from typing import Final

from attrs import Attribute, field, frozen
from attrs.validators import in_

from mailgate.pop3.language import ENGLISH, LANGUAGES

IDLE_SECONDS: Final = 600.0  # RFC 1939 section 3: the autologout timer has ten minutes at least
LOGIN_SECONDS: Final = 60.0  # from connection to login, all in all: shorter than RFC 1939 has it, on purpose
MAX_ERRORS: Final = 20  # commands that are none, or come at the wrong time, in one session
MAX_LOGIN_FAILURES: Final = 5  # wrong passwords in one session

# What can be hidden. Without CAPA itself, clients have to try (RFC 2449 section 5).
KEYWORDS: Final = frozenset(
    {
        *("TOP", "UIDL", "USER", "SASL", "STLS", "UTF8", "LANG", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE"),
        *("EXPIRE", "LOGIN-DELAY", "IMPLEMENTATION", "CAPA"),
    }
)


def _check_word(_: object, attribute: Attribute[str], value: str) -> None:
    # RFC 2449 section 3: gchar has no "<", which would make the greeting one of APOP; a capability is printable.
    if re.fullmatch(r"[\x20-\x3b\x3d-\x7e]{1,200}", value) is None:
        raise ValueError(f"{attribute.name} must be 1 to 200 printable ASCII characters without <: {value!r}")


def _check_banner(_: object, attribute: Attribute[str], value: str) -> None:
    if value:
        _check_word(_, attribute, value)


@frozen(kw_only=True)
class Personality:
    """Raises ValueError for a name or banner that cannot stand in a response, for a language that is not there, and for
    a keyword that cannot be hidden.
    """

    hostname: str = field(validator=_check_word)
    implementation: str = field(default="mailgate", validator=_check_word)  # for CAPA (RFC 2449 section 6.9)
    tls_available: bool = False  # is STLS there? Not where the listener has TLS from the beginning
    allow_plaintext: bool = False  # may passwords travel before TLS?
    # What `LANG *` gives (RFC 6856 section 3.2), a tag in lower case; before LANG it is English in any case.
    language: str = field(default=ENGLISH.tag, validator=in_(LANGUAGES))
    idle_seconds: float = IDLE_SECONDS
    login_seconds: float = LOGIN_SECONDS
    max_errors: int = MAX_ERRORS
    max_login_failures: int = MAX_LOGIN_FAILURES
    hidden: frozenset[str] = field(default=frozenset())  # of `KEYWORDS`: this server does as if it had none of them
    banner: str = field(default="", validator=_check_banner)  # the greeting's text, in place of ours

    @hidden.validator
    def _check_hidden(self, _: object, hidden: frozenset[str]) -> None:
        if unknown := sorted(hidden - KEYWORDS):
            raise ValueError(f"{unknown[0][:40]!r} cannot be hidden; {', '.join(sorted(KEYWORDS))} can")
