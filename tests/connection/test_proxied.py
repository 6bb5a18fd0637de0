"""Behind a proxy: no session before the header, and then one for the client that the header names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IProtocolFactory, ISSLTransport, ITCPTransport
from twisted.internet.testing import MemoryReactorClock
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface.verify import verifyObject

from mailgate.connection import HEADER_SECONDS, Gate, ProxiedFactory
from tests.connection.support import Client, Speakers, TLSClient, Turned, a_certificate
from tests.support import splits

PROXY = IPv4Address("TCP", "198.51.100.1", 4000)
STRANGER = IPv4Address("TCP", "203.0.113.1", 4000)
HEADER = b"PROXY TCP4 192.0.2.7 198.51.100.9 56324 25\r\n"
HEADER6 = b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 25\r\n"
LOCAL = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
CLIENT = IPv4Address("TCP", "192.0.2.7", 56_324)


class House:
    """A factory that believes one proxy, and clients on UNIX sockets."""

    def __init__(self, inner: Any = None, waiting: int = 0) -> None:
        self.reactor = MemoryReactorClock()
        self.speakers = Speakers()
        self.turned = Turned()
        trusted = (PROXY.host, "local").__contains__
        self.factory = ProxiedFactory(
            inner or self.speakers, trusted, "pop3", self.reactor, self.turned.append, HEADER_SECONDS, waiting
        )

    def client(self, address: Any = PROXY) -> Client:
        return Client(self.factory, address, self.reactor)


@pytest.mark.parametrize(
    ("header", "address"),
    [(HEADER, CLIENT), (HEADER6, IPv6Address("TCP", "2001:db8::7", 56_324)), (LOCAL, PROXY)],
)
def test_the_header_says_for_whom_the_session_is(header: bytes, address: object) -> None:
    house = House()
    client = house.client()
    assert client.hear() == b""
    assert house.speakers.built == []
    assert client.say(header) == b"hello!"
    assert house.speakers.one.address == address
    assert client.say(b"one") == b"one!"
    client.close()
    assert house.speakers.one.lost == 1
    assert not house.turned
    assert not house.reactor.getDelayedCalls()


def test_nothing_stays_in_the_way_of_the_session() -> None:
    house = House()
    client = house.client()
    client.say(HEADER)
    assert client.server.protocol is house.speakers.one
    assert house.speakers.one.transport is client.server
    assert ITCPTransport.providedBy(house.speakers.one.transport)


@given(st.data())
def test_the_header_may_come_in_any_pieces_and_what_follows_is_kept(data: st.DataObject) -> None:
    house = House()
    client = house.client()
    heard = b"".join(client.say(octets) for octets in data.draw(splits(HEADER + b"more")))
    assert heard[:6] == b"hello!"
    assert b"".join(house.speakers.one.heard) == b"more"


def test_who_is_not_trusted_goes_straight_in_and_its_header_is_not_believed() -> None:
    house = House()
    client = house.client(STRANGER)
    assert client.hear() == b"hello!"
    assert house.speakers.one.address is STRANGER
    client.say(HEADER)
    assert house.speakers.one.heard == [HEADER]


def test_a_proxy_may_come_by_a_unix_socket() -> None:
    house = House()
    address = UNIXAddress(None)
    assert house.client(address).say(HEADER) == b"hello!"
    assert house.client(address).say(LOCAL) == b"hello!"
    assert [speaker.address for speaker in house.speakers.built] == [CLIENT, address]


def test_what_is_no_header_is_cut_at_once() -> None:
    house = House()
    client = house.client()
    assert client.say(b"EHLO x\r\n") == b""
    assert client.is_cut
    assert house.speakers.built == []
    assert house.turned.reasons == [("pop3", "198.51.100.1", "it does not begin with a PROXY header")]
    assert not house.reactor.getDelayedCalls()


def test_a_fault_is_the_end_whatever_comes_behind_it() -> None:
    house = House()
    protocol: Any = house.client().protocol
    protocol.dataReceived(b"QUIT\r\n")
    protocol.dataReceived(HEADER)
    assert house.speakers.built == []
    assert len(house.turned) == 1


def test_no_header_in_time_is_the_end() -> None:
    house = House()
    client = house.client()
    house.reactor.advance(HEADER_SECONDS / 2)
    client.say(HEADER[:-1])  # the beginning of one does not help
    house.reactor.advance(HEADER_SECONDS / 2)
    assert client.is_cut
    assert house.speakers.built == []
    assert house.turned.reasons == [("pop3", "198.51.100.1", "no PROXY header within 10 s")]


def test_only_so_many_may_be_without_a_header_and_who_says_it_or_goes_makes_room() -> None:
    house = House(waiting=2)
    first, second = house.client(), house.client()
    assert house.factory.buildProtocol(PROXY) is None
    assert house.turned.reasons == [("pop3", "198.51.100.1", "too many connections without a PROXY header (2)")]
    assert house.client(STRANGER).hear() == b"hello!"  # who is not trusted sends none, and is counted elsewhere
    first.say(HEADER)
    third = house.client()
    assert house.factory.buildProtocol(PROXY) is None
    second.close()
    assert third.say(HEADER) == house.client().say(HEADER) == b"hello!"
    house.client(), house.client()
    house.reactor.advance(HEADER_SECONDS)
    assert house.client().say(HEADER) == b"hello!"


def test_a_proxy_that_only_looks_whether_somebody_is_there_is_not_told_of() -> None:
    house = House()
    house.client().close()
    assert not house.turned
    assert not house.reactor.getDelayedCalls()


def test_when_the_port_closes_nobody_is_waited_for() -> None:
    house = House()
    house.factory.doStart()
    waiting, served = house.client(), house.client()
    served.say(HEADER)
    house.factory.doStop()
    assert waiting.is_cut
    assert not served.is_cut
    assert not house.turned
    assert house.speakers.ports == ["start", "stop"]


def test_who_is_not_built_for_is_cut() -> None:
    house = House()
    house.speakers.refuses = True
    client = house.client()
    client.say(HEADER + b"more")
    assert client.is_cut


def test_admission_inside_is_asked_for_the_client_and_may_say_no() -> None:
    asked: list[tuple[str, str]] = []
    turned = Turned()
    clock = MemoryReactorClock()
    speakers = Speakers()

    def enter(client: str, listener: str) -> str:
        asked.append((client, listener))
        return "it is full"

    house = House(Gate(speakers, enter, lambda reason: b"full\r\n", "pop3", clock, turned.append))
    client = house.client()
    assert client.say(HEADER + b"more") == b"full\r\n"
    assert client.is_cut
    assert asked == [("192.0.2.7", "pop3")]
    assert turned.reasons == [("pop3", "192.0.2.7", "it is full")]
    assert speakers.built == []


@pytest.mark.parametrize("at_once", [True, False])
def test_starttls_works_behind_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool) -> None:
    house = House()
    monkeypatch.setattr("twisted.protocols.tls._get_default_clock", lambda: house.reactor)
    house.speakers.certificate = a_certificate(tmp_path)
    client = house.client()
    if at_once:
        assert client.say(HEADER + b"tls") == b"hello!tls!"
    else:
        client.say(HEADER)
        assert client.say(b"tls") == b"tls!"
    secure = TLSClient(client)
    secure.shake_hands()
    assert secure.say(b"one") == b"one!"
    assert ISSLTransport.providedBy(house.speakers.one.transport)
    client.close()
    assert house.speakers.one.lost == 1


@pytest.mark.parametrize("at_once", [True, False])
def test_implicit_tls_works_behind_a_proxy(tmp_path: Path, at_once: bool) -> None:
    speakers, reactor = Speakers(), MemoryReactorClock()
    house = House(TLSMemoryBIOFactory(a_certificate(tmp_path), False, speakers, reactor))
    client = Client(house.factory, PROXY, reactor)
    if not at_once:
        client.say(HEADER)
    secure = TLSClient(client)
    secure.shake_hands(HEADER if at_once else b"")
    assert secure.say(b"one") == b"hello!"
    assert secure.say(b"") == b"one!"
    assert speakers.one.address == CLIENT
    client.close()
    assert speakers.one.lost == 1


def test_what_twisted_asks_for_is_there() -> None:
    assert verifyObject(IProtocolFactory, House().factory)
