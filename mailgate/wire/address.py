"""Paths and mailboxes as RFC 5321 4.1.2 writes them, and RFC 6531 3.3 widens them.

Gives plain strings; what they mean is for `mail.Path` and the directory to say.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Final, NamedTuple

MAX_LOCAL_PART_OCTETS: Final = 64  # RFC 5321 4.5.3.1.1
MAX_DOMAIN_OCTETS: Final = 255  # RFC 5321 4.5.3.1.2
MAX_PATH_OCTETS: Final = 256  # RFC 5321 4.5.3.1.3, with the angle brackets
MAX_LABEL_OCTETS: Final = 63  # RFC 1035 2.3.4

# RFC 6531 3.3 adds UTF8-non-ascii to atext, qtextSMTP and sub-domain. So each set is written as what is not in it: one
# with ranges beyond Latin-1 takes milliseconds to compile, which every start would have to wait for. Surrogates, which
# are no characters, are found where the path is encoded.
# RFC 5321 4.1.2; atext: RFC 5322 3.2.3
_ATOM: Final = r'[^\x00-\x20"(),.:;<>@\[\\\]\x7f]+'
_DOT_STRING: Final = rf"{_ATOM}(?:\.{_ATOM})*"
# Quoted-string = DQUOTE *QcontentSMTP DQUOTE
_QUOTED_STRING: Final = r'"(?:[^\x00-\x1f"\\\x7f]|\\[\x20-\x7e])*"'
# sub-domain = Let-dig [Ldh-str]: letters, digits and hyphens, the first and the last of which is no hyphen
_LABEL: Final = r"(?!-)[^\x00-,./:-@\[-`{-\x7f]++(?<!-)"
_DOMAIN: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_LITERAL: Final = r"\[[\x21-\x5a\x5e-\x7e]*\]"
# A-d-l = At-domain *( "," At-domain ); it is accepted and ignored (RFC 5321 3.6.1, appendix C)
_SOURCE_ROUTE: Final = rf"(?:@{_DOMAIN}(?:,@{_DOMAIN})*:)?"

_PATH: Final = re.compile(
    rf"<{_SOURCE_ROUTE}(?P<local>{_DOT_STRING}|{_QUOTED_STRING})(?:@(?P<domain>{_DOMAIN}|{_LITERAL}))?>"
)
_DOMAIN_ONLY: Final = re.compile(rf"{_DOMAIN}|{_LITERAL}")
_DOT_STRING_ONLY: Final = re.compile(_DOT_STRING)
_ESCAPED: Final = re.compile(r"\\(.)")
# Controls, and what would turn the text around it or break its line where it is shown.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class AddressError(ValueError):
    """The text is no path; the message says why, in words fit for a 501 reply."""


class ParsedPath(NamedTuple):
    """A path taken apart, and the rest of the line behind it. Null path: both parts empty."""

    local_part: str  # without quotes and escapes
    domain: str  # lower case; `[…]` for a literal; empty for the null path and a bare postmaster
    rest: str


def parse_path(text: str) -> ParsedPath:
    """Read a path from the start of `text`. Raises `AddressError`.

    A path without a domain is accepted for postmaster alone (RFC 5321 4.1.1.3), in any case.
    """
    if text.startswith("<>"):
        return ParsedPath("", "", text[2:])
    match = _PATH.match(text)
    if match is None:
        raise AddressError("expected <local-part@domain>" if text.startswith("<") else "expected a path in < >")
    try:
        octets = len(match[0].encode())
    except UnicodeEncodeError:  # a surrogate
        raise AddressError("expected <local-part@domain>") from None
    if octets > MAX_PATH_OCTETS:
        raise AddressError(f"path longer than {MAX_PATH_OCTETS} octets")
    local_part = _unquote(match["local"])
    domain = match["domain"]
    if domain is None:
        if local_part.lower() != "postmaster":
            raise AddressError("the address needs a domain")
        return ParsedPath("postmaster", "", text[match.end() :])
    return ParsedPath(local_part, check_domain(domain), text[match.end() :])


def parse_mailbox(text: str) -> tuple[str, str]:
    """Read `local-part@domain`, and nothing else, into its two parts. Raises `AddressError`."""
    parsed = parse_path(f"<{text}>")
    if parsed.rest or not parsed.domain or text.startswith("@"):
        raise AddressError("expected local-part@domain")
    return parsed.local_part, parsed.domain


def check_domain(domain: str) -> str:
    """The domain or address literal in lower case. Raises `AddressError` if it is neither."""
    if _DOMAIN_ONLY.fullmatch(domain) is None or _CONTROL.search(domain):
        raise AddressError("not a domain name or address literal")
    if domain.startswith("["):
        return _check_literal(domain)
    if not domain.isascii() and not _is_international(domain):
        raise AddressError("a domain with letters that no domain has")
    domain = domain.lower()  # first: beyond ASCII a capital may have fewer octets than its small letter
    octets = domain.encode()
    if len(octets) > MAX_DOMAIN_OCTETS:
        raise AddressError(f"domain longer than {MAX_DOMAIN_OCTETS} octets")
    if max(map(len, octets.split(b"."))) > MAX_LABEL_OCTETS:
        raise AddressError(f"a domain label is longer than {MAX_LABEL_OCTETS} octets")
    return domain


def _is_international(domain: str) -> bool:
    """Could its labels be U-labels (RFC 6531 3.3, RFC 5891 5.4)? Letters, marks and digits that are what they seem:
    no spaces, no signs of direction, and nothing that stands for other letters, as the Kelvin sign does for a K.
    """
    lower = domain.lower()
    if unicodedata.normalize("NFKC", lower) != unicodedata.normalize("NFC", lower) or lower.isascii():
        return False
    return all(char.isascii() or unicodedata.category(char)[0] in "LMN" for char in domain)


def fold_local_part(local_part: str) -> str:
    """The one form of all spellings of a local part that mean the same person here: without case, in NFC.

    RFC 5321 2.4 lets the receiving host decide that; no host in use tells Alice from alice.
    """
    if local_part.isascii():
        return local_part.lower()
    # Canonical caseless matching (Unicode 3.13, D145): a few letters fold rightly only when decomposed.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", local_part).casefold())


def fold_domain(domain: str) -> str:
    """The one form of a domain: lower case, in NFC. Not casefolded: to IDNA 2008, ß and ss are two domains."""
    return unicodedata.normalize("NFC", domain.lower())


def format_mailbox(local_part: str, domain: str) -> str:
    """The mailbox as it stands between angle brackets; quoted only where it must be (RFC 5321 4.1.2)."""
    if _DOT_STRING_ONLY.fullmatch(local_part) is None and (local_part or domain):
        local_part = '"' + re.sub(r'(["\\])', r"\\\1", local_part) + '"'
    return f"{local_part}@{domain}" if domain else local_part


def _unquote(local_part: str) -> str:
    if local_part.startswith('"'):
        local_part = _ESCAPED.sub(r"\1", local_part[1:-1])
    if len(local_part.encode()) > MAX_LOCAL_PART_OCTETS:
        raise AddressError(f"local part longer than {MAX_LOCAL_PART_OCTETS} octets")
    if _CONTROL.search(local_part):
        raise AddressError("control character in the local part")
    return local_part


def _check_literal(literal: str) -> str:
    # RFC 5321 4.1.3; General-address-literal has no registered tag but IPv6, so nothing else is accepted.
    inside = literal[1:-1]
    try:
        if "%" in inside:  # a zone means something on its own host only
            raise ValueError
        if inside[:5].lower() == "ipv6:":
            return f"[IPv6:{ipaddress.IPv6Address(inside[5:])}]".lower()
        return f"[{ipaddress.IPv4Address(inside)}]"
    except ValueError:
        raise AddressError("not an IPv4 or IPv6 address literal") from None
