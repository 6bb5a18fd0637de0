"""What CAPA tells, true for the moment in which it is asked (RFC 2449 section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mailgate.mail import Session
from mailgate.pop3.events import Auth, Capa, Event, Lang, Mechanisms, Pass, Stls, Top, Uidl, User, Utf8
from mailgate.pop3.personality import Personality
from mailgate.rules import Promise, Rules
from mailgate.wire import sasl

# The commands that go with a keyword; the other keywords have none.
_COMMANDS: Final[Mapping[str, tuple[type[Event], ...]]] = {
    "TOP": (Top,),
    "UIDL": (Uidl,),
    "USER": (User, Pass),
    "SASL": (Auth, Mechanisms),
    "STLS": (Stls,),
    "UTF8": (Utf8,),
    "LANG": (Lang,),
    "CAPA": (Capa,),
}


def may_log_in(personality: Personality, session: Session) -> bool:
    """May a password come now? Not in clear, unless that is allowed (RFC 2595 section 2.3)."""
    return bool(session.tls) or personality.allow_plaintext


def may_start_tls(personality: Personality, session: Session, *, utf8: bool) -> bool:
    """Is STLS there now? Only before the login, not inside TLS (RFC 2595 section 4), and not after UTF8 (RFC 6856
    section 2.1).
    """
    return personality.tls_available and not session.tls and not session.user and not utf8


def capabilities(
    personality: Personality, session: Session, promise: Promise, rules: Rules | None, *, utf8: bool
) -> tuple[str, ...]:
    """The lines of CAPA; `rules` are those of the maildrop that is open.

    What is announced before the login is announced after it, too (RFC 2449 section 5), by its own value where it may
    differ; STLS alone means "permitted in the current state" (RFC 2595 section 4).
    """
    # RFC 2449 section 6, RFC 3206 section 6, RFC 6856 sections 2 and 3.1
    lines = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UTF8 USER", "LANG"]
    own = promise if rules is None else Promise.of([rules])
    lines.append(_expire(own))
    if promise.login_delay_seconds or own.login_delay_seconds:
        lines.append(_login_delay(own))
    if may_log_in(personality, session):
        # RFC 5034 section 3. RFC 2595 section 2.3: no mechanism that sends the password as it is, in clear.
        lines += ["USER", " ".join(["SASL", *sasl.MECHANISMS])]
    if may_start_tls(personality, session, utf8=utf8):
        lines.append("STLS")
    lines.append(f"IMPLEMENTATION {personality.implementation}")
    if personality.hidden:
        lines = [line for line in lines if line.partition(" ")[0] not in personality.hidden]
    return tuple(lines)


def commands_not_there(personality: Personality) -> frozenset[type[Event]]:
    """The commands that are refused as unknown because their keyword is hidden."""
    return frozenset(command for keyword in personality.hidden for command in _COMMANDS.get(keyword, ()))


def _expire(promise: Promise) -> str:
    """How many days mail is safe for (RFC 2449 section 6.7)."""
    days = "NEVER" if promise.expire_days is None else str(promise.expire_days)
    return f"EXPIRE {days}" + (" USER" if promise.expire_differs else "")


def _login_delay(promise: Promise) -> str:
    """How soon the next login may come (RFC 2449 section 6.5)."""
    return f"LOGIN-DELAY {promise.login_delay_seconds}" + (" USER" if promise.login_delay_differs else "")
