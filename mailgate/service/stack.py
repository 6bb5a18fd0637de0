"""The layers between a port and its sessions, outermost first: PROXY header, admission, TLS, connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocolFactory, IReactorTime
from twisted.protocols.tls import TLSMemoryBIOFactory

from mailgate.connection import HEADER_SECONDS, Enter, Gate, ProxiedFactory
from mailgate.facts import TurnedAway
from mailgate.limits.admission import CONNECTIONS, TOO_MANY_NEW
from mailgate.limits.networks import Networks

# RFC 5321 3.1, 4.2.3 and RFC 3206 section 4: come back later. Which limit it was is for the log alone.
SMTP_REFUSAL: Final = b"421 4.7.0 Too many connections, try again later\r\n"
SMTP_RATE_REFUSAL: Final = b"421 4.7.0 Too many new connections, come back in a minute\r\n"
POP3_REFUSAL: Final = b"-ERR [SYS/TEMP] too many connections, try again later\r\n"
POP3_RATE_REFUSAL: Final = b"-ERR [SYS/TEMP] too many new connections, come back in a minute\r\n"
HTTP_REFUSAL: Final = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@frozen(kw_only=True)
class Approach:
    """How clients come to a listener: who may come in, who is believed, and who hears of the others."""

    enter: Enter
    proxies: Networks
    clock: IReactorTime
    tell: Callable[[TurnedAway], None]
    greeting_seconds: float = HEADER_SECONDS  # what the session gives a client for its greeting or login
    introductions: int = CONNECTIONS  # how many may be without their PROXY header at a time; 0: any number

    @property
    def header_seconds(self) -> float:
        """The time for a PROXY header: never more than the session's own, which begins behind it."""
        return min(HEADER_SECONDS, self.greeting_seconds)


def layered(
    factory: IProtocolFactory,
    approach: Approach,
    *,
    listener: str,
    implicit_tls: IOpenSSLServerConnectionCreator | None,
) -> IProtocolFactory:
    """What a port is given so that clients get to `factory`. `listener` is "smtp", "submission", "lmtp", "pop3" or
    "http".
    """
    refusal = _REFUSALS.get(listener, _smtp_refusal)
    if implicit_tls is not None:
        factory = TLSMemoryBIOFactory(implicit_tls, False, factory, approach.clock)
        refusal = _silence  # to say it, hands would have to be shaken first: what a refusal is to spare us
    factory = Gate(factory, approach.enter, refusal, listener, approach.clock, approach.tell)
    if approach.proxies:
        factory = ProxiedFactory(
            factory,
            approach.proxies.contains,
            listener,
            approach.clock,
            approach.tell,
            approach.header_seconds,
            approach.introductions,
        )
    return factory


def _smtp_refusal(reason: str) -> bytes:
    return SMTP_RATE_REFUSAL if reason.startswith(TOO_MANY_NEW) else SMTP_REFUSAL


def _pop3_refusal(reason: str) -> bytes:
    return POP3_RATE_REFUSAL if reason.startswith(TOO_MANY_NEW) else POP3_REFUSAL


def _http_refusal(reason: str) -> bytes:
    return HTTP_REFUSAL


def _silence(reason: str) -> bytes:
    return b""


_REFUSALS: Final = {"pop3": _pop3_refusal, "http": _http_refusal}
