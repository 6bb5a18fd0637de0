"""Tells users whose maildrop is nearly full, soon after a delivery has made it so.

A look costs a scan of the maildrop, so each is looked at once in a few minutes at most; what comes meanwhile is seen
to by one look later on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from mailgate.facts import Delivered
from mailgate.failures import StoreError
from mailgate.noticing.post import NotSent, Post
from mailgate.noticing.writing import Writer, percent_of
from mailgate.rules import Quota

NOTICE_PERCENT: Final = 90
TICK_SECONDS: Final = 5.0  # how often it is seen which maildrops are due
LOOK_SECONDS: Final = 300.0  # from one look at a maildrop to the next
AGAIN_SECONDS: Final = 3_600.0  # to the next, if the notice could not be delivered
MAX_MAILDROPS: Final = 10_000  # under watch; others are not looked at until there is room again

log = Logger(namespace="mailgate.noticing")


class Filling:
    """Begins with the first delivery, ends with `stop`."""

    def __init__(
        self,
        post: Post,
        writer: Writer,
        *,
        quota: Callable[[str], Quota],
        usage: Callable[[str], Awaitable[tuple[int, int]]],
        new_id: Callable[[], str],
        clock: IReactorTime,
        now: Callable[[], float],
    ) -> None:
        """`quota` and `usage` are asked by a maildrop's name, as `quotas.Quotas` asks them."""
        self._post = post
        self._writer = writer
        self._quota = quota
        self._usage = usage
        self._new_id = new_id
        self._clock = clock
        self._now = now
        self._due: dict[str, float] = {}  # from when on to look at it
        self._looked: dict[str, float] = {}  # when it was, lately
        self._tick: IDelayedCall | None = None
        self._looking: Deferred[None] | None = None
        self._stopped = False

    def delivered(self, fact: Delivered) -> None:
        """Look at the maildrops that have one message more, in a while."""
        if self._stopped or self._post.is_own(fact.message):
            return
        for maildrop in fact.maildrops:
            if maildrop not in self._due and self._has_room(maildrop):
                self._due[maildrop] = self._looked.get(maildrop, -LOOK_SECONDS) + LOOK_SECONDS
        self._arm()

    async def stop(self) -> None:
        """Look at no further maildrop; returns when the look under way is over."""
        self._stopped = True
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        if self._looking is not None:
            await self._looking

    def _has_room(self, maildrop: str) -> bool:
        return maildrop in self._looked or len(self._due) + len(self._looked) < MAX_MAILDROPS

    def _arm(self) -> None:
        if self._due and self._tick is None and self._looking is None and not self._stopped:
            self._tick = self._clock.callLater(TICK_SECONDS, self._begin)

    def _begin(self) -> None:
        self._tick = None
        looking = Deferred.fromCoroutine(self._look_at_all())
        looking.addErrback(lambda failure: log.failure("a look at full maildrops failed", failure))
        self._looking = looking
        looking.addCallback(self._end)

    def _end(self, _: None) -> None:
        self._looking = None
        self._arm()

    async def _look_at_all(self) -> None:
        seconds = self._clock.seconds()
        self._looked = {name: at for name, at in self._looked.items() if seconds - at < LOOK_SECONDS}
        for maildrop in [name for name, at in self._due.items() if at <= seconds]:
            if self._stopped:
                return
            del self._due[maildrop]
            self._looked[maildrop] = self._clock.seconds()
            await self._look_at(maildrop)

    async def _look_at(self, maildrop: str) -> None:
        try:
            await self._tell_if_nearly_full(maildrop)
        except StoreError as error:
            log.warn("cannot see how full {maildrop} is: {error}", maildrop=maildrop, error=error)
        except NotSent as error:
            self._due[maildrop] = self._clock.seconds() + AGAIN_SECONDS
            log.error("cannot tell {maildrop} that it is nearly full: {error}", maildrop=maildrop, error=error)

    async def _tell_if_nearly_full(self, maildrop: str) -> None:
        quota = self._quota(maildrop)
        if not quota.is_set:
            return
        messages, octets = usage = await self._usage(maildrop)
        if percent_of(usage, quota) < NOTICE_PERCENT:
            return
        message = self._writer.to_user(self._new_id(), self._now(), maildrop, usage, quota)
        # A notice never fills what others' mail could still have had: at the end there is none.
        if not quota.allows(messages + 1, octets + message.body.wire_octets):
            return
        if await self._post.send(maildrop, message):
            log.info("{maildrop} was told that it is nearly full", maildrop=maildrop)
