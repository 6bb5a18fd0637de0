"""The PROXY header: both versions, however they are cut; anything else is a ProxyFault and nothing worse."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.proxy import V1_OCTETS, V2_OCTETS, Header, ProxyFault, ProxyReader, Source
from tests.support import splits

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
NOBODY = Header(None)
CLIENT = Header(Source("192.0.2.7", 56_324))
CLIENT6 = Header(Source("2001:db8::7", 56_324))
IPV4 = bytes([192, 0, 2, 7, 198, 51, 100, 1]) + (56_324).to_bytes(2) + (25).to_bytes(2)
IPV6 = ipaddress.IPv6Address("2001:db8::7").packed + bytes(16) + (56_324).to_bytes(2) + (25).to_bytes(2)
TLVS = b"\x04\x00\x03abc\xea\x00\x01x"


def block(command: int, family: int, rest: bytes = b"", octets: int | None = None) -> bytes:
    """A header of version 2, which says that `rest` has so many octets."""
    return SIGNATURE + bytes([command, family]) + (len(rest) if octets is None else octets).to_bytes(2) + rest


GOOD = [
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n", CLIENT),
    (b"PROXY TCP6 2001:db8::7 2001:DB8::1 56324 25\r\n", CLIENT6),
    (b"PROXY TCP6 2001:0db8:0:0:0:0:0:0007 ::1 56324 25\r\n", CLIENT6),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 56324 25\r\n", CLIENT),
    (b"PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", Header(Source("0.0.0.0", 0))),
    (b"PROXY UNKNOWN\r\n", NOBODY),
    (b"PROXY UNKNOWN 192.0.2.7 nonsense \xff\n\r\n", NOBODY),
    (b"PROXY UNKNOWN " + b"f" * (V1_OCTETS - 16) + b"\r\n", NOBODY),  # the longest line
    (block(0x21, 0x11, IPV4), CLIENT),
    (block(0x21, 0x11, IPV4 + TLVS), CLIENT),
    (block(0x21, 0x21, IPV6), CLIENT6),
    (block(0x21, 0x21, IPV6 + TLVS), CLIENT6),
    (block(0x21, 0x21, ipaddress.IPv6Address("::ffff:192.0.2.7").packed + IPV6[16:]), CLIENT),
    (block(0x21, 0x11, IPV4 + bytes(V2_OCTETS - 28)), CLIENT),  # the longest block
    (block(0x20, 0x00), NOBODY),
    (block(0x20, 0x11, IPV4), NOBODY),
    (block(0x20, 0xFF, b"anything"), NOBODY),  # of LOCAL, the family is ignored
    (block(0x21, 0x00), NOBODY),
    (block(0x21, 0x00, IPV4), NOBODY),
    (block(0x21, 0x12, IPV4), NOBODY),  # UDP
    (block(0x21, 0x22, IPV6), NOBODY),
    (block(0x21, 0x31, bytes(216)), NOBODY),  # a UNIX socket
    (block(0x21, 0x32, bytes(216)), NOBODY),
]

BAD = [
    (b"EHLO client.example.org\r\n", "does not begin"),
    (b"\x16\x03\x01\x02\x00\x01", "does not begin"),  # TLS
    (b"proxy TCP4 192.0.2.7 198.51.100.1 56324 25\r\n", "does not begin"),
    (b"PROXYTCP4", "does not begin"),
    (SIGNATURE[:-1] + b"\r", "does not begin"),
    (b"\r\n\r\nQUIT", "does not begin"),
    (b"PROXY \r\n", "TCP4 or TCP6"),
    (b"PROXY UNKNOWNS\r\n", "TCP4 or TCP6"),
    (b"PROXY  UNKNOWN\r\n", "TCP4 or TCP6"),
    (b"PROXY UDP4 192.0.2.7 198.51.100.1 56324 25\r\n", "TCP4 or TCP6"),
    (b"PROXY tcp4 192.0.2.7 198.51.100.1 56324 25\r\n", "TCP4 or TCP6"),
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n", "TCP4 or TCP6"),
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25 \r\n", "TCP4 or TCP6"),
    (b"PROXY TCP4  192.0.2.7 198.51.100.1 56324 25\r\n", "TCP4 or TCP6"),
    (b"PROXY TCP4 2001:db8::7 2001:db8::1 56324 25\r\n", "not an address of TCP4"),
    (b"PROXY TCP6 192.0.2.7 198.51.100.1 56324 25\r\n", "not an address of TCP6"),
    (b"PROXY TCP6 fe80::7%eth0 fe80::1 56324 25\r\n", "not an address of TCP6"),
    (b"PROXY TCP6 2001:db8:::7 ::1 56324 25\r\n", "not an address of TCP6"),
    (b"PROXY TCP4 192.0.02.7 198.51.100.1 56324 25\r\n", "not an address of TCP4: '192.0.02.7'"),
    (b"PROXY TCP4 192.0.2.256 198.51.100.1 56324 25\r\n", "not an address"),
    (b"PROXY TCP4 192.0.2 198.51.100.1 56324 25\r\n", "not an address"),
    (b"PROXY TCP4 192.0.2.7 198.51.100.300 56324 25\r\n", "'198.51.100.300'"),
    ("PROXY TCP4 192.0.2.² 198.51.100.1 56324 25\r\n".encode(), "not an address"),
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 25\r\n", "not a port"),
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 056 25\r\n", "not a port"),
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 +56 25\r\n", "not a port"),
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 56 \r\n", "not a port"),
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 56 25\n\r\n", "not a port"),  # no lone LF ends the line
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 56 25\r\r\n", "not a port"),
    (b"PROXY UNKNOWN " + b"f" * (V1_OCTETS - 15) + b"\r\n", "no CRLF in the first 107 octets"),
    (block(0x11, 0x11, IPV4), "version and command 0x11"),
    (block(0x22, 0x11, IPV4), "version and command 0x22"),
    (block(0x21, 0x10, IPV4), "family and protocol 0x10"),
    (block(0x21, 0x41, IPV4), "family and protocol 0x41"),
    (block(0x21, 0x13, IPV4), "family and protocol 0x13"),
    (block(0x21, 0x11, IPV4[:-1]), "too short"),
    (block(0x21, 0x21, IPV6[:-1]), "too short"),
    (block(0x21, 0x21, IPV4), "too short"),
    (block(0x21, 0x11, octets=V2_OCTETS - 15), f"{V2_OCTETS + 1} octets; {V2_OCTETS} are taken"),
    (block(0x20, 0x00, octets=65_535), "65551 octets"),
]


def read(blocks: list[bytes]) -> tuple[Header | str | None, bytes]:
    """The header or the fault, and the octets behind it; on the way the reader keeps its bound."""
    reader = ProxyReader()
    for number, octets in enumerate(blocks):
        try:
            header = reader.feed(octets)
        except ProxyFault as fault:
            return str(fault), b""
        if header is not None:
            return header, reader.rest + b"".join(blocks[number + 1 :])
        assert len(reader.rest) < V2_OCTETS
    return None, b""


@pytest.mark.parametrize(("octets", "header"), GOOD)
def test_a_header_is_read_and_what_follows_is_kept(octets: bytes, header: Header) -> None:
    assert read([octets]) == (header, b"")
    assert read([octets + b"EHLO x\r\n"]) == (header, b"EHLO x\r\n")


@pytest.mark.parametrize(("octets", "header"), GOOD)
def test_a_header_is_waited_for_to_its_last_octet(octets: bytes, header: Header) -> None:
    reader = ProxyReader()
    assert reader.feed(octets[:-1]) is None
    assert reader.feed(octets[-1:]) == header


@pytest.mark.parametrize(("octets", "fault"), BAD)
def test_what_is_no_header_is_a_fault(octets: bytes, fault: str) -> None:
    result, _ = read([octets])
    assert isinstance(result, str)
    assert fault in result.replace(" in a PROXY header", "")


def test_a_fault_does_not_wait_for_more() -> None:
    assert read([b"E"])[0] == "it does not begin with a PROXY header"
    assert read([block(0x21, 0x11, octets=65_535)])[0] is not None
    endless = b"PROXY UNKNOWN " + b"f" * (V1_OCTETS - 14)
    assert read([endless[:-1]])[0] is None
    assert read([endless])[0] == "no CRLF in the first 107 octets of a PROXY header"


@given(st.data(), st.sampled_from([octets for octets, _ in GOOD + BAD]), st.binary(max_size=20))
def test_any_split_reads_the_same(data: st.DataObject, octets: bytes, rest: bytes) -> None:
    whole = read([octets + rest])
    assert whole[0] is not None
    assert read(data.draw(splits(octets + rest))) == whole


@given(
    st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=150).map(lambda tail: b"PROXY " + tail + b"\r\n"),
        st.text("TCP46UNKOW :.0123456789abf%\r\n", max_size=100).map(lambda tail: b"PROXY TCP" + tail.encode()),
        st.binary(max_size=100).map(lambda tail: SIGNATURE + tail),
        st.binary(max_size=100).map(lambda tail: SIGNATURE + b"\x21\x11\x00" + tail),
    )
)
def test_nothing_but_a_fault_is_ever_raised(octets: bytes) -> None:
    result, rest = read([octets])
    assert octets.endswith(rest)
    if isinstance(result, Header) and result.source is not None:
        assert str(ipaddress.ip_address(result.source.address)) == result.source.address
        assert 0 <= result.source.port <= 65_535


@given(st.ip_addresses(), st.integers(0, 65_535), st.binary(max_size=50))
def test_both_versions_say_the_same(address: ipaddress.IPv4Address, port: int, tlvs: bytes) -> None:
    version = address.version
    line = f"PROXY TCP{version} {address} {address} {port} 25\r\n".encode()
    ports = port.to_bytes(2) + (25).to_bytes(2)
    packed = block(0x21, 0x11 if version == 4 else 0x21, address.packed * 2 + ports + tlvs)
    assert read([line]) == read([packed])
    assert read([line])[0] != NOBODY
