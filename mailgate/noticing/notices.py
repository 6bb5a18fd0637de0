"""Writes to who has to know: once an hour it is seen whether there is something for postmaster, and each delivery is a
reason to look whether a maildrop is nearly full.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from mailgate.facts import Delivered, Fact
from mailgate.interfaces import IDelivery, IDirectory, IFactReader, Offload
from mailgate.mail import Local, Path, Refused
from mailgate.noticing.days import POSTMASTER, Days
from mailgate.noticing.filling import Filling
from mailgate.noticing.post import NotSent, Post
from mailgate.noticing.reasons import Look, Reason, gathered
from mailgate.noticing.writing import Writer
from mailgate.rules import Quota

FIRST_SECONDS: Final = 300.0  # a start has better things to do, and may still have to find its feet
LOOK_SECONDS: Final = 3_600.0
FILE: Final = "notices.json"  # in the state directory

log = Logger(namespace="mailgate.noticing")


@implementer(IFactReader)
class Notices:
    """Begins with `start`, ends with `stop`; let it read facts in between."""

    def __init__(
        self,
        *,
        hostname: str,
        directory: IDirectory,
        delivery: IDelivery,
        looks: Iterable[Look],
        quota: Callable[[str], Quota],
        usage: Callable[[str], Awaitable[tuple[int, int]]],
        file: str,
        clock: IReactorTime,
        offload: Offload,
        new_id: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        """`looks`: what postmaster may have to see to. `quota` and `usage` are asked by a maildrop's name. `file`
        keeps who was written to. `clock` does not jump, `now` gives Unix time.
        """
        self._directory = directory
        self._looks = tuple(looks)
        self._new_id = new_id
        self._clock = clock
        self._now = now
        self._writer = Writer(hostname)
        self._post = Post(Days(file, clock, offload, now), delivery)
        self._filling = Filling(self._post, self._writer, quota=quota, usage=usage, new_id=new_id, clock=clock, now=now)
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock
        self._first: IDelayedCall | None = None
        self._ended: Deferred[LoopingCall] | None = None

    def start(self) -> None:
        """Look soon, and then every hour."""
        self._first = self._clock.callLater(FIRST_SECONDS, self._begin)

    async def stop(self) -> None:
        """Write to nobody any more; returns when what is under way is done."""
        if self._first is not None and self._first.active():
            self._first.cancel()
        if self._ended is not None and self._looking.running:
            self._looking.stop()
        await self._filling.stop()
        if self._ended is not None:
            await self._ended

    def read(self, fact: Fact) -> None:
        """See `IFactReader`."""
        if isinstance(fact, Delivered):
            self._filling.delivered(fact)

    def _begin(self) -> None:
        self._ended = self._looking.start(LOOK_SECONDS)

    def _look(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._tell_postmaster()).addErrback(
            lambda failure: log.failure("postmaster could not be told", failure)
        )

    async def _tell_postmaster(self) -> None:
        reasons = gathered(self._looks)
        if not reasons:
            return
        try:
            places = await self._postmaster()
            message = self._writer.to_postmaster(self._new_id(), self._now(), places, reasons)
            if await self._post.send(POSTMASTER, message):
                _log(places, reasons)
        except (NotSent, Refused) as error:
            log.error("postmaster cannot be told of {count} things: {error}", count=len(reasons), error=error)

    async def _postmaster(self) -> Sequence[Local]:
        """Where mail for the bare <postmaster> goes (RFC 5321 4.5.1), as far as that is here. Raises `Refused`."""
        places = await self._directory.resolve(Path("postmaster"))
        return [place for place in places if isinstance(place, Local)]


def _log(places: Sequence[Local], reasons: Sequence[Reason]) -> None:
    what = "; ".join(reason.what for reason in reasons)
    if places:
        who = ", ".join(place.maildrop for place in places)
        log.info("told {who}, as postmaster, of {count} things: {what}", who=who, count=len(reasons), what=what)
    else:
        log.warn("there is no postmaster to be told: {what}", what=what)
