"""Who counts as one client, and as one customer."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, UNIXAddress

from mailgate.clients import client_of, network_of, site_of


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_one_name_for_one_client(host: str, client: str) -> None:
    assert client_of(IPv4Address("TCP", host, 25)) == client


def test_who_comes_by_a_unix_socket_is_local() -> None:
    assert client_of(UNIXAddress(b"/run/lmtp")) == client_of(None) == "local"


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("local", "local"),
        ("", ""),
        ("mx.example.org", "mx.example.org"),
    ],
)
def test_network_of(client: str, network: str) -> None:
    assert network_of(client) == network


@given(st.ip_addresses(v=6), st.integers(0, (1 << 64) - 1))
def test_one_subnet_is_one_client(address: ipaddress.IPv6Address, host: int) -> None:
    other = ipaddress.IPv6Address(int(address) >> 64 << 64 | host)
    if address.ipv4_mapped is None and other.ipv4_mapped is None:
        assert network_of(str(address)) == network_of(str(other))
        assert address in ipaddress.ip_network(network_of(str(address)))


@pytest.mark.parametrize(
    ("client", "site"),
    [
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("2001:db8:1:ffff:ffff::", "2001:db8:1::/48"),
        ("2001:db8:2::", "2001:db8:2::/48"),
        ("192.0.2.1", ""),
        ("::ffff:192.0.2.1", ""),
        ("local", ""),
        ("mx.example.org", ""),
    ],
)
def test_site_of(client: str, site: str) -> None:
    assert site_of(client) == site
