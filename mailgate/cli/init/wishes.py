"""What was asked for: an address and a host name that can be had, and ports."""

from __future__ import annotations

import socket
from typing import Final

from attrs import frozen

from mailgate.accounts.names import account_name
from mailgate.cli.init.layout import BadWish
from mailgate.wire import address

MAX_HOSTNAME_OCTETS: Final = 200  # what the configuration takes; a test holds the two together


@frozen
class Ports:
    """A port for each listener."""

    smtp: int
    submission: int
    submissions: int
    pop3: int
    pop3s: int

    @property
    def are_low(self) -> bool:
        """Does it take a privilege to listen there?"""
        return self.smtp < 1024


LOW: Final = Ports(25, 587, 465, 110, 995)
HIGH: Final = Ports(2525, 2587, 2465, 2110, 2995)


@frozen
class Wishes:
    """The first account, and the host."""

    local_part: str  # as it stands in `users`: folded, and quoted if it must be
    domain: str
    hostname: str
    ports: Ports
    endpoint: str  # the type of every listener: "tcp6" takes IPv4 too

    @property
    def address(self) -> str:
        """The account's."""
        return f"{self.local_part}@{self.domain}"


def wishes(mailbox: str, hostname: str | None, *, high_ports: bool) -> Wishes:
    """Raises `BadWish`, with what to say instead."""
    local_part, domain = _parse(mailbox)
    host = _hostname(hostname or f"mx.{domain}")
    endpoint = "tcp6" if socket.has_dualstack_ipv6() else "tcp"
    return Wishes(local_part, domain, host, HIGH if high_ports else LOW, endpoint)


def _parse(mailbox: str) -> tuple[str, str]:
    try:
        local_part, domain = address.parse_mailbox(mailbox)
        if _is_numeric(domain):
            raise BadWish(
                f"{mailbox}: mail is kept for a domain, and {domain} is an IP address. Say a name that you have, such "
                "as you@example.org; to try mailgate without one, take you@mailgate.test."
            )
        # DNS, the host name and the certificate are in ASCII (RFC 5890 2.3.2.1), and all of them are made from it.
        if not domain.isascii():
            raise BadWish(
                f"{mailbox}: the domain is a name as DNS has it, such as example.org or xn--bcher-kva.example"
            )
        folded, _, domain = account_name(local_part, domain).rpartition("@")
        return address.format_mailbox(folded, domain).rpartition("@")[0], domain
    except address.AddressError as error:
        raise BadWish(f"{mailbox!r} is no address: {error}; expected such as you@example.org") from None


def _hostname(name: str) -> str:
    hint = "say one with --hostname, such as mx.example.org"
    try:
        host = address.check_domain(name.rstrip("."))
    except address.AddressError as error:
        raise BadWish(f"host name {name!r}: {error}; {hint}") from None
    if _is_numeric(host):
        raise BadWish(f"host name {name!r}: it is an IP address; {hint}")
    if not host.isascii() or len(host) > MAX_HOSTNAME_OCTETS:
        raise BadWish(f"host name {name!r}: it is a name in ASCII, of {MAX_HOSTNAME_OCTETS} octets at most; {hint}")
    return host


def _is_numeric(domain: str) -> bool:
    """Is it an address literal, or an IPv4 address? No name ends in digits alone (RFC 1123 2.1, RFC 3696 2)."""
    return domain.startswith("[") or domain.rpartition(".")[2].isdigit()
