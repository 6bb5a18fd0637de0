"""Networks: what counts as one client, and who is in a list."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.clients import address_of
from mailgate.limits.networks import LOCAL, Networks, parse_network

ADDRESSES = st.ip_addresses()
NETWORKS = ADDRESSES.flatmap(
    lambda address: st.integers(0, address.max_prefixlen).map(
        lambda prefix: ipaddress.ip_network((address, prefix), strict=False)
    )
)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.1", "192.0.2.1/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("local", "local"),
    ],
)
def test_parse_network(text: str, network: str) -> None:
    assert parse_network(text) == network
    assert parse_network(network) == network


@pytest.mark.parametrize(
    "text", ["", "mx.example.org", "192.0.2.0/33", "192.0.2.0/", "192.0.2/24", "192.0.2.0/255.255.255.0", "1/2/3", 7]
)
def test_what_is_no_network(text: object) -> None:
    with pytest.raises(ValueError, match=r'expected such as "192\.0\.2\.0/24"'):
        parse_network(text)


def test_an_address_is_no_network() -> None:
    with pytest.raises(ValueError, match=r"the network is 192\.0\.2\.0/24"):
        parse_network("192.0.2.1/24")


def test_contains() -> None:
    networks = Networks(["192.0.2.0/24", "198.51.100.7", "2001:db8::/32", "::1"])
    assert all(map(networks.contains, ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.9", "198.51.100.7", "::1"]))
    assert networks.contains("2001:db8:ffff::1")
    assert not any(map(networks.contains, ["192.0.3.0", "198.51.100.8", "2001:db9::", "::2", "local", "nonsense", ""]))


def test_who_was_asked_for_is_remembered_and_not_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.limits.networks.REMEMBERED", 2)
    asked: list[str] = []

    def noting(client: str) -> object:
        asked.append(client)
        return address_of(client)

    monkeypatch.setattr("mailgate.limits.networks.address_of", noting)
    networks = Networks(["192.0.2.1"])
    for client in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.1"):
        assert networks.contains(client) == (client == "192.0.2.1")
    assert asked == ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.1"]


def test_a_list_may_name_local_clients_and_be_empty() -> None:
    assert Networks([LOCAL]).contains("local")
    assert not any(map(Networks([LOCAL]).contains, ["127.0.0.1", "nonsense"]))
    assert Networks([LOCAL])
    assert not Networks()
    assert not Networks().contains("local")


def test_a_list_with_a_fault_is_none() -> None:
    with pytest.raises(ValueError, match="expected"):
        Networks(["192.0.2.0/24", "192.0.2.999"])


@given(st.lists(NETWORKS, max_size=6), st.data())
def test_contains_is_what_ipaddress_says(
    networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network], data: st.DataObject
) -> None:
    near = [st.just(network.network_address) for network in networks]
    address = data.draw(st.one_of(ADDRESSES, *near))
    if getattr(address, "ipv4_mapped", None) is None:
        assert Networks(map(str, networks)).contains(str(address)) == any(address in network for network in networks)
