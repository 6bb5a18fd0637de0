"""The door: a machine and a session for every client, and the two of them on a transport."""

from __future__ import annotations

from twisted.internet.testing import StringTransport

from mailgate.connection import ConnectionFactory
from mailgate.facts import Connected
from mailgate.smtp.machine import SMTPMachine
from mailgate.smtp.server import smtp_door
from mailgate.smtp.session import SMTPSession
from tests.smtp.support import HOSTNAME, World, submission


def test_every_client_has_its_own() -> None:
    world = World(submission())
    build = smtp_door(world.surroundings())
    (machine, session), (other_machine, other_session) = build("192.0.2.1", 1), build("192.0.2.2", 2)
    assert isinstance(machine, SMTPMachine) and isinstance(session, SMTPSession)
    assert machine is not other_machine and session is not other_session


def test_a_session_over_a_transport() -> None:
    world = World(submission())
    factory = ConnectionFactory(world.clock, None, smtp_door(world.surroundings()))
    connection = factory.buildProtocol(None)
    transport = StringTransport()
    connection.makeConnection(transport)  # type: ignore[no-untyped-call]
    assert transport.value().startswith(f"220 {HOSTNAME} ".encode())
    fact = world.facts.one(Connected)
    assert (fact.listener, fact.client, fact.port) == ("submission", "local", 0)
    transport.clear()
    connection.dataReceived(b"EHLO client.example.org\r\nQUIT\r\n")
    assert transport.value().endswith(b"\r\n221 2.0.0 Goodbye\r\n")
    assert transport.disconnecting
