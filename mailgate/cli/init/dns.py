"""The DNS records that a domain needs so that mail finds this host, and mail programs find its ports."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from mailgate.cli.init.wishes import Wishes

# Addresses for documentation (RFC 5737, RFC 3849): a datagram socket that is connected to one sends nothing, and then
# knows from which address it would.
_FAR_AWAY: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


@frozen
class Record:
    """One line of a zone."""

    name: str
    kind: str
    value: str


def public_addresses() -> Sequence[str]:
    """The addresses under which others could reach this machine, as far as it knows itself: behind a router that
    translates addresses it does not, and they are none.
    """
    found = (_source_address(family, far) for family, far in _FAR_AWAY)
    return [address for address in found if address and ipaddress.ip_address(address).is_global]


def records(wishes: Wishes, addresses: Sequence[str]) -> Iterator[Record]:
    """All of them. Where no address is known, a place is left for one."""
    domain, host, ports = f"{wishes.domain}.", f"{wishes.hostname}.", wishes.ports
    yield Record(domain, "MX", f"10 {host}")
    yield Record(host, "A", next((address for address in addresses if ":" not in address), "<its IPv4 address>"))
    if wishes.endpoint == "tcp6":
        yield Record(
            host,
            "AAAA",
            next((address for address in addresses if ":" in address), "<its IPv6 address, if it has one>"),
        )
    yield Record(domain, "TXT", '"v=spf1 mx -all"')
    # RFC 6186 3.4: the lower number goes first; RFC 8314 5.1: that is TLS from the start.
    yield Record(f"_submissions._tcp.{domain}", "SRV", f"0 1 {ports.submissions} {host}")
    yield Record(f"_submission._tcp.{domain}", "SRV", f"10 1 {ports.submission} {host}")
    yield Record(f"_pop3s._tcp.{domain}", "SRV", f"0 1 {ports.pop3s} {host}")
    yield Record(f"_pop3._tcp.{domain}", "SRV", f"10 1 {ports.pop3} {host}")
    yield Record(f"_imaps._tcp.{domain}", "SRV", "0 0 0 .")  # RFC 6186 3.4: it is not there, do not look for it
    yield Record(f"_imap._tcp.{domain}", "SRV", "0 0 0 .")


def _source_address(family: socket.AddressFamily, far: str) -> str:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            return str(probe.getsockname()[0])
    except OSError:  # no route, or not that kind of address at all
        return ""
