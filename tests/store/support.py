"""What the store's tests share: offloads without threads, messages, and a disk that fails on demand."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any, TypeVar

from attrs import evolve, fields
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from mailgate.interfaces import IContent, IMaildrop
from mailgate.mail import Body, Copy, Entry, Envelope, Field, Message, Path, Session, make_id
from mailgate.store.maildir.disk import Disk
from tests.support import result_of

T = TypeVar("T")

ALICE, BOB = "alice@example.test", "bob@example.test"
NODE = "node0001"
_numbers = itertools.count(1)


def cancel(waiting: Deferred[T]) -> None:
    """Stop waiting for it, as a session does whose connection is gone."""
    outcomes: list[T | Failure] = []
    waiting.addBoth(outcomes.append)
    waiting.cancel()
    assert isinstance(outcomes[0], Failure) and outcomes[0].check(CancelledError)


async def at_once(work: Callable[[], T], /) -> T:
    """An offload without a thread."""
    return work()


class Later:
    """An offload whose thread is as slow as the test wants; cancelling the wait does not stop it."""

    def __init__(self) -> None:
        self._queue: list[tuple[Callable[[], Any], Deferred[Any]]] = []

    def __call__(self, work: Callable[[], T], /) -> Deferred[T]:
        waiting: Deferred[T] = Deferred()
        self._queue.append((work, waiting))
        return waiting

    def run(self) -> list[Callable[[], None]]:
        """Do what is queued; give, for each, the call by which the reactor is told."""
        queue, self._queue = self._queue, []
        return [_told(waiting, _outcome(work)) for work, waiting in queue]

    def run_and_tell(self) -> None:
        """Do what is queued, and what that leads to."""
        while self._queue:
            for tell in self.run():
                tell()


def _outcome(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception:  # noqa: BLE001 - as a pool of threads does
        return Failure()


def _told(waiting: Deferred[Any], outcome: Any) -> Callable[[], None]:
    return lambda: waiting.callback(outcome)  # a Failure given to callback runs the errbacks


def message(
    content: bytes = b"Subject: hello\n\nworld\n",
    *,
    fields: tuple[Field, ...] = (Field("Received", "from a by b"),),
    smtputf8: bool = False,
    message_id: str = "",
    body: Body | None = None,
) -> Message:
    """A message with an id of its own."""
    number = next(_numbers)
    identity = message_id or make_id(1_700_000_000_000 + number, number)
    session = Session("s1", "smtp", "192.0.2.1")
    envelope = Envelope(identity, session, Path.parse("sender@example.test"), smtputf8=smtputf8)
    return Message(identity, envelope, fields, body or Body(len(content), content.count(b"\n"), content))


def copies(*maildrops: str) -> list[Copy]:
    """One for each, with what a delivery puts on top."""
    return [Copy(maildrop, (Field("Delivered-To", maildrop),)) for maildrop in maildrops]


async def deliver(store: Any, what: Message, *maildrops: str) -> tuple[str, ...]:
    """Stage and commit."""
    staged = await store.stage(what, copies(*maildrops))
    names: tuple[str, ...] = await staged.commit()
    return names


async def entries_of(store: Any, maildrop: str) -> tuple[Entry, ...]:
    """What a session would see."""
    opened = await store.open(maildrop)
    try:
        found: tuple[Entry, ...] = (await opened.snapshot()).entries
        return found
    finally:
        opened.release()


async def content_of(content: IContent) -> bytes:
    """All blocks."""
    blocks: list[bytes] = []
    while True:
        block = content.read_block()
        octets = block if isinstance(block, bytes) else await block
        if not octets:
            content.close()
            return b"".join(blocks)
        blocks.append(octets)


class FaultyDisk:
    """Counts the calls that reach the disk, and makes those fail that the test picks; `instead` stand in for some."""

    def __init__(self, **instead: Callable[..., Any]) -> None:
        self.calls: list[str] = []
        self.faults: dict[int, OSError] = {}  # by the number of the call
        self.always: dict[str, OSError] = {}  # by its name
        self.disk = evolve(Disk(), **{name: self._faulty(name, call) for name, call in (_calls() | instead).items()})

    def _faulty(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*arguments: Any, **keywords: Any) -> Any:
            number = len(self.calls)
            self.calls.append(name)
            fault = self.faults.get(number) or self.always.get(name)
            if fault is not None:
                if name in ("close", "closerange"):
                    call(*arguments)  # as Linux does it: the descriptor is gone in any case
                raise fault
            return call(*arguments, **keywords)

        return faulty


def _calls() -> dict[str, Callable[..., Any]]:
    return {attribute.name: getattr(Disk(), attribute.name) for attribute in fields(Disk)}


def fault(number: int) -> OSError:
    """An OSError of that errno."""
    return OSError(number, os.strerror(number))


def files_below(root: str) -> list[str]:
    """The paths of all files, relative to `root`, in order."""
    return sorted(
        os.path.relpath(os.path.join(directory, name), root) for directory, _, names in os.walk(root) for name in names
    )


def open_descriptors() -> int:
    """How many this process has, where that can be known."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def listed(maildrop: IMaildrop) -> tuple[Entry, ...]:
    """The entries of an open maildrop's snapshot."""
    return result_of(maildrop.snapshot()).entries
