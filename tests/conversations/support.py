"""What the tests of conversations share: clients of overheard doors, over a transport in memory."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from mailgate.connection import Build, ConnectionFactory
from mailgate.conversations import Conversation, Conversations, overheard
from mailgate.interfaces import IDirectory
from mailgate.mail import Destination, Local, Path, Refused, Reply
from mailgate.pop3.server import pop3_door
from mailgate.smtp.personality import Personality
from mailgate.smtp.server import smtp_door
from tests.pop3.support import House, house
from tests.smtp.support import World

NOW = 1_700_000_000.0


@implementer(IDirectory)
class Anyone:
    """Knows everybody but those whose name begins with `no`."""

    async def resolve(self, path: Path) -> tuple[Destination, ...]:
        if path.local_part.startswith("no"):
            raise Refused(Reply(550, "5.1.1", "Nobody has that name"))
        return (Local(str(path)),)


class Transport(StringTransport):
    """Says so when its peer has heard more than it has `patience` for."""

    patience = 1 << 40

    def write(self, data: bytes) -> None:
        super().write(data)  # type: ignore[no-untyped-call]
        if len(self.value()) > self.patience and self.producer is not None:  # type: ignore[no-untyped-call]
            self.producer.pauseProducing()


class Client:
    """A client of a door, whose words are remembered in `conversations`."""

    def __init__(self, build: Build[Any], conversations: Conversations, protocol: str, clock: Clock) -> None:
        door = overheard(build, conversations, protocol, lambda: NOW + clock.seconds())
        self._server = ConnectionFactory(clock, None, door).buildProtocol(IPv4Address("TCP", "192.0.2.1", 4321))
        self.transport: Any = Transport()  # type: ignore[no-untyped-call]
        self._server.makeConnection(self.transport)  # type: ignore[no-untyped-call]

    def say(self, *lines: str) -> bytes:
        """Say the lines, and give what has been heard since."""
        self._server.dataReceived("".join(f"{line}\r\n" for line in lines).encode())
        heard: bytes = self.transport.value()
        self.transport.clear()
        return heard

    def hang_up(self) -> None:
        self._server.connectionLost(Failure(ConnectionDone()))


def smtp_client(conversations: Conversations, shown: Personality | None = None, clock: Clock | None = None) -> Client:
    """A client of an SMTP door that takes mail for nearly everybody."""
    world = World(directory=Anyone(), clock=clock or Clock())
    if shown is not None:
        world.personality = shown
    return Client(smtp_door(world.surroundings()), conversations, "smtp", world.clock)


def pop3_client(conversations: Conversations, *messages: bytes, of: House | None = None) -> Client:
    """A client of a POP3 door whose only user is alice."""
    of = of or house(*messages)
    door = pop3_door(of.surroundings.personality, of.portal, of.facts, of.new_id, of.clock.seconds)
    return Client(door, conversations, "pop3", of.clock)


def texts(conversation: Conversation) -> list[str]:
    """The lines, as people read them."""
    return conversation.as_text().splitlines()[1:]


def one(conversations: Conversations, namespace: str = "", since: float = 0.0) -> list[str]:
    """The lines of the only conversation that a namespace may see."""
    (conversation,) = conversations.of(namespace, since)
    return texts(conversation)
