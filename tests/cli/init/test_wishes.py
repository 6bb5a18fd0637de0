"""What was asked for."""

from __future__ import annotations

import pytest

from mailgate.cli.init.layout import BadWish
from mailgate.cli.init.wishes import HIGH, LOW, MAX_HOSTNAME_OCTETS, wishes
from mailgate.config import rules


def test_an_address() -> None:
    wished = wishes("Alice@Example.TEST", None, high_ports=False)
    assert (wished.local_part, wished.domain, wished.hostname) == ("alice", "example.test", "mx.example.test")
    assert wished.address == "alice@example.test" and wished.ports == LOW and wished.ports.are_low
    wished = wishes('"front desk"@example.test', "Mail.Example.NET.", high_ports=True)
    assert (wished.local_part, wished.hostname) == ('"front desk"', "mail.example.net")
    assert wished.ports == HIGH and not wished.ports.are_low


@pytest.mark.parametrize(("has_both", "endpoint"), [(True, "tcp6"), (False, "tcp")])
def test_ipv6_where_there_is_any(has_both: bool, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.has_dualstack_ipv6", lambda: has_both)
    assert wishes("alice@example.test", None, high_ports=True).endpoint == endpoint


@pytest.mark.parametrize(
    ("mailbox", "why"),
    [
        ("alice", "is no address: .*; expected such as you@example.org"),
        ("@example.test", "is no address"),
        ("alice@example..test", "such as you@example.org"),
        ("alice@[192.0.2.1]", r"192\.0\.2\.1\] is an IP address\. Say a name that you have, such as you@example\.org"),
        ("alice@192.0.2.1", r"a domain, and 192\.0\.2\.1 is an IP address\. .* take you@mailgate\.test"),
        ("alice@[IPv6:2001:db8::1]", "is an IP address"),
        ("alice@bücher.example", "a name as DNS has it"),
        ("alice@exa mple.test", "such as"),
    ],
)
def test_what_is_no_address(mailbox: str, why: str) -> None:
    with pytest.raises(BadWish, match=why):
        wishes(mailbox, None, high_ports=True)


@pytest.mark.parametrize(
    "name", ["mx_1.example.test", "bücher.example", "[192.0.2.1]", "192.0.2.1", "-", ".".join(["a" * 50] * 5)]
)
def test_what_is_no_host_name(name: str) -> None:
    with pytest.raises(BadWish, match=r"host name .*--hostname"):
        wishes("alice@example.test", name, high_ports=True)


def test_the_configuration_takes_as_much() -> None:
    assert MAX_HOSTNAME_OCTETS == rules.MAX_HOSTNAME_OCTETS
