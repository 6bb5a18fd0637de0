"""What the tests of faults share: an SMTP and a POP3 server in memory, everybody welcome, and their clients."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Sequence
from typing import Any

from attrs import field, mutable
from twisted.cred.portal import Portal
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from mailgate.accounts.anyone import AnyoneChecker, AnyoneDirectory
from mailgate.accounts.realm import Realm
from mailgate.connection import Build, ConnectionFactory
from mailgate.delivery import Delivery
from mailgate.interference import Rule, Rules, interfered, parse_rule
from mailgate.mail import Copy
from mailgate.pop3.personality import Personality as POP3Personality
from mailgate.pop3.server import pop3_door
from mailgate.smtp.personality import Personality
from mailgate.smtp.server import smtp_door
from mailgate.store.memory import MemoryStore
from tests.smtp.support import HOSTNAME, World, submission
from tests.support import Facts, a_message, recipient, result_of

ALICE, BOB = "alice@t1.example.test", "bob@t1.example.test"
MAIL = b"MAIL FROM:<app@corp.test>\r\n"
HELLO = b"EHLO client.example.org\r\n"
AUTH_PLAIN = b"AUTH PLAIN "
SUBMISSION = submission(starttls=True, any_sender=True)
CONTENT = b"Subject: hi\r\n\r\nhello\r\n.\r\n"
BIG = b"Subject: big\n\n" + b"0123456789\n" * 20_000  # more than goes as one block


def rcpt(address: str = ALICE) -> bytes:
    return f"RCPT TO:<{address}>\r\n".encode()


def transaction(*to: str) -> bytes:
    """From MAIL to DATA; a client that waits for 354 sends `CONTENT` then."""
    return MAIL + b"".join(map(rcpt, to or (ALICE,))) + b"DATA\r\n"


def message(*to: str) -> bytes:
    return transaction(*to) + CONTENT


def chunk(octets: bytes, last: str = "") -> bytes:
    """RFC 3030."""
    return f"BDAT {len(octets)}{last}\r\n".encode() + octets


def plain(user: str = ALICE) -> bytes:
    """The initial response of AUTH PLAIN."""
    return base64.b64encode(f"\0{user}\0secret".encode())


def login(user: str = ALICE) -> bytes:
    return f"USER {user}\r\nPASS secret\r\n".encode()


def smtp_rule(at: str, **values: Any) -> Rule:
    return parse_rule({"protocol": "smtp", "at": at, **_named(values)})


def pop3_rule(at: str, **values: Any) -> Rule:
    return parse_rule({"protocol": "pop3", "at": at, **values})


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {name.rstrip("_"): value for name, value in values.items()}


class Transport(StringTransport):
    """One that goes over to TLS by word alone."""

    def startTLS(self, contextFactory: object) -> None:
        """Nothing is encrypted."""


class Client:
    """A client on a transport in memory."""

    def __init__(self, factory: ConnectionFactory[Any]) -> None:
        self.server = factory.buildProtocol(None)
        self.transport: Any = Transport()  # type: ignore[no-untyped-call]
        self.server.makeConnection(self.transport)  # type: ignore[no-untyped-call]

    def say(self, octets: bytes) -> bytes:
        self.server.dataReceived(octets)
        return self.heard()

    def heard(self) -> bytes:
        octets: bytes = self.transport.value()
        self.transport.clear()
        return octets

    @property
    def is_closed(self) -> bool:
        """Has the server closed, in an orderly way?"""
        return bool(self.transport.disconnecting) and not self.transport.disconnected

    def lose(self) -> None:
        self.server.connectionLost(Failure(ConnectionLost()))


@mutable
class Server:
    """One listener, its mail and its faults."""

    smtp: Personality = field(factory=lambda: Personality(hostname=HOSTNAME))
    pop3: POP3Personality = field(factory=lambda: POP3Personality(hostname=HOSTNAME, allow_plaintext=True))
    rules: Rules = field(factory=Rules)
    clock: Clock = field(factory=Clock)
    facts: Facts = field(factory=Facts)
    store: MemoryStore = field(factory=lambda: MemoryStore(lambda: 0.0))

    def smtp_door(self) -> Build[Any]:
        """As it is without faults."""
        world = World(
            self.smtp,
            directory=AnyoneDirectory(HOSTNAME),
            delivery=Delivery(self.store, self.facts),
            facts=self.facts,
            clock=self.clock,
            checker=AnyoneChecker(HOSTNAME),  # type: ignore[arg-type]
        )
        return smtp_door(world.surroundings())

    def pop3_door(self) -> Build[Any]:
        """As it is without faults."""
        numbers = itertools.count(1)
        portal = Portal(Realm(self.store, None), [AnyoneChecker(HOSTNAME)])
        return pop3_door(
            self.pop3, portal, self.facts, lambda: f"id{next(numbers)}", self.clock.seconds, clock=self.clock.seconds
        )

    def smtp_client(self, *own: Rule) -> Client:
        """A client that has been greeted and has said EHLO, unless something came between."""
        client = self.smtp_stranger(*own)
        assert client.say(HELLO).startswith(b"220 ")
        return client

    def smtp_stranger(self, *own: Rule) -> Client:
        """A client that has said nothing."""
        return Client(self.factory(interfered(self.smtp_door(), "smtp", self.rules, own, self.clock)))

    def pop3_client(self, *own: Rule) -> Client:
        """A client that has said nothing."""
        return Client(self.factory(interfered(self.pop3_door(), "pop3", self.rules, own, self.clock)))

    def logged_in(self, user: str = ALICE, *own: Rule) -> Client:
        """A client that has logged in."""
        client = self.pop3_client(*own)
        assert client.say(login(user)).count(b"+OK") == 3
        return client

    def factory(self, build: Build[Any]) -> ConnectionFactory[Any]:
        return ConnectionFactory(self.clock, None, build)

    def put(self, maildrop: str = ALICE, content: bytes = b"Subject: hi\n\nhello\n") -> None:
        """A message that is there already."""
        staged = result_of(self.store.stage(a_message(recipient(maildrop), content=content), (Copy(maildrop),)))
        result_of(staged.commit())

    def count(self, maildrop: str = ALICE) -> int:
        """How many messages are there."""
        return len(result_of(self.store.browse(maildrop)).entries)

    def add(self, rule: Rule, namespace: str = "t1") -> str:
        return self.rules.add(rule, namespace)

    @property
    def hits(self) -> Sequence[int]:
        """Of the rules of the tests' namespace."""
        return [rule["hits"] for rule in self.rules.list("t1")]
