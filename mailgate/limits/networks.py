"""Lists of networks, and who is in them.

A client's address is what Twisted gives, or "local" where there is none (a UNIX socket).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, NewType

from mailgate.clients import REMEMBERED, address_of

Network = NewType("Network", str)  # as `parse_network` writes it

LOCAL: Final = Network("local")  # clients on UNIX sockets

_FORM: Final = 'expected such as "192.0.2.0/24", "2001:db8::/32", "192.0.2.1" or "local"'
_MAPPED_PREFIX: Final = 96  # ::ffff:0:0/96 is IPv4 (RFC 4291 2.5.5.2)


def parse_network(text: object) -> Network:
    """A network, or one address, in its shortest form; IPv4 in IPv6's clothes as IPv4. Raises ValueError with a
    message that says what is expected.
    """
    if not isinstance(text, str):
        raise ValueError(_FORM)
    if text == LOCAL:
        return LOCAL
    address, slash, prefix = text.partition("/")
    if slash and re.fullmatch("[0-9]{1,3}", prefix) is None:
        raise ValueError(f"{text[:60]!r} is not understood: {_FORM}")  # no masks: they are read two ways
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text[:60]!r} is not understood: {_FORM}") from None
    if network.network_address != ipaddress.ip_address(address):
        raise ValueError(f"{text} says an address and a network; the network is {network}")
    return _shortest(network)


class Networks:
    """A list of networks that can say whether a client is in one of them. Empty, it is false, and nobody is."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """Raises ValueError as `parse_network` does."""
        self.networks = tuple(parse_network(text) for text in networks)
        self._has_local = LOCAL in self.networks
        # By version and by how many bits an address is cut: a look-up a length, however long the list.
        self._cut: dict[int, dict[int, set[int]]] = {4: {}, 6: {}}
        for text in self.networks:
            if text != LOCAL:
                network = ipaddress.ip_network(text)
                shift = network.max_prefixlen - network.prefixlen
                self._cut[network.version].setdefault(shift, set()).add(int(network.network_address) >> shift)
        # Is that client in one of them? It is asked for every recipient.
        self.contains: Callable[[str], bool] = lru_cache(maxsize=REMEMBERED)(self._contains)

    def __bool__(self) -> bool:
        return bool(self.networks)

    def _contains(self, client: str) -> bool:
        address = address_of(client)
        if address is None:
            return self._has_local and client == LOCAL
        number = int(address)
        return any(number >> shift in numbers for shift, numbers in self._cut[address.version].items())


def _shortest(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Network:
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None and network.prefixlen >= _MAPPED_PREFIX:
        return Network(str(ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_PREFIX))))
    return Network(str(network))
