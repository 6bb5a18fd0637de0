"""What the tests of control share: a store in memory, letters, and the calls around them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeVar

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from mailgate.control.calls import Arguments, CallError, Functions
from mailgate.control.functions import make_functions
from mailgate.control.letter import Kept, Letter, Reached
from mailgate.control.letters import Letters
from mailgate.control.recording import Recorder
from mailgate.delivery import Delivery
from mailgate.interfaces import IDirectory
from mailgate.mail import Body, Destination, Envelope, Field, Local, Message, Outcome, Path, Recipient, Session, make_id
from mailgate.store.memory import MemoryStore
from tests.support import Facts, outcome_of, path, result_of, started

T = TypeVar("T")
NOW = 1_700_000_000.0
ALICE, BOB = "alice@t1.example.test", "bob@t1.example.test"
CAROL = "carol@t2.example.test"
DAVE = "dave@corp.test"  # in no namespace
HELLO = b"Subject: hello\n\nworld\n"
_numbers = itertools.count(1)


def new_id() -> str:
    """An id that nothing else has."""
    return make_id(1_700_000_000_000, next(_numbers))


async def at_once(work: Callable[[], T], /) -> T:
    """An offload without a thread."""
    return work()


def a_letter(*recipients: str, **values: Any) -> Letter:
    """A letter to maildrops of the recipients' own names."""
    reached = tuple(Reached(address, (address,)) for address in recipients)
    known: dict[str, Any] = {
        "id": new_id(),
        "at": NOW,
        "sender": "app@example.test",
        "listener": "smtp",
        "octets": 0,
        "number": 1,
    }
    return Letter(**{**known, "recipients": reached, **values})


def kept(letters: Letters, *recipients: str, content: bytes | None = HELLO, **values: Any) -> Kept:
    """A letter that has arrived."""
    return letters.add(a_letter(*recipients, octets=len(content or b""), **values), content)


def local(address: str) -> Recipient:
    """A recipient with a maildrop of its own name."""
    return Recipient(path(address), (Local(address, (Field("Delivered-To", address),)),))


def message_to(*recipients: Recipient, content: bytes = HELLO, sender: str = "app@example.test") -> Message:
    """A message as a session makes it, with an id of its own."""
    session = Session(
        "session", "smtp", "127.0.0.1", 40_000, "client.test", True, tls="TLSv1.3", user="app@example.test"
    )
    message_id = new_id()
    envelope = Envelope(message_id, session, path(sender) if sender else Path(""), recipients)
    body = Body(len(content), content.count(b"\n"), content=content)
    return Message(message_id, envelope, (Field("Received", "here"),), body)


@implementer(IDirectory)
class Everybody:
    """A directory in which every address is a maildrop, but for those at nobody.test."""

    async def resolve(self, path: Path) -> tuple[Destination, ...]:
        return () if path.domain == "nobody.test" else (Local(str(path), (Field("Delivered-To", str(path)),)),)


class Bench:
    """A store with letters, a delivery that records, and the calls."""

    def __init__(self, letters: Letters | None = None) -> None:
        self.letters = letters if letters is not None else Letters()
        self.store = MemoryStore(lambda: NOW)
        self.clock = Clock()
        self.delivery = Recorder(Delivery(self.store, Facts()), self.letters, lambda: NOW, at_once)
        self.functions: Functions = make_functions(
            self.letters,
            self.store,
            Everybody(),
            lambda namespace: [{"namespace": namespace}],
            clock=self.clock,
            now=lambda: NOW,
            new_id=new_id,
            offload=at_once,
            patterns=True,
        )

    def send(self, *recipients: str, content: bytes = HELLO, sender: str = "app@example.test") -> str:
        """Deliver a message; give its id."""
        message = message_to(*map(local, recipients), content=content, sender=sender)
        outcomes: tuple[Outcome, ...] = result_of(self.delivery.deliver(message))
        assert all(outcome.reply.is_positive for outcome in outcomes)
        return message.id

    def begin(self, name: str, **values: Any) -> Deferred[Any]:
        """Begin a call; `from_` is `from`."""
        arguments = {key.rstrip("_"): value for key, value in values.items()}
        return started(self.functions[name](Arguments(arguments)))

    def call(self, name: str, **values: Any) -> Any:
        """A call that ends at once."""
        return outcome_of(self.begin(name, **values))

    def refused(self, name: str, **values: Any) -> CallError:
        """The error of a call that ends at once."""
        try:
            result = self.call(name, **values)
        except CallError as error:
            return error
        raise AssertionError(f"{name} gave {result!r}")

    def ids(self, **values: Any) -> list[str]:
        """The ids that `messages` gives."""
        return [each["id"] for each in self.call("messages", **values)["messages"]]

    def stored(self, maildrop: str) -> list[str]:
        """The ids of what a maildrop has."""
        return [entry.id for entry in result_of(self.store.browse(maildrop)).entries]

    def drop_contents(self) -> None:
        """Let the letters forget the contents, as they do when there are too many."""
        limit, self.letters._max_octets = self.letters._max_octets, 0
        self.letters._keep_to_limits()
        self.letters._max_octets = limit


def with_file(message: Message, file: str) -> Message:
    """The same message with its body in a file."""
    return evolve(message, body=evolve(message.body, content=None, file=file))
