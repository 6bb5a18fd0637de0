"""What an SMTP or LMTP listener shows and allows: one value, made by the composition root."""

from __future__ import annotations

import re
from typing import Final

from attrs import field, frozen

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

# What can be hidden. Without EHLO itself, clients fall back to HELO (RFC 5321 3.2). ENHANCEDSTATUSCODES is only not
# listed: the statuses are said all the same.
KEYWORDS: Final = frozenset(
    {
        *("PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING", "LIMITS"),
        *("STARTTLS", "AUTH", "EHLO"),
    }
)
_COMMANDS: Final = {"CHUNKING": "BDAT", "STARTTLS": "STARTTLS", "AUTH": "AUTH", "EHLO": "EHLO"}  # that go with them
_BANNER: Final = re.compile(r"[\x20-\x7e]{0,200}")


@frozen(kw_only=True)
class Personality:
    """The settings of one listener. Raises ValueError for what can be neither hidden nor said."""

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
    hidden: frozenset[str] = field(default=frozenset())  # of `KEYWORDS`: this server does as if it had none of them
    banner: str = field(default="")  # the greeting's text, in place of ours

    @hidden.validator
    def _check_hidden(self, _: object, hidden: frozenset[str]) -> None:
        if unknown := sorted(hidden - KEYWORDS):
            raise ValueError(f"{unknown[0][:40]!r} cannot be hidden; {', '.join(sorted(KEYWORDS))} can")
        if self.lmtp and "EHLO" in hidden:
            raise ValueError("EHLO cannot be hidden from LMTP, which has no HELO (RFC 2033 4.1)")

    @banner.validator
    def _check_banner(self, _: object, banner: str) -> None:
        if _BANNER.fullmatch(banner) is None:
            raise ValueError(f"a greeting is 200 printable ASCII characters at most, not {banner[:40]!r}")

    @property
    def greeting(self) -> str:
        """The text of the 220."""
        return self.banner or f"{self.hostname} {'LMTP' if self.lmtp else 'ESMTP'} mailgate"

    def keywords(self, *, tls: bool, authenticated: bool) -> tuple[str, ...]:
        """What EHLO lists now (RFC 5321 4.1.1.1): nothing that is not done."""
        keywords = (
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
        if not self.hidden:
            return keywords
        return tuple(line for line in keywords if line.partition(" ")[0] not in self.hidden)

    def commands(self, *, tls: bool, authenticated: bool) -> tuple[str, ...]:
        """What HELP lists now."""
        commands = (
            *(("LHLO",) if self.lmtp else ("EHLO", "HELO")),
            *("MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "VRFY", "HELP", "QUIT"),
            *(("STARTTLS",) if self.offers_tls(tls=tls) else ()),
            *(("AUTH",) if self.takes_passwords(tls=tls) and not authenticated else ()),
        )
        if not self.hidden:
            return commands
        return tuple(name for name in commands if name not in self.hidden_commands)

    @property
    def hidden_commands(self) -> frozenset[str]:
        """The commands that are not there because their keyword is hidden."""
        return frozenset(_COMMANDS[keyword] for keyword in self.hidden if keyword in _COMMANDS)

    def offers_tls(self, *, tls: bool) -> bool:
        """May a client say STARTTLS now? Not inside TLS (RFC 3207 4.2)."""
        return self.starttls and not tls

    def takes_passwords(self, *, tls: bool) -> bool:
        """May a client log in now?"""
        return self.auth_required and (tls or self.allow_plaintext)
