"""What the SMTP tests share: a small world around a session, whose every wait is the test's to end."""

from __future__ import annotations

import base64
import itertools
from typing import Any

from attrs import evolve, field, frozen, mutable
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import LoginDenied, UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from mailgate.facts import Bulletin
from mailgate.failures import StoreError
from mailgate.interfaces import IDelivery, IDirectory, ISubmitter
from mailgate.mail import Body, Destination, Field, Local, Message, Outcome, Path, Refused, Relay, Reply, Session
from mailgate.pipeline import Pipeline, Step
from mailgate.smtp import events
from mailgate.smtp.machine import Answer
from mailgate.smtp.personality import Personality
from mailgate.smtp.session import SMTPSession
from mailgate.smtp.surroundings import Surroundings
from mailgate.spool import Spool
from tests.support import Facts, result_of

HOSTNAME = "mx.example.test"
PASSWORD = "correct horse"
NOW = 1_700_000_000.0
ALICE, BOB = "alice@example.test", "bob@example.test"


@implementer(IDirectory)
class Directory:
    """alice, bob and postmaster of example.test; info@ is both; full@ takes nothing now; bug@ is one."""

    async def resolve(self, path: Path) -> tuple[Destination, ...]:
        if path.domain not in ("example.test", ""):
            return (Relay(path),)
        match path.local_part.lower():
            case "alice" | "bob" | "postmaster" as name:
                return (_local(f"{name}@example.test"),)
            case "info":
                return (_local(ALICE), _local(BOB))
            case "full":
                raise Refused(Reply(452, "4.2.2", "The maildrop is full"))
            case "bug":
                raise RuntimeError("the directory has a bug")
        return ()


def _local(name: str) -> Local:
    return Local(name, (Field("Delivered-To", name),))


@implementer(IDelivery)
class Delivery:
    """Delivers everything, unless told otherwise."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.partial: list[bool] = []  # was each wanted so?
        self.contents: list[bytes] = []  # read while the spool was open
        self.replies: dict[str, Reply] = {}
        self.gate: Deferred[None] | None = None
        self.error: Exception | None = None

    async def deliver(self, message: Message, *, partial: bool = False) -> tuple[Outcome, ...]:
        self.messages.append(message)
        self.partial.append(partial)
        with message.body.open() as stream:
            self.contents.append(stream.read())
        if self.gate is not None:
            await self.gate
        if self.error is not None:
            raise self.error
        delivered = Reply(250, "2.0.0", "Delivered")
        return tuple(
            Outcome(to.path, self.replies.get(str(to.path), delivered), tuple(_maildrops(to.destinations)))
            for to in message.envelope.recipients
        )


def _maildrops(destinations: tuple[Destination, ...]) -> list[str]:
    return [place.maildrop for place in destinations if isinstance(place, Local)]


class MemorySpool(Spool):
    """A spool whose disk fails as the test wants; notes whether it was closed."""

    def __init__(self) -> None:
        super().__init__("/nonexistent", 2**30)
        self.write_error: Exception | None = None
        self.freeze_error: OSError | None = None
        self.closed = False

    def write(self, block: bytes) -> None:
        if self.write_error is not None:
            raise self.write_error
        super().write(block)

    def freeze(self) -> Body:
        if self.freeze_error is not None:
            raise self.freeze_error
        return super().freeze()

    def close(self) -> None:
        self.closed = True
        super().close()


class Spools:
    """A factory that remembers what it made."""

    def __init__(self) -> None:
        self.made: list[MemorySpool] = []
        self.error: OSError | None = None

    def __call__(self) -> MemorySpool:
        if self.error is not None:
            raise self.error
        self.made.append(MemorySpool())
        return self.made[-1]


@implementer(ICredentialsChecker)
class Checker:
    """alice and bob have the same password; others fail in their own ways. `gate` makes it slow."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self) -> None:
        self.gate: Deferred[None] | None = None
        self.asked: list[bytes] = []
        self.passwords = {b"alice": PASSWORD.encode(), b"bob": PASSWORD.encode()}

    def requestAvatarId(self, credentials: Any) -> Deferred[str]:  # type: ignore[override]
        return Deferred.fromCoroutine(self._check(credentials))

    async def _check(self, credentials: UsernamePassword) -> str:
        self.asked.append(credentials.username)
        if self.gate is not None:
            await self.gate
        match credentials.username:
            case user if self.passwords.get(user) == credentials.password:
                return f"{user.decode().removesuffix('@example.test')}@example.test"
            case b"bug":
                raise RuntimeError("the checker has a bug")
            case b"denied" | b"misfit":
                return credentials.username.decode()
            case b"unreadable":
                raise StoreError("the accounts cannot be read")
            case b"throttled":
                raise Refused(Reply(421, "4.7.0", "Too often"))
        raise UnauthorizedLogin("wrong password")


@implementer(ISubmitter)
@frozen
class Submitter:
    user: str
    realm: Realm

    def may_send_as(self, path: Path) -> bool:
        return self.realm.active and (path.is_null or str(path) == self.user)


@implementer(IRealm)
class Realm:
    """Gives submitters, and counts who has logged out."""

    def __init__(self) -> None:
        self.logged_out: list[str] = []
        self.logout_error: Exception | None = None
        self.active = True  # may its accounts send?

    def requestAvatar(self, avatarId: bytes | str | tuple[()], mind: object, *interfaces: Any) -> Any:
        assert isinstance(avatarId, str) and isinstance(mind, Session) and ISubmitter in interfaces
        if avatarId == "denied":
            raise LoginDenied("the realm does not want this account")
        if avatarId == "misfit":
            return ISubmitter, object(), lambda: None
        return ISubmitter, Submitter(avatarId, self), lambda: self._log_out(avatarId)

    def _log_out(self, user: str) -> None:
        self.logged_out.append(user)
        if self.logout_error is not None:
            raise self.logout_error


@mutable
class World:
    """Everything around the sessions of a listener."""

    personality: Personality = field(factory=lambda: Personality(hostname=HOSTNAME))
    steps: tuple[Step, ...] = ()
    directory: IDirectory = field(factory=Directory)
    delivery: Any = field(factory=Delivery)
    spools: Spools = field(factory=Spools)
    checker: Checker = field(factory=Checker)
    realm: Realm = field(factory=Realm)
    facts: Facts = field(factory=Facts)
    clock: Clock = field(factory=Clock)
    with_portal: bool = True
    limits: dict[str, Any] = field(factory=dict)  # of `Surroundings`: may_name_recipient, has_room …

    def surroundings(self) -> Surroundings:
        numbers = itertools.count(1)
        bulletin: Bulletin = self.facts
        return Surroundings(
            personality=self.personality,
            pipeline=Pipeline(self.steps, self.directory, bulletin, self.clock),
            directory=self.directory,
            delivery=self.delivery,
            portal=Portal(self.realm, [self.checker]) if self.with_portal else None,
            spools=self.spools,
            bulletin=bulletin,
            new_id=lambda: f"{next(numbers):026d}",
            now=lambda: NOW + self.clock.seconds(),
            elapsed=self.clock.seconds,
            **self.limits,
        )


def submission(**settings: Any) -> Personality:
    """A submission listener that lets passwords travel in clear."""
    return evolve(
        Personality(hostname=HOSTNAME, listener="submission", auth_required=True, allow_plaintext=True), **settings
    )


class Visit:
    """One session in a world, spoken to by events."""

    def __init__(self, world: World | None = None, *, helo: bool = True) -> None:
        self.world = world or World()
        listener = self.world.personality.listener
        lmtp = self.world.personality.lmtp
        about = Session("visit", listener, "192.0.2.1", 40_000, lmtp=lmtp)
        self.session = SMTPSession(self.world.surroundings(), about)
        if helo:
            assert self.say(events.Connected()).code == 220
            assert self.say(events.Hello(True, "client.example.org")).code == 250

    def say(self, event: events.Event) -> Reply:
        """The reply, which must come at once."""
        reply = self.answer(event)
        assert isinstance(reply, Reply)
        return reply

    def answer(self, event: events.Event) -> Answer | None:
        """Whatever the session says, at once."""
        return result_of(self.session.answer(event))

    def mail(self, sender: str = "sender@example.org", **parameters: str | None) -> Reply:
        return self.say(events.Mail(Path.parse(sender) if sender else Path(""), parameters))

    def rcpt(self, recipient: str = ALICE, **parameters: str | None) -> Reply:
        return self.say(events.Rcpt(Path.parse(recipient), parameters))

    def begin(self, *recipients: str, sender: str = "sender@example.org") -> None:
        """A transaction up to 354."""
        assert self.mail(sender).code == 250
        for recipient in recipients or (ALICE,):
            assert self.rcpt(recipient).code == 250
        assert self.say(events.Data()).code == 354

    def content(self, *blocks: bytes) -> None:
        for block in blocks:
            assert result_of(self.session.answer(events.Content(block))) is None

    def end(self, fault: str | None = None) -> Reply:
        return self.say(events.EndOfContent(fault))

    def chunk(self, *blocks: bytes) -> Reply:
        """A chunk that is not the last one."""
        self.begin_chunk(*blocks)
        return self.say(events.EndOfChunk(sum(map(len, blocks))))

    def begin_chunk(self, *blocks: bytes) -> None:
        """A chunk up to its end."""
        assert self.answer(events.Chunk(sum(map(len, blocks)))) is None
        self.content(*blocks)

    def send(self, *recipients: str, content: bytes = b"Subject: hi\n\nhello\n") -> Reply:
        """A whole transaction; the reply to the final dot."""
        self.begin(*recipients)
        self.content(content)
        return self.end()

    def log_in(self, user: str = "alice", password: str = PASSWORD) -> Reply:
        return self.say(events.Auth("PLAIN", base64_of(f"\0{user}\0{password}")))


def base64_of(text: str) -> bytes:
    return base64.b64encode(text.encode())
