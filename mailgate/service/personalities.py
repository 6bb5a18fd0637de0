"""What each kind of listener shows and allows, by the configuration."""

from __future__ import annotations

from typing import Final, Literal

from mailgate.config import LMTP, SMTP, Config, Submission
from mailgate.pop3.personality import Personality as POP3Personality
from mailgate.smtp.personality import Personality as SMTPPersonality

SMTPKind = Literal["smtp", "submission", "lmtp"]
Kind = SMTPKind | Literal["pop3"]


def smtp_personality(config: Config, kind: SMTPKind, *, starttls: bool) -> SMTPPersonality:
    """That of a listener for SMTP, submission or LMTP; `starttls`: may it offer that?"""
    section: SMTP | Submission | LMTP = getattr(config, kind)
    submission = config.submission if kind == "submission" else _NO_SUBMISSION
    limits = config.limits
    return SMTPPersonality(
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


def pop3_personality(config: Config, *, tls_available: bool) -> POP3Personality:
    """That of a listener for POP3; `tls_available`: may it offer STLS?"""
    section = config.pop3
    return POP3Personality(
        hostname=config.hostname,
        tls_available=tls_available,
        allow_plaintext=section.allow_plaintext,
        language=section.language.lower(),
        idle_seconds=section.idle_timeout,
        login_seconds=section.login_timeout,
    )


_NO_SUBMISSION: Final = Submission()
