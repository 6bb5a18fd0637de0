"""What CAPA tells, true for the moment in which it is asked (RFC 2449 section 5)."""

from __future__ import annotations

from mailgate.mail import Session
from mailgate.pop3.personality import Personality
from mailgate.wire import sasl


def may_log_in(personality: Personality, session: Session) -> bool:
    """May a password come now? Not in clear, unless that is allowed (RFC 2595 section 2.3)."""
    return bool(session.tls) or personality.allow_plaintext


def may_start_tls(personality: Personality, session: Session) -> bool:
    """Is STLS there now? Only before the login, and not inside TLS (RFC 2595 section 4)."""
    return personality.tls_available and not session.tls and not session.user


def capabilities(personality: Personality, session: Session) -> tuple[str, ...]:
    """The lines of CAPA.

    What is announced before the login is announced after it, too (RFC 2449 section 5); STLS alone means "permitted in
    the current state" (RFC 2595 section 4).
    """
    # RFC 2449 section 6, RFC 3206 section 6, RFC 6856 section 3.1
    lines = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "LANG"]
    if may_log_in(personality, session):
        # RFC 5034 section 3. RFC 2595 section 2.3: no mechanism that sends the password as it is, in clear.
        lines += ["USER", " ".join(["SASL", *sasl.MECHANISMS])]
    if may_start_tls(personality, session):
        lines.append("STLS")
    lines.append(f"IMPLEMENTATION {personality.implementation}")
    return tuple(lines)
