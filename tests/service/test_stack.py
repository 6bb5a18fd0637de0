"""The layers of a port, in their order: each test is wrong if two of them change places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.testing import MemoryReactorClock

from mailgate.connection import HEADER_SECONDS
from mailgate.limits.admission import Admission
from mailgate.limits.networks import Networks
from mailgate.service.stack import Approach, layered
from tests.connection.support import Client, Speakers, TLSClient, Turned, a_certificate

PROXY = IPv4Address("TCP", "198.51.100.1", 4000)
STRANGER = IPv4Address("TCP", "203.0.113.1", 4000)
HEADER = b"PROXY TCP4 192.0.2.7 198.51.100.9 56324 25\r\n"


class House:
    """A stack, and what is around it."""

    def __init__(self, listener: str = "smtp", tls: Any = None, proxies: Networks | None = None, **limits: int) -> None:
        self.reactor = MemoryReactorClock()
        self.speakers = Speakers()
        self.turned = Turned()
        self.admission = Admission(self.reactor.seconds, **({"connections_per_client": 1} | limits))  # type: ignore[arg-type]
        approach = Approach(
            enter=self.admission.enter,
            proxies=Networks([PROXY.host]) if proxies is None else proxies,
            clock=self.reactor,
            tell=self.turned.append,
            greeting_seconds=3.0,
            introductions=2,
        )
        self.factory: Any = layered(self.speakers, approach, listener=listener, implicit_tls=tls)

    def client(self, address: IPv4Address) -> Client:
        return Client(self.factory, address, self.reactor)


@pytest.mark.parametrize(
    ("listener", "refusal"),
    [
        ("smtp", b"421 4.7.0 Too many connections, try again later\r\n"),
        ("lmtp", b"421 4.7.0 Too many connections, try again later\r\n"),
        ("submission", b"421 4.7.0 Too many connections, try again later\r\n"),
        ("pop3", b"-ERR [SYS/TEMP] too many connections, try again later\r\n"),
    ],
)
def test_a_client_behind_the_proxy_is_counted_by_its_own_address(listener: str, refusal: bytes) -> None:
    house = House(listener)
    first, second = house.client(PROXY), house.client(PROXY)
    assert first.say(HEADER) == b"hello!"
    assert second.say(HEADER) == refusal
    assert house.admission.clients == {"192.0.2.7": 1}
    assert house.turned.reasons == [(listener, "192.0.2.7", "too many connections of its own (1)")]
    first.close()
    assert house.admission.total == 0


@pytest.mark.parametrize(
    ("listener", "refusal"),
    [
        ("smtp", b"421 4.7.0 Too many new connections, come back in a minute\r\n"),
        ("lmtp", b"421 4.7.0 Too many new connections, come back in a minute\r\n"),
        ("submission", b"421 4.7.0 Too many new connections, come back in a minute\r\n"),
        ("pop3", b"-ERR [SYS/TEMP] too many new connections, come back in a minute\r\n"),
    ],
)
@pytest.mark.parametrize("address", [STRANGER, IPv6Address("TCP", "2001:db8::1", 4000)])
def test_a_client_that_comes_too_often_hears_that(listener: str, refusal: bytes, address: Any) -> None:
    house = House(listener, connections_per_minute=1)
    house.client(address).close()
    assert house.client(address).hear() == refusal
    assert house.turned.reasons == [(listener, address.host, "too many new connections in a minute (1)")]


def test_admission_knows_the_listener() -> None:
    house = House("smtp", connections=4)
    for number in range(3):
        assert house.client(IPv4Address("TCP", f"192.0.2.{number}", 4000)).hear() == b"hello!"
    assert house.client(STRANGER).hear().startswith(b"421 4.7.0 Too many connections, ")
    assert house.turned.reasons == [("smtp", "203.0.113.1", "too many connections of strangers (3)")]


def test_others_come_without_a_proxy() -> None:
    house = House()
    assert house.client(STRANGER).hear() == b"hello!"
    assert house.admission.clients == {"203.0.113.1": 1}


def test_without_proxies_nobody_is_asked_for_a_header() -> None:
    house = House(proxies=Networks())
    assert house.client(PROXY).hear() == b"hello!"


def test_so_many_may_be_without_their_header() -> None:
    house = House()
    house.client(PROXY), house.client(PROXY)
    assert house.factory.buildProtocol(PROXY) is None
    assert house.turned.reasons == [("smtp", "198.51.100.1", "too many connections without a PROXY header (2)")]


@pytest.mark.parametrize(("greeting_seconds", "header_seconds"), [(3.0, 3.0), (60.0, HEADER_SECONDS)])
def test_the_header_has_no_more_time_than_the_greeting(greeting_seconds: float, header_seconds: float) -> None:
    clock = MemoryReactorClock()
    approach = Approach(
        enter=Admission(clock.seconds).enter,
        proxies=Networks(),
        clock=clock,
        tell=Turned().append,
        greeting_seconds=greeting_seconds,
    )
    assert approach.header_seconds == header_seconds


def test_a_header_that_does_not_come_is_cut() -> None:
    house = House()
    client = house.client(PROXY)
    house.reactor.advance(2.9)
    assert not client.is_cut
    house.reactor.advance(0.1)
    assert client.is_cut
    assert house.turned.reasons == [("smtp", "198.51.100.1", "no PROXY header within 3 s")]


def test_tls_is_inside_of_header_and_admission(tmp_path: Path) -> None:
    house = House("pop3", a_certificate(tmp_path))
    client = house.client(PROXY)
    secure = TLSClient(client)
    secure.shake_hands(HEADER)
    assert secure.say(b"one") == b"hello!"
    assert ISSLTransport.providedBy(house.speakers.one.transport)
    assert house.speakers.one.address == IPv4Address("TCP", "192.0.2.7", 56_324)
    assert house.admission.total == 1
    client.close()
    assert house.admission.total == 0


def test_before_tls_a_refusal_is_silent(tmp_path: Path) -> None:
    house = House("pop3", a_certificate(tmp_path))
    house.client(STRANGER)
    assert house.factory.buildProtocol(STRANGER) is None
    second, third = house.client(PROXY), house.client(PROXY)
    second.say(HEADER)
    assert third.say(HEADER) == b""
    assert third.is_cut
    assert [client for _, client, _ in house.turned.reasons] == ["203.0.113.1", "192.0.2.7"]


def test_the_session_begins_when_the_connection_does(tmp_path: Path) -> None:
    house = House("pop3", a_certificate(tmp_path))
    house.client(STRANGER)
    assert house.speakers.one.transport is not None  # so its timer runs while hands are shaken
