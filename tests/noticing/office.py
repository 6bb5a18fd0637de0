"""Notices in a gateway of memory: a store, a directory, two clocks, and a file in a directory of the test's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import TypeVar

from twisted.internet.task import Clock
from zope.interface import implementer

from mailgate.delivery import FAILED, Delivery
from mailgate.failures import StoreError
from mailgate.interfaces import IDelivery, IDirectory
from mailgate.mail import Destination, Local, Message, Outcome, Path
from mailgate.noticing.notices import Notices
from mailgate.noticing.reasons import Reason
from mailgate.rules import NO_QUOTA, Quota
from mailgate.store.memory import MemoryStore
from tests.support import Facts, a_message, outcome_of, recipient, result_of, started

T = TypeVar("T")

EPOCH = 1_800_000_000.0
HOST = "mx.example.org"
POSTMASTER = "boss@example.org"
ALICE = "alice@example.org"


async def at_once(work: Callable[[], T], /) -> T:
    """An `Offload` without threads."""
    return work()


@implementer(IDirectory)
class Directory:
    """Knows postmaster alone."""

    def __init__(self) -> None:
        self.places: tuple[Destination, ...] = (Local(POSTMASTER),)
        self.raises: Exception | None = None

    async def resolve(self, path: Path) -> tuple[Destination, ...]:
        assert path == Path("postmaster")
        if self.raises is not None:
            raise self.raises
        return self.places


@implementer(IDelivery)
class Courier:
    """Delivers through another, unless it is told to fail."""

    def __init__(self, delivery: IDelivery) -> None:
        self._delivery = delivery
        self.fails = False
        self.raises: Exception | None = None
        self.taken: list[Message] = []

    async def deliver(self, message: Message, *, partial: bool = False) -> tuple[Outcome, ...]:
        self.taken.append(message)
        if self.raises is not None:
            raise self.raises
        if self.fails:
            return tuple(Outcome(each.path, FAILED) for each in message.envelope.recipients)
        return await self._delivery.deliver(message, partial=partial)


class Office:
    """One gateway; a second one on the same directory is the same after a restart."""

    def __init__(self, state: FilePath) -> None:
        self.file = state / "notices.json"
        self.clock = Clock()
        self.jump = 0.0
        self.facts = Facts()
        self.store = MemoryStore(self.now)
        self.delivery = Delivery(self.store, self.facts)
        self.courier = Courier(self.delivery)
        self.directory = Directory()
        self.reasons: list[Reason] = []
        self.quotas: dict[str, Quota] = {}
        self.looked: list[str] = []
        self.unreadable: Exception | None = None
        numbers = itertools.count(1)
        self.notices = Notices(
            hostname=HOST,
            directory=self.directory,
            delivery=self.courier,
            looks=[lambda: self.reasons],
            quota=lambda name: self.quotas.get(name, NO_QUOTA),
            usage=self.usage,
            file=str(self.file),
            clock=self.clock,
            offload=at_once,
            new_id=lambda: f"{next(numbers):026}",
            now=self.now,
        )
        self.facts.add(self.notices)

    def now(self) -> float:
        return EPOCH + self.clock.seconds() + self.jump

    async def usage(self, maildrop: str) -> tuple[int, int]:
        self.looked.append(maildrop)
        if self.unreadable is not None:
            raise self.unreadable
        return await self.store.usage(maildrop)

    def wait(self, seconds: float, step: float = 60.0) -> None:
        """Let time pass, in steps."""
        end = self.clock.seconds() + seconds
        while (left := end - self.clock.seconds()) > 0:
            self.clock.advance(min(step, left))

    def deliver(self, *maildrops: str, octets: int = 100) -> None:
        """Mail comes from outside, of about so many octets."""
        message = a_message(*map(recipient, maildrops), content=b"\n" + b"x" * octets + b"\n")
        outcomes = result_of(self.delivery.deliver(message))
        assert all(each.reply.is_positive for each in outcomes)

    def kept(self, maildrop: str) -> list[bytes]:
        """The notices in a maildrop."""

        async def read() -> list[bytes]:
            contents = []
            for entry in (await self.store.browse(maildrop)).entries:
                contents.append((await self.store.read(maildrop, entry)).whole or b"")
            return [content for content in contents if b"Auto-Submitted" in content]

        return result_of(read())

    def stop(self) -> None:
        outcome_of(started(self.notices.stop()))


STORE_ERROR = StoreError("the disk is tired")
