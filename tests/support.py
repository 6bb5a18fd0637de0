"""What the tests of the middle rooms share: awaiting without a reactor, recorded facts, values to build on."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Iterator
from typing import Any, TypeVar

from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from mailgate.facts import Bulletin, Fact, Reader
from mailgate.mail import Body, Envelope, Field, Local, Message, Path, Recipient, Session

T = TypeVar("T")
F = TypeVar("F", bound=Fact)

MESSAGE_ID = "00000000000000000000000001"


def started(awaitable: Awaitable[T]) -> Deferred[T]:
    """Let it run as far as it gets."""

    async def run() -> T:
        return await awaitable

    return Deferred.fromCoroutine(run())


def outcome_of(deferred: Deferred[T]) -> T:
    """What it has given, or raise what it raised; it must be done."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    assert results, "it waits"
    if isinstance(results[0], Failure):
        results[0].raiseException()
    result: T = results[0]
    return result


def result_of(awaitable: Awaitable[T]) -> T:
    """What it gives, or raises, at once: nothing in these tests waits for a reactor."""
    return outcome_of(started(awaitable))


def _unreadable(reader: Reader, error: Exception) -> None:
    raise AssertionError(f"{reader} raised {error!r}")


class Facts(Bulletin):
    """A bulletin that keeps what it was told."""

    def __init__(self) -> None:
        super().__init__("node", lambda: 1_700_000_000.0, _unreadable)
        self.told: list[Fact] = []
        self.add(self)

    def read(self, fact: Fact) -> None:
        self.told.append(fact)

    def of(self, kind: type[F]) -> list[F]:
        """The facts of one kind, in order."""
        return [fact for fact in self.told if isinstance(fact, kind)]

    def one(self, kind: type[F]) -> F:
        """The only fact of a kind."""
        facts = self.of(kind)
        assert len(facts) == 1, f"{len(facts)} facts {kind.__name__}: {facts}"
        return facts[0]


@contextlib.contextmanager
def logged() -> Iterator[list[LogEvent]]:
    """What Twisted's log is told meanwhile."""
    events: list[LogEvent] = []

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        events.append(event)

    globalLogPublisher.addObserver(observe)
    try:
        yield events
    finally:
        globalLogPublisher.removeObserver(observe)


def path(text: str) -> Path:
    """`local-part@domain` as a Path."""
    return Path.parse(text)


def recipient(text: str, *maildrops: str) -> Recipient:
    """A recipient whose maildrops are these; the one of its own name if none is given."""
    names = maildrops or (text,)
    return Recipient(path(text), tuple(Local(name, (Field("Delivered-To", name),)) for name in names))


def a_message(
    *recipients: Recipient, content: bytes = b"Subject: hi\n\nhello\n", sender: str = "sender@example.org"
) -> Message:
    """A message to `recipients`, as the session makes it."""
    session = Session("session", "smtp", "192.0.2.1", 40_000, "client.example.org", True)
    envelope = Envelope(MESSAGE_ID, session, path(sender) if sender else Path(""), recipients)
    body = Body(len(content), content.count(b"\n"), content=content)
    return Message(MESSAGE_ID, envelope, (Field("Received", "here"),), body)


@st.composite
def splits(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """`data` cut at any places, once byte by byte, once whole, mostly between."""
    if draw(st.integers(0, 7)) == 0:
        return [data[at : at + 1] for at in range(len(data))]
    cuts = sorted(draw(st.sets(st.integers(0, len(data)), max_size=8)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
