"""Who counts as one client: an address alone says little where everybody has as many as they like."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

IPV6_PREFIX: Final = 64  # whoever has one IPv6 address has all of its subnet (RFC 4291 2.5.1)
SITE_PREFIX: Final = 48  # the most that a customer usually gets; many get a /56 of it (RFC 6177)

REMEMBERED: Final = 4_096  # of how many clients what they are: it is asked for every recipient

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


_MAPPED: Final = "::ffff:"  # RFC 4291 2.5.5.2: how a socket of IPv6 shows a client of IPv4


def client_of(address: object) -> str:
    """What a client is called, from the address that Twisted has of it: by its IP address, one of IPv4 as IPv4 whatever
    the socket, so that log, journal and limits know it by one name. "local" for a UNIX socket.
    """
    host = str(getattr(address, "host", "local"))
    return str(address_of(host)) if host.startswith(_MAPPED) else host


@lru_cache(maxsize=REMEMBERED)
def network_of(client: str) -> str:
    """The network that counts as one client: the address itself for IPv4, its /64 for IPv6; what is no IP address is
    given as it is.
    """
    address = address_of(client)
    if address is None:
        return client
    return str(address) if address.version == 4 else _cut(address, IPV6_PREFIX)


def site_of(client: str) -> str:
    """The network of one customer, who has many of those that `network_of` gives: the /48 for IPv6; empty for IPv4
    and for what is no IP address.
    """
    address = address_of(client)
    return "" if address is None or address.version == 4 else _cut(address, SITE_PREFIX)


@lru_cache(maxsize=REMEMBERED)
def address_of(client: str) -> Address | None:
    """The client's IP address, an IPv4 one as IPv4 even where a socket of IPv6 has taken it."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _cut(address: Address, prefix: int) -> str:
    shift = address.max_prefixlen - prefix
    return f"{ipaddress.IPv6Address(int(address) >> shift << shift)}/{prefix}"
