"""The one form in which an account is named, so that RCPT, login and the files all mean the same maildrop."""

from __future__ import annotations

import unicodedata
from typing import Final

from mailgate.wire import address

_MAX_LOGIN_OCTETS: Final = 1_024


def account_name(local_part: str, domain: str) -> str:
    """`local-part@domain` with the local part casefolded and in NFC, the domain in lower case; idempotent.

    The local part stands unquoted, so the last `@` is the one in front of the domain.
    """
    if local_part.isascii():
        return f"{local_part.lower()}@{fold_domain(domain)}"
    # Canonical caseless matching (Unicode 3.13, D145): a few letters fold rightly only when decomposed.
    folded = unicodedata.normalize("NFD", local_part).casefold()
    return f"{unicodedata.normalize('NFC', folded)}@{fold_domain(domain)}"


def fold_domain(domain: str) -> str:
    """The domain as accounts and directories are named by it."""
    return unicodedata.normalize("NFC", domain.lower())


def login_name(login: bytes, domain: str | None) -> str | None:
    """The account that a login name means. `domain` completes a name that has none; None: there is no such domain.

    Gives None for what cannot be an account's name: not UTF-8, without a domain, no mailbox (RFC 5321 4.1.2).
    """
    try:
        text = login.decode() if len(login) <= _MAX_LOGIN_OCTETS else ""
        if "@" not in text and domain is not None:
            text = f"{text}@{domain}"
        local_part, _, after = text.rpartition("@")
        if not local_part.startswith('"'):  # people do not quote what they log in with
            text = address.format_mailbox(local_part, after)
        return account_name(*address.parse_mailbox(text)) if local_part else None
    except (UnicodeDecodeError, address.AddressError):
        return None
