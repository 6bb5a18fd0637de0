"""The layers between a port and its sessions, outermost first: PROXY header, admission, TLS, connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocolFactory, IReactorTime
from twisted.protocols.tls import TLSMemoryBIOFactory

from mailgate.connection import HEADER_SECONDS, Enter, Gate, ProxiedFactory
from mailgate.facts import TurnedAway
from mailgate.limits.networks import Networks

# RFC 5321 3.1, 4.2.3 and RFC 3206 section 4: come back later.
SMTP_REFUSAL: Final = b"421 4.7.0 Too many connections, try again later\r\n"
POP3_REFUSAL: Final = b"-ERR [SYS/TEMP] too many connections, try again later\r\n"


@frozen(kw_only=True)
class Approach:
    """What all listeners of a gateway share: who may come in, who is believed, and who hears of the others."""

    enter: Enter
    proxies: Networks
    clock: IReactorTime
    tell: Callable[[TurnedAway], None]
    header_seconds: float = HEADER_SECONDS


def layered(
    factory: IProtocolFactory,
    approach: Approach,
    *,
    listener: str,
    implicit_tls: IOpenSSLServerConnectionCreator | None,
) -> IProtocolFactory:
    """What a port is given so that clients get to `factory`. `listener` is "smtp", "submission" or "pop3"."""
    refusal = POP3_REFUSAL if listener == "pop3" else SMTP_REFUSAL
    if implicit_tls is not None:
        factory = TLSMemoryBIOFactory(implicit_tls, False, factory, approach.clock)
        refusal = b""  # to say it, hands would have to be shaken first: what a refusal is to spare us
    factory = Gate(factory, approach.enter, refusal, listener, approach.clock, approach.tell)
    if approach.proxies:
        factory = ProxiedFactory(
            factory, approach.proxies.contains, listener, approach.clock, approach.tell, approach.header_seconds
        )
    return factory
