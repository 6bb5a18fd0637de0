"""The PROXY protocol's header, versions 1 and 2: what a proxy says first, to tell for whom it connects.

The rules are those of HAProxy's proxy-protocol.txt; its sections are named where they are held to. Whom to believe is
decided elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final, NamedTuple

V1_OCTETS: Final = 107  # the longest line with its CRLF (2.1)
# Section 2 wants a header to fit into 536 octets. The type-length-values behind the addresses may name hosts and
# certificates by now; eight times as much takes those, and is still nothing to keep for a proxy of our own.
V2_OCTETS: Final = 4096

_V1_BEGIN: Final = b"PROXY "
_V2_BEGIN: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_FIXED_OCTETS: Final = 16  # signature, version and command, family, length
_LOCAL: Final = 0x20
_PROXY: Final = 0x21
_TCP4: Final = 0x11
_TCP6: Final = 0x21
_ADDRESS_OCTETS: Final = {_TCP4: 4, _TCP6: 16}
_PORT_OCTETS: Final = 2
# Valid, and of no use to a server of TCP: taken as unspecified (2.2, "only the UNSPEC protocol byte is mandatory").
_UNSPECIFIED: Final = frozenset({0x00, 0x12, 0x22, 0x31, 0x32})
_PORT: Final = re.compile(r"0|[1-9][0-9]{0,4}")


class ProxyFault(ValueError):
    """What came is not a PROXY header; the message says why. The connection is to be aborted (2.1)."""


class Source(NamedTuple):
    """Where a client is: its IP address, an IPv4 one never in IPv6's clothes, and its port."""

    address: str
    port: int


class Header(NamedTuple):
    """What a proxy said."""

    source: Source | None  # None: it speaks for itself, or cannot say for whom


class ProxyReader:
    """Reads one header, however it is cut. Holds no more than `V2_OCTETS` and what one `feed` brings."""

    def __init__(self) -> None:
        self._octets = bytearray()

    @property
    def rest(self) -> bytes:
        """What came behind the header, once there is one."""
        return bytes(self._octets)

    def feed(self, octets: bytes) -> Header | None:
        """Take octets; give the header when it is whole, None before. Raises `ProxyFault`, as soon as it shows.

        Feed no more after either.
        """
        self._octets += octets
        if _begins(self._octets, _V1_BEGIN):
            return self._read_line()
        if _begins(self._octets, _V2_BEGIN):
            return self._read_block()
        raise ProxyFault("it does not begin with a PROXY header")

    def _read_line(self) -> Header | None:
        end = self._octets.find(b"\r\n", 0, V1_OCTETS)
        if end < 0:
            if len(self._octets) >= V1_OCTETS:
                raise ProxyFault(f"no CRLF in the first {V1_OCTETS} octets of a PROXY header")
            return None
        line = bytes(self._octets[:end])
        del self._octets[: end + 2]
        return _parse_line(line)

    def _read_block(self) -> Header | None:
        if len(self._octets) < _V2_FIXED_OCTETS:
            return None
        command, family = self._octets[12], self._octets[13]
        end = _V2_FIXED_OCTETS + int.from_bytes(self._octets[14:16])
        _check_block(command, family, end)
        if len(self._octets) < end:
            return None  # not to be parsed before it is whole (2.2)
        addresses = bytes(self._octets[_V2_FIXED_OCTETS:end])  # and type-length-values, which may be skipped
        del self._octets[:end]
        if command == _LOCAL or family in _UNSPECIFIED:
            return Header(None)
        return Header(_packed_source(addresses, _ADDRESS_OCTETS[family]))


def _begins(octets: bytearray, beginning: bytes) -> bool:
    """Does it begin so, as far as it has come?"""
    return octets[: len(beginning)] == beginning[: len(octets)]


def _parse_line(line: bytes) -> Header:
    words = line.decode("latin-1").split(" ")
    if words[1] == "UNKNOWN":
        return Header(None)  # whatever else the line says (2.1)
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise ProxyFault("a PROXY header is TCP4 or TCP6, two addresses and two ports, or UNKNOWN")
    _, family, source, destination, source_port, destination_port = words
    address = _parse_address(family, source)
    _parse_address(family, destination)
    port = _parse_port(source_port)
    _parse_port(destination_port)
    return Header(Source(_plain(address), port))


def _parse_address(family: str, text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        if family == "TCP4":
            return ipaddress.IPv4Address(text)  # takes four decimal numbers without leading zeros alone
        if "%" not in text:  # a zone means something on the proxy only
            return ipaddress.IPv6Address(text)
    except ValueError:
        pass
    raise ProxyFault(f"not an address of {family} in a PROXY header: {text!r}")


def _parse_port(text: str) -> int:
    if _PORT.fullmatch(text) is None or int(text) > 65_535:
        raise ProxyFault(f"not a port in a PROXY header: {text!r}")
    return int(text)


def _check_block(command: int, family: int, end: int) -> None:
    if command not in (_LOCAL, _PROXY):
        raise ProxyFault(f"a PROXY header of unknown version and command 0x{command:02x}")
    if end > V2_OCTETS:
        raise ProxyFault(f"a PROXY header of {end} octets; {V2_OCTETS} are taken")
    if command == _LOCAL or family in _UNSPECIFIED:
        return  # of LOCAL, the family is ignored (2.2)
    if family not in _ADDRESS_OCTETS:
        raise ProxyFault(f"a PROXY header of unknown family and protocol 0x{family:02x}")
    if end < _V2_FIXED_OCTETS + 2 * (_ADDRESS_OCTETS[family] + _PORT_OCTETS):
        raise ProxyFault("a PROXY header that is too short for its addresses")


def _packed_source(addresses: bytes, octets: int) -> Source:
    # Source address, destination address, source port, destination port (2.2).
    port = int.from_bytes(addresses[2 * octets : 2 * octets + _PORT_OCTETS])
    return Source(_plain(ipaddress.ip_address(addresses[:octets])), port)


def _plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    mapped = getattr(address, "ipv4_mapped", None)
    return str(address if mapped is None else mapped)
