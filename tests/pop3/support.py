"""What the POP3 tests share: a maildrop, a portal, a session; every wait is the test's to end."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from attrs import frozen
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from mailgate.failures import Gone
from mailgate.interfaces import IContent, IFetchLog, IMaildrop
from mailgate.mail import Entry, Session, Snapshot
from mailgate.pop3.personality import Personality
from mailgate.pop3.reply import Reply
from mailgate.pop3.session import POP3Session
from mailgate.pop3.surroundings import Surroundings
from mailgate.rules import NO_RULES, Promise, Rules
from mailgate.tally import Tally
from mailgate.wire.dots import WireCounter
from tests.support import Facts, started

Gate = Callable[[], Awaitable[None]]


async def gather(content: bytes | AsyncGenerator[bytes, None]) -> bytes:
    """All blocks of a body."""
    return content if isinstance(content, bytes) else b"".join([block async for block in content])


def blocks_of(reply: Reply) -> AsyncGenerator[bytes, None]:
    """The content of a reply that has it in blocks."""
    assert reply.content is not None and not isinstance(reply.content, bytes)
    return reply.content


def wire_octets(content: bytes) -> int:
    counter = WireCounter()
    counter.feed(content)
    return counter.finish()


def entry(uid: str, octets: int = 10, *, smtputf8: bool = False) -> Entry:
    return Entry(uid=uid, octets=octets, key=f"key-{uid}", id=f"id-{uid}", smtputf8=smtputf8)


@implementer(IContent)
class FakeContent:
    """A message in small blocks; `breaks` is raised after them."""

    whole: bytes | None = None

    def __init__(self, octets: bytes, block_octets: int, breaks: Exception | None = None) -> None:
        self._blocks = [octets[at : at + block_octets] for at in range(0, len(octets), block_octets)]
        self._breaks = breaks
        self.closed = 0

    def read_block(self) -> bytes:
        if self._blocks:
            return self._blocks.pop(0)
        if self._breaks is not None:
            raise self._breaks
        return b""

    def close(self) -> None:
        self.closed += 1


@implementer(IMaildrop, IFetchLog)
class FakeMaildrop:
    """Messages in memory, and knobs: what a method raises, and what it waits for first."""

    def __init__(self, *messages: bytes, block_octets: int = 7) -> None:
        self.name = "alice@example.test"  # which is not what the client types
        self.rules: Rules = NO_RULES
        self.messages = dict(enumerate(messages, 1))
        self.international: set[int] = set()  # the numbers of those that were received with SMTPUTF8
        self.block_octets = block_octets
        self.in_memory = False  # are contents given as a whole?
        self.raises: dict[str, Exception] = {}  # by the method's name, or "block"
        self.waits: dict[str, Deferred[None]] = {}
        self.removed: list[Entry] = []
        self.removals = 0
        self.trashed = False
        self.fetches: dict[str, int] = {}  # by uid
        self.remembered = 0
        self.contents: list[FakeContent] = []
        self.released = 0
        self.opened = 0

    async def snapshot(self) -> Snapshot:
        await self._pass("snapshot")
        entries = tuple(
            Entry(
                uid=f"uid-{number}",
                octets=wire_octets(content),
                key=str(number),
                id=f"id-{number}",
                smtputf8=number in self.international,
            )
            for number, content in self.messages.items()
        )
        return Snapshot(revision=entries, entries=entries)

    async def read(self, entry: Entry) -> FakeContent:
        await self._pass("read")
        if int(entry.key) not in self.messages:
            raise Gone(entry.uid)
        content = FakeContent(self.messages[int(entry.key)], self.block_octets, self.raises.get("block"))
        content.whole = self.messages[int(entry.key)] if self.in_memory else None
        self.contents.append(content)
        return content

    async def remove(self, entries: Sequence[Entry], *, to_trash: bool = False) -> None:
        self.removals += 1
        self.trashed = to_trash
        await self._pass("remove")
        for each in entries:
            self.messages.pop(int(each.key), None)
            self.removed.append(each)

    def fetched(self, entry: Entry, seconds: int) -> None:
        self.fetches.setdefault(entry.uid, seconds)

    def first_fetch(self, entry: Entry) -> int | None:
        return self.fetches.get(entry.uid)

    async def remember(self) -> None:
        assert not self.released, "the lock is gone"
        await self._pass("remember")
        self.remembered += 1

    def release(self) -> None:
        self.released += 1

    async def _pass(self, method: str) -> None:
        if method in self.waits:
            await self.waits[method]
        if method in self.raises:
            raise self.raises[method]


@implementer(ICredentialsChecker)
class FakeChecker:
    """One user; may be slow, may fail."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self) -> None:
        self.wait: Deferred[None] | None = None
        self.raises: Exception | None = None
        self.asked: list[tuple[bytes, bytes]] = []

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        return started(self._check(credentials))

    async def _check(self, credentials: Any) -> str:
        self.asked.append((credentials.username, credentials.password))
        if self.wait is not None:
            await self.wait
        if self.raises is not None:
            raise self.raises
        if (credentials.username, credentials.password) != (b"alice", b"correct horse"):
            raise UnauthorizedLogin("the password is wrong")
        return "alice"


@implementer(IRealm)
class FakeRealm:
    """Opens one maildrop."""

    def __init__(self, maildrop: FakeMaildrop) -> None:
        self._maildrop = maildrop
        self.minds: list[object] = []
        self.wait: Deferred[None] | None = None
        self.raises: Exception | None = None

    def requestAvatar(self, avatarId: object, mind: object, *interfaces: Any) -> Deferred[Any]:
        assert interfaces == (IMaildrop,)
        self.minds.append(mind)
        return started(self._open())

    async def _open(self) -> tuple[Any, object, Callable[[], None]]:
        if self.wait is not None:
            await self.wait
        if self.raises is not None:
            raise self.raises
        self._maildrop.opened += 1
        return IMaildrop, self._maildrop, self._maildrop.release


@frozen
class House:
    """A session and all that stands around it."""

    session: POP3Session
    surroundings: Surroundings
    maildrop: FakeMaildrop
    checker: FakeChecker
    realm: FakeRealm
    portal: Portal
    facts: Facts  # the bulletin
    clock: Clock
    new_id: Callable[[], str]


PERSONALITY = Personality(hostname="pop.example.test", allow_plaintext=True, implementation="mailgate test")
UNIX_TIME = 1_700_000_000.5


def house(
    *messages: bytes, personality: Personality = PERSONALITY, promise: Promise | None = None, block_octets: int = 7
) -> House:
    maildrop = FakeMaildrop(*messages, block_octets=block_octets)
    checker, realm, facts, clock = FakeChecker(), FakeRealm(maildrop), Facts(), Clock()
    portal = Portal(realm, [checker])
    numbers = itertools.count(1)

    def new_id() -> str:
        return f"id{next(numbers)}"

    values = Session(id="s1", listener="pop3", client="192.0.2.1", port=1234)
    surroundings = Surroundings(
        personality=personality,
        portal=portal,
        bulletin=facts,
        new_id=new_id,
        now=clock.seconds,
        clock=lambda: UNIX_TIME + clock.seconds(),
        promise=lambda: promise or Promise(),
        tally=Tally(clock.seconds),
    )
    session = POP3Session(surroundings, values)
    return House(session, surroundings, maildrop, checker, realm, portal, facts, clock, new_id)
