"""What an SMTP listener shows and allows: one value, made by the composition root."""

from __future__ import annotations

from typing import Final

from attrs import frozen

MAX_MESSAGE_OCTETS: Final = 26_214_400  # 25 MiB
MAX_RECIPIENTS: Final = 1_000  # RFC 5321 4.5.3.1.8 asks for 100 at least
MAX_FAULTS: Final = 20  # wrong commands a session, before it is ended
MAX_LOGIN_FAILURES: Final = 5  # a session
IDLE_SECONDS: Final = 300.0  # RFC 5321 4.5.3.2.7


@frozen(kw_only=True)
class Personality:
    """The settings of one listener."""

    hostname: str
    listener: str = "smtp"
    auth_required: bool = False  # is this submission (RFC 6409 4.3)?
    starttls: bool = False
    allow_plaintext: bool = False  # may passwords travel before TLS?
    max_message_octets: int = MAX_MESSAGE_OCTETS  # with CRLF line ends
    max_recipients: int = MAX_RECIPIENTS
    max_faults: int = MAX_FAULTS
    max_login_failures: int = MAX_LOGIN_FAILURES
    idle_seconds: float = IDLE_SECONDS

    def keywords(self, *, tls: bool, authenticated: bool) -> tuple[str, ...]:
        """What EHLO lists now (RFC 5321 4.1.1.1): nothing that is not done."""
        return (
            "PIPELINING",  # RFC 2920
            f"SIZE {self.max_message_octets}",  # RFC 1870
            "8BITMIME",  # RFC 6152
            "ENHANCEDSTATUSCODES",  # RFC 2034
            *(("STARTTLS",) if self.starttls and not tls else ()),  # RFC 3207 4.2
            *(("AUTH PLAIN LOGIN",) if self.takes_passwords(tls=tls) and not authenticated else ()),  # RFC 4954 3
        )

    def takes_passwords(self, *, tls: bool) -> bool:
        """May a client log in now?"""
        return self.auth_required and (tls or self.allow_plaintext)
