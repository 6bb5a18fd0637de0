"""What an SMTP or LMTP listener shows and allows: one value, made by the composition root."""

from __future__ import annotations

from typing import Final

from attrs import frozen

MAX_MESSAGE_OCTETS: Final = 26_214_400  # 25 MiB
MAX_LINE_OCTETS: Final = 1 << 20  # RFC 5321 4.5.3.1.6 has 1,000, which much real mail breaks
MAX_RECIPIENTS: Final = 1_000  # RFC 5321 4.5.3.1.8 asks for 100 at least
MAX_HOPS: Final = 100  # RFC 5321 6.3
MAX_TRANSACTIONS: Final = 1_000  # a session
MAX_ERRORS: Final = 20  # wrong commands a session, before it is ended
MAX_REFUSED_RECIPIENTS: Final = 100  # a session; who guesses addresses needs many
MAX_IDLE_COMMANDS: Final = 100  # in a row, that bring no message further
MAX_LOGIN_FAILURES: Final = 5  # a session
IDLE_SECONDS: Final = 300.0  # RFC 5321 4.5.3.2.7
GREETING_SECONDS: Final = 60.0  # until EHLO, or, where a login is wanted, until that
SESSION_SECONDS: Final = 3_600.0


@frozen(kw_only=True)
class Personality:
    """The settings of one listener."""

    hostname: str
    listener: str = "smtp"
    lmtp: bool = False  # RFC 2033
    auth_required: bool = False  # is this submission (RFC 6409 4.3)?
    any_sender: bool = False  # may a user send as anybody?
    relays: bool = False  # may a user send to other systems?
    starttls: bool = False
    allow_plaintext: bool = False  # may passwords travel before TLS?
    max_message_octets: int = MAX_MESSAGE_OCTETS  # with CRLF line ends
    max_line_octets: int = MAX_LINE_OCTETS  # with its CRLF
    max_recipients: int = MAX_RECIPIENTS
    max_hops: int = MAX_HOPS
    max_transactions: int = MAX_TRANSACTIONS
    max_errors: int = MAX_ERRORS
    max_refused_recipients: int = MAX_REFUSED_RECIPIENTS
    max_idle_commands: int = MAX_IDLE_COMMANDS
    max_login_failures: int = MAX_LOGIN_FAILURES
    idle_seconds: float = IDLE_SECONDS
    greeting_seconds: float = GREETING_SECONDS
    session_seconds: float = SESSION_SECONDS

    @property
    def greeting(self) -> str:
        """The text of the 220."""
        return f"{self.hostname} {'LMTP' if self.lmtp else 'ESMTP'} mailgate"

    def keywords(self, *, tls: bool, authenticated: bool) -> tuple[str, ...]:
        """What EHLO lists now (RFC 5321 4.1.1.1): nothing that is not done."""
        return (
            "PIPELINING",  # RFC 2920
            f"SIZE {self.max_message_octets}",  # RFC 1870
            "8BITMIME",  # RFC 6152
            "SMTPUTF8",  # RFC 6531
            "ENHANCEDSTATUSCODES",  # RFC 2034
            "CHUNKING",  # RFC 3030
            f"LIMITS MAILMAX={self.max_transactions} RCPTMAX={self.max_recipients}",  # RFC 9422
            *(("STARTTLS",) if self.offers_tls(tls=tls) else ()),
            *(("AUTH PLAIN LOGIN",) if self.takes_passwords(tls=tls) and not authenticated else ()),  # RFC 4954 3
        )

    def commands(self, *, tls: bool, authenticated: bool) -> tuple[str, ...]:
        """What HELP lists now."""
        return (
            *(("LHLO",) if self.lmtp else ("EHLO", "HELO")),
            *("MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "VRFY", "HELP", "QUIT"),
            *(("STARTTLS",) if self.offers_tls(tls=tls) else ()),
            *(("AUTH",) if self.takes_passwords(tls=tls) and not authenticated else ()),
        )

    def offers_tls(self, *, tls: bool) -> bool:
        """May a client say STARTTLS now? Not inside TLS (RFC 3207 4.2)."""
        return self.starttls and not tls

    def takes_passwords(self, *, tls: bool) -> bool:
        """May a client log in now?"""
        return self.auth_required and (tls or self.allow_plaintext)
