"""The one form in which an account is named, so that RCPT, login and the files all mean the same maildrop."""

from __future__ import annotations

import contextlib
import re
from typing import Final

from mailgate.accounts.preparing import prepared_forms
from mailgate.wire import address

# What a part of a name may have as the name of a directory, where octets out of the ordinary take three (the store's
# rule; a test holds the two together).
MAX_PART_OCTETS: Final = 200

MAX_LOGIN_OCTETS: Final = 1_024
_ORDINARY: Final = re.compile(rb"[a-z0-9._+=-]")
_LINE_NAME: Final = re.compile(r'("(?:[^"\\]|\\.)*"|[^"@:{]*)')


def account_name(local_part: str, domain: str) -> str:
    """`local-part@domain` with the local part casefolded and in NFC, the domain in lower case; idempotent.

    The local part stands unquoted, so the last `@` is the one in front of the domain.
    """
    return f"{address.fold_local_part(local_part)}@{address.fold_domain(domain)}"


def is_storable(name: str) -> bool:
    """Can an account of that name have a maildrop: is neither part empty, nor too long for a file system?"""
    return all(0 < _directory_octets(part) <= MAX_PART_OCTETS for part in name.rpartition("@")[::2])


def _directory_octets(part: str) -> int:
    octets = part.encode()
    ordinary = len(_ORDINARY.findall(octets)) - octets.startswith(b".")
    return 3 * len(octets) - 2 * ordinary


def likely_names(text: str, domain: str) -> frozenset[str]:
    """The accounts or aliases that the lines of a file are perhaps about, whatever is wrong with the lines."""
    names = set()
    for line in text.split("\n"):
        written = _LINE_NAME.match(line.strip())
        if written is not None and written[0]:
            with contextlib.suppress(address.AddressError):
                names.add(account_name(*address.parse_mailbox(f"{written[0].strip()}@{domain}")))
    return frozenset(names)


def login_forms(login: bytes) -> tuple[bytes, ...]:
    """A login name as it came, then as SASLprep prepares it, if that is another (RFC 6856 2.2). Empty: nobody has it,
    as it is not UTF-8, too long, or has a prohibited character.
    """
    if len(login) > MAX_LOGIN_OCTETS:
        return ()
    try:
        text = login.decode()
    except UnicodeDecodeError:
        return ()
    local_part, at, domain = text.rpartition("@")
    # Each by itself: a Hebrew name at a Latin domain is not of mixed directions.
    forms = prepared_forms(local_part), prepared_forms(domain)
    if not all(forms):
        return ()
    prepared = at.join(form[0] for form in forms).encode()
    return (login,) if prepared == login else (login, prepared)


def login_name(login: bytes, domain: str | None) -> str | None:
    """The account that a login name means. `domain` completes a name that has none; None: there is no such domain.

    Gives None for what cannot be an account's name: not UTF-8, without a domain, no mailbox (RFC 5321 4.1.2), not
    storable.
    """
    try:
        text = login.decode() if len(login) <= MAX_LOGIN_OCTETS else ""
        if "@" not in text and domain is not None:
            text = f"{text}@{domain}"
        local_part, _, after = text.rpartition("@")
        if not local_part.startswith('"'):  # people do not quote what they log in with
            text = address.format_mailbox(local_part, after)
        name = account_name(*address.parse_mailbox(text)) if local_part else ""
        return name if is_storable(name) else None
    except (UnicodeDecodeError, address.AddressError):
        return None
