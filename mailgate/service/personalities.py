"""What each kind of listener shows and allows, by the configuration."""

from __future__ import annotations

from typing import Final, Literal

from attrs import evolve, frozen

from mailgate.config import LMTP, SMTP, Config, Submission
from mailgate.pop3.personality import Personality as POP3Personality
from mailgate.smtp.personality import Personality as SMTPPersonality

SMTPKind = Literal["smtp", "submission", "lmtp"]
Kind = SMTPKind | Literal["pop3"]


@frozen
class Disguise:
    """What a listener for tests shows that differs from the configuration; empty and 0: nothing does."""

    hidden: frozenset[str] = frozenset()  # keywords of EHLO or CAPA, in upper case
    banner: str = ""  # the greeting's text
    max_message_octets: int = 0


AS_CONFIGURED: Final = Disguise()


def smtp_personality(
    config: Config, kind: SMTPKind, *, starttls: bool, disguise: Disguise = AS_CONFIGURED
) -> SMTPPersonality:
    """That of a listener for SMTP, submission or LMTP; `starttls`: may it offer that? Raises ValueError for a disguise
    that cannot be.
    """
    section: SMTP | Submission | LMTP = getattr(config, kind)
    submission = config.submission if kind == "submission" else _NO_SUBMISSION
    limits = config.limits
    shown = SMTPPersonality(
        hostname=config.hostname,
        listener=kind,
        lmtp=kind == "lmtp",
        auth_required=kind == "submission",
        any_sender=submission.any_sender,
        relays=bool(submission.smarthost),
        starttls=starttls,
        allow_plaintext=submission.allow_plaintext,
        max_message_octets=section.max_message,
        max_line_octets=limits.line,
        max_recipients=section.max_recipients,
        max_hops=limits.hops,
        max_transactions=limits.transactions,
        max_errors=limits.errors,
        max_refused_recipients=limits.refused_recipients,
        max_idle_commands=limits.idle_commands,
        idle_seconds=section.idle_timeout,
        greeting_seconds=limits.greeting_timeout,
        session_seconds=limits.session_timeout,
    )
    if disguise.max_message_octets:
        shown = evolve(shown, max_message_octets=disguise.max_message_octets)
    return evolve(shown, hidden=disguise.hidden, banner=disguise.banner)


def pop3_personality(config: Config, *, tls_available: bool, disguise: Disguise = AS_CONFIGURED) -> POP3Personality:
    """That of a listener for POP3; `tls_available`: may it offer STLS? Raises ValueError for a disguise that cannot
    be.
    """
    section = config.pop3
    return POP3Personality(
        hostname=config.hostname,
        tls_available=tls_available,
        allow_plaintext=section.allow_plaintext,
        language=section.language.lower(),
        idle_seconds=section.idle_timeout,
        login_seconds=section.login_timeout,
        hidden=disguise.hidden,
        banner=disguise.banner,
    )


_NO_SUBMISSION: Final = Submission()
