"""The gate: who may not come in hears so and is gone; who may is counted until the connection is over, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from mailgate.connection import REFUSE_SECONDS, Gate, Leave
from tests.connection.support import Client, Speakers, TLSClient, Turned, a_certificate

ADDRESS = IPv4Address("TCP", "192.0.2.1", 99)
REFUSAL = b"come back later\r\n"


class House:
    """A gate, who asked for admission, and how often somebody left."""

    def __init__(self, inner: Any = None, refusal: bytes = REFUSAL) -> None:
        self.reactor = MemoryReactorClock()
        self.speakers = Speakers()
        self.asked: list[tuple[str, str]] = []
        self.left = 0
        self.full = ""
        self.turned = Turned()
        self.reasons: list[str] = []
        self._refusal = refusal
        self.gate = Gate(inner or self.speakers, self._enter, self._refuse, "smtp", self.reactor, self.turned.append)

    def _enter(self, client: str, listener: str) -> Leave | str:
        self.asked.append((client, listener))
        return self.full or self._leave

    def _refuse(self, reason: str) -> bytes:
        self.reasons.append(reason)
        return self._refusal

    def _leave(self) -> None:
        self.left += 1

    def client(self) -> Client:
        return Client(self.gate, ADDRESS, self.reactor)


def test_who_may_come_in_is_served_and_counted_until_the_end() -> None:
    house = House()
    client = house.client()
    assert house.asked == [("192.0.2.1", "smtp")]
    assert client.hear() == b"hello!"
    assert client.say(b"one") == b"one!"
    assert house.speakers.one.address is ADDRESS
    assert house.speakers.one.transport is client.server  # nothing in the way
    assert house.left == 0
    client.close()
    assert (house.speakers.one.lost, house.left) == (1, 1)
    assert not house.turned


def test_the_server_may_end_it_as_well() -> None:
    house = House()
    client = house.client()
    client.say(b"quit")
    assert client.is_cut
    assert house.left == 1


def test_who_may_not_come_in_hears_so_and_is_cut() -> None:
    house = House()
    house.full = "it is full"
    client = house.client()
    assert client.hear() == REFUSAL
    assert house.reasons == ["it is full"]  # for which the refusal was chosen
    assert client.is_cut
    assert house.speakers.built == []
    assert house.left == 0
    assert house.turned.reasons == [("smtp", "192.0.2.1", "it is full")]
    assert not house.reactor.getDelayedCalls()


def test_a_refusal_that_cannot_be_sent_is_cut_short() -> None:
    house = House()
    house.full = "it is full"
    protocol: Any = house.gate.buildProtocol(ADDRESS)
    transport = StringTransport()
    protocol.makeConnection(transport)
    assert transport.disconnecting
    assert not transport.disconnected
    protocol.dataReceived(b"EHLO x\r\n")
    house.reactor.advance(REFUSE_SECONDS)
    assert transport.disconnected
    protocol.connectionLost(Failure(ConnectionDone()))
    assert transport.value() == REFUSAL


def test_without_a_refusal_nothing_is_built_at_all() -> None:
    house = House(refusal=b"")
    house.full = "it is full"
    assert house.gate.buildProtocol(ADDRESS) is None
    assert house.turned.reasons == [("smtp", "192.0.2.1", "it is full")]


def test_a_client_without_an_address_is_local() -> None:
    house = House()
    house.gate.buildProtocol(UNIXAddress(None))
    assert house.asked == [("local", "smtp")]


def test_who_is_not_built_for_has_left() -> None:
    house = House()
    house.speakers.refuses = True
    assert house.gate.buildProtocol(ADDRESS) is None
    assert house.left == 1


def test_a_factory_that_fails_lets_nobody_be_counted_for_ever() -> None:
    house = House()
    house.speakers.fails = KeyError("door")
    with pytest.raises(KeyError):
        house.gate.buildProtocol(ADDRESS)
    assert house.left == 1


def test_a_protocol_that_fails_at_the_end_has_left() -> None:
    house = House()
    protocol: Any = house.gate.buildProtocol(ADDRESS)
    house.speakers.one.fails = ValueError("at the end")
    with pytest.raises(ValueError, match="at the end"):
        protocol.connectionLost(Failure(ConnectionDone()))
    assert house.left == 1


def test_starttls_inside_leaves_once_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    monkeypatch.setattr("twisted.protocols.tls._get_default_clock", lambda: house.reactor)
    house.speakers.certificate = a_certificate(tmp_path)
    client = house.client()
    assert client.say(b"tls") == b"hello!tls!"
    secure = TLSClient(client)
    secure.shake_hands()
    assert secure.say(b"one") == b"one!"
    assert house.left == 0
    client.close()
    assert (house.speakers.one.lost, house.left) == (1, 1)


@pytest.mark.parametrize("shakes_hands", [True, False])
def test_implicit_tls_inside_leaves_once_and_at_the_end(tmp_path: Path, shakes_hands: bool) -> None:
    speakers, reactor = Speakers(), MemoryReactorClock()
    house = House(TLSMemoryBIOFactory(a_certificate(tmp_path), False, speakers, reactor))
    client = Client(house.gate, ADDRESS, reactor)
    if shakes_hands:
        secure = TLSClient(client)
        secure.shake_hands()
        assert secure.say(b"one") == b"hello!"
        assert secure.say(b"") == b"one!"
    client.close()
    assert (speakers.one.lost, house.left) == (1, 1)


def test_ports_open_and_close_inside_as_well() -> None:
    house = House()
    house.gate.doStart()
    house.gate.doStop()
    assert house.speakers.ports == ["start", "stop"]


def test_what_twisted_asks_for_is_there() -> None:
    house = House()
    assert verifyObject(IProtocolFactory, house.gate)
    protocol: Any = house.gate.buildProtocol(ADDRESS)
    assert verifyObject(IProtocol, protocol)
    protocol.connectionMade()  # has nothing to add
    assert house.speakers.one.transport is None
