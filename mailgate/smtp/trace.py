"""The fields that are put in front of a message: Received (RFC 5321 4.4), exact in form whatever the client said."""

from __future__ import annotations

import contextlib
import datetime
import functools
import ipaddress
from email.utils import format_datetime

from mailgate.mail import NULL_PATH, Envelope, Field
from mailgate.wire.address import AddressError, check_domain
from mailgate.wire.header import HeaderScanner


def received(envelope: Envelope, hostname: str, seconds: float) -> Field:
    """The field for a message that came at `seconds` (Unix time)."""
    session = envelope.session
    tls = f" ({session.tls})" if session.tls else ""
    # `for` with one recipient only: with more it would disclose blind copies (RFC 5321 7.2).
    # A bare postmaster is no Path of that grammar.
    first = envelope.recipients[0].path if envelope.recipients else NULL_PATH
    only = f"\n\tfor <{first}>" if len(envelope.recipients) == 1 and first.domain else ""
    return Field(
        "Received",
        f"{_from(session.helo, session.client)}\n\tby {hostname} (mailgate) with {_protocol(envelope)}{tls}"
        f" id {envelope.id}{only};\n\t{_date(int(seconds))}",
    )


def completing(header: HeaderScanner, message: str, hostname: str, seconds: float) -> tuple[Field, ...]:
    """The fields that a message from a user's client should have and lacks (RFC 6409 8.2, 8.3)."""
    fields: tuple[Field, ...] = ()
    if not header.has_message_id:
        fields += (Field("Message-ID", f"<{message}@{hostname}>"),)
    if not header.has_date:
        fields += (Field("Date", _date(int(seconds))),)
    return fields


def ending(header: HeaderScanner) -> tuple[Field, ...]:
    """The last field in front of content that begins with white space: what would otherwise go on with a field of
    ours, as a folded line does (RFC 5322 2.2.3), goes on with this one.
    """
    return (Field("X-Mailgate-Note", "the content begins with a folded line"),) if header.begins_folded else ()


def _protocol(envelope: Envelope) -> str:
    """The `with` clause: RFC 3848, and RFC 6531 4.3 for SMTPUTF8."""
    session = envelope.session
    secured = ("S" if session.tls else "") + ("A" if session.user else "")
    if session.lmtp:
        return ("UTF8LMTP" if envelope.smtputf8 else "LMTP") + secured
    if envelope.smtputf8:
        return "UTF8SMTP" + secured
    return "ESMTP" + secured if session.extended else "SMTP"


def address_literal(client: str) -> str:
    """An IP address as `[…]` (RFC 5321 4.1.3); an IPv4 address mapped into IPv6 as what it is.

    Raises ValueError for anything else.
    """
    ip = ipaddress.ip_address(client.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        return f"[{ip.ipv4_mapped}]" if ip.ipv4_mapped else f"[IPv6:{ip}]"
    return f"[{ip}]"


@functools.lru_cache(maxsize=2)
def _date(seconds: int) -> str:
    """RFC 5322 3.3."""
    return format_datetime(datetime.datetime.fromtimestamp(seconds, datetime.UTC))


@functools.lru_cache(maxsize=1024)  # once a session is enough
def _from(helo: str, client: str) -> str:
    # Extended-Domain = Domain FWS "(" TCP-info ")". A greeting that is no domain, or none in ASCII (RFC 6531 3.3 does
    # not widen EHLO), never gets into the field.
    try:
        info = f" ({address_literal(client)})"
    except ValueError:
        info = " (local)"
    name = "unknown"
    if helo.isascii():
        with contextlib.suppress(AddressError):
            name = check_domain(helo)
    return f"from {name}{info}"
