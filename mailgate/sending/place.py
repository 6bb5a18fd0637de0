"""Where the smarthost is, as an administrator writes it: `smtp+starttls://user@relay.example.org:587`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import unquote

from attrs import field, frozen

from mailgate.wire.address import AddressError, check_domain

Security = Literal["starttls", "tls", "clear"]

_FORM: Final = 'expected a place such as "smtp+starttls://user@relay.example.org:587"'
_SCHEMES: Final[Mapping[str, tuple[Security, int]]] = {
    "smtp+starttls": ("starttls", 587),  # RFC 6409 3.1
    "smtps": ("tls", 465),  # RFC 8314 7.3
    "smtp": ("clear", 25),
}
# The last @ ends the user, as accounts often have one in their names.
_PLACE: Final = re.compile(
    r"(?P<scheme>[A-Za-z+]+)://(?:(?P<user>.*)@)?(?P<host>\[[^\]]*\]|[^:/?#@\[\]]*)(?::(?P<port>[0-9]{1,5}))?/?"
)
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@frozen
class Smarthost:
    """The host that takes mail for other systems from us. Raises ValueError for a login that would go in clear."""

    host: str  # a name in lower case, or an IP address without brackets
    port: int
    security: Security
    user: str = field(default="")  # who we log in as; empty: nobody

    @user.validator
    def _check_user(self, _: object, user: str) -> None:
        if user and self.security == "clear":
            raise ValueError(
                "a password never travels in clear: write smtp+starttls:// or smtps://, or leave the user out"
            )

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_smarthost(text: str) -> Smarthost:
    """Read `scheme://[user@]host[:port]`: smtp+starttls (port 587), smtps (465), or smtp in clear (25).

    Raises ValueError with what is expected. The message never repeats what was written: it may have a password.
    """
    match = _PLACE.fullmatch(text)
    if match is None:
        raise ValueError(_FORM)
    if match["scheme"].lower() not in _SCHEMES:
        raise ValueError(f"{_FORM}; smtps:// is for TLS from the start, smtp:// for a trusted network, in clear")
    security, usual_port = _SCHEMES[match["scheme"].lower()]
    port = int(match["port"] or usual_port)
    if not 1 <= port <= 65_535:
        raise ValueError(f"a port is between 1 and 65535; {_FORM}")
    return Smarthost(_host(match["host"]), port, security, _user(match["user"]))


def _host(text: str) -> str:
    try:
        if text.startswith("["):
            if "%" in text:  # a zone is no part of any certificate
                raise ValueError
            return str(ipaddress.IPv6Address(text[1:-1]))
        return check_domain(text)
    except AddressError as error:
        raise ValueError(f"the host is {error}; {_FORM}") from None
    except ValueError:
        raise ValueError(f"only an IPv6 address stands in brackets; {_FORM}") from None


def _user(text: str | None) -> str:
    if text is None:
        return ""
    if ":" in text:
        raise ValueError(
            "no password here: write it into a file and name that in smarthost_password (a colon in the user is %3A)"
        )
    try:
        if _BAD_ESCAPE.search(text):
            raise ValueError
        user = unquote(text, errors="strict")
    except ValueError:
        raise ValueError(f"the user has a %-escape that is none; {_FORM}") from None
    if not user or _CONTROL.search(user):
        raise ValueError(f"before the @ stands the user; {_FORM}")
    return user
