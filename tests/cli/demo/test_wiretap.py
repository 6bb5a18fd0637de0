"""The relay hands on every octet, writes it down, and ends when either side does."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from mailgate.cli.demo.wiretap import Chunk, Place, Wiretap
from tests.support import outcome_of, result_of, started


class Relay:
    """A wiretap without sockets."""

    def __init__(self) -> None:
        self.reactor: Any = MemoryReactorClock()
        self.tap = Wiretap(self.reactor, Place("127.0.0.1", 2525))
        self.place = result_of(self.tap.listen())

    def client(self) -> tuple[Any, StringTransport]:
        """Somebody connects."""
        end = self.reactor.tcpServers[-1][1].buildProtocol(None)
        transport = StringTransport()
        end.makeConnection(transport)
        return end, transport

    def server(self) -> tuple[Any, StringTransport]:
        """The connection that goes on from there comes about."""
        end = self.reactor.tcpClients[-1][2].buildProtocol(None)
        transport = StringTransport()
        end.makeConnection(transport)
        return end, transport


def test_listens_on_a_free_port_of_loopback() -> None:
    relay = Relay()
    port, _, _, interface = relay.reactor.tcpServers[0]
    assert (port, interface) == (0, "127.0.0.1")
    assert relay.place.host == "127.0.0.1"


def test_hands_on_and_writes_down() -> None:
    relay = Relay()
    client, to_client = relay.client()
    assert relay.reactor.tcpClients[0][:2] == ("127.0.0.1", 2525)
    server, to_server = relay.server()
    server.dataReceived(b"220 \r\n")
    client.dataReceived(b"EH")
    client.dataReceived(b"LO \xff\0\r\n")
    assert to_client.value() == b"220 \r\n"
    assert to_server.value() == b"EHLO \xff\0\r\n"
    assert relay.tap.overheard() == (
        Chunk("server", b"220 \r\n"),
        Chunk("client", b"EH"),
        Chunk("client", b"LO \xff\0\r\n"),
    )


def test_overhears_the_session_that_began_last() -> None:
    relay = Relay()
    assert relay.tap.overheard() == ()
    relay.client()
    first, _ = relay.server()
    first.dataReceived(b"one")
    relay.client()
    second, _ = relay.server()
    second.dataReceived(b"two")
    first.dataReceived(b"late")
    assert relay.tap.overheard() == (Chunk("server", b"two"),)


def test_a_client_is_not_read_before_there_is_a_server() -> None:
    relay = Relay()
    _, to_client = relay.client()
    assert to_client.producerState == "paused"
    _, to_server = relay.server()
    assert to_client.producerState == "producing"
    assert to_client.producer is to_server and to_server.producer is to_client


def test_when_the_client_goes_the_server_is_left() -> None:
    relay = Relay()
    client, _ = relay.client()
    _, to_server = relay.server()
    client.connectionLost(Failure(ConnectionDone()))
    assert to_server.disconnecting


def test_when_the_server_goes_the_client_is_left() -> None:
    relay = Relay()
    _, to_client = relay.client()
    server, _ = relay.server()
    server.connectionLost(Failure(ConnectionDone()))
    assert to_client.disconnecting


def test_a_server_that_is_not_there() -> None:
    relay = Relay()
    _, to_client = relay.client()
    relay.reactor.tcpClients[0][2].clientConnectionFailed(None, Failure(ConnectionRefusedError()))
    assert to_client.disconnected or to_client.disconnecting


def test_closing_cuts_what_is_connected() -> None:
    relay = Relay()
    client, to_client = relay.client()
    server, to_server = relay.server()
    over = started(relay.tap.close())
    assert to_client.disconnected and to_server.disconnected
    client.connectionLost(Failure(ConnectionDone()))
    assert not over.called, "it waits for both"
    server.connectionLost(Failure(ConnectionDone()))
    outcome_of(over)


def test_closing_gives_up_what_is_on_its_way() -> None:
    relay = Relay()
    client, to_client = relay.client()
    over = started(relay.tap.close())
    assert relay.reactor.connectors[-1].stoppedConnecting
    assert to_client.disconnected
    client.connectionLost(Failure(ConnectionDone()))
    outcome_of(over)


def test_closing_what_never_listened() -> None:
    result_of(Wiretap(MemoryReactorClock(), Place("127.0.0.1", 2525)).close())
