"""The door: a machine and a session for every client, and the two of them on a transport."""

from __future__ import annotations

from twisted.internet.testing import StringTransport

from mailgate.connection import ConnectionFactory
from mailgate.facts import Connected
from mailgate.smtp.machine import SMTPMachine
from mailgate.smtp.personality import Personality
from mailgate.smtp.server import smtp_door
from mailgate.smtp.session import SMTPSession
from tests.smtp.support import HOSTNAME, World, submission
from tests.support import result_of


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


def test_what_is_shown_is_what_is_spoken() -> None:
    world = World(
        Personality(hostname=HOSTNAME, listener="lmtp", lmtp=True, max_line_octets=10),
        limits={"normalises": lambda client: client == "192.0.2.1"},
    )
    build = smtp_door(world.surroundings())
    for client, code in (("192.0.2.1", b"250"), ("192.0.2.2", b"550")):
        machine, session = build(client, 1)
        machine.receive(b"LHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\na\nb\r\n.\r\n")
        said = b""
        while (event := machine.next_event()) is not None:
            if (reply := result_of(session.answer(event))) is not None:
                said += machine.send(reply).octets
        assert said.startswith(b"220 " + HOSTNAME.encode() + b" LMTP ")
        assert said.splitlines()[-1].startswith(code)  # line ends are put right for the one, and for no other
    assert " with LMTP " in world.delivery.messages[0].fields[0].value
    machine, session = build("192.0.2.1", 1)
    machine.receive(b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nBDAT 9 LAST\r\n123456789")
    while (event := machine.next_event()) is not None:
        if (reply := result_of(session.answer(event))) is not None:
            said = machine.send(reply).octets
    assert b"too long" in said
