"""The daily sweep of a running gateway: begun when it is due, in steps between which the gateway has its rest."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from mailgate.facts import Bulletin, SweepEnded, SweepHeld
from mailgate.failures import StoreError
from mailgate.sweeping.schedule import Doubtful, Schedule
from mailgate.sweeping.sweeper import Sweeper

FIRST_SECONDS: Final = 60.0  # a start has better things to do
LOOK_SECONDS: Final = 3_600.0  # how often to see whether a sweep is due
REST: Final = 9.0  # rest for so long as this many times what the last maildrop took

log = Logger(namespace="mailgate.sweeping")


def schedule(state: str) -> Schedule:
    """When there was a sweep, of the gateway with that state directory."""
    return Schedule(os.path.join(state, "sweeps.json"))


class Sweeps:
    """Begins with `start`, ends with `stop`."""

    def __init__(
        self,
        sweeper: Sweeper,
        schedule: Schedule,
        bulletin: Bulletin,
        clock: IReactorTime,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`now` gives Unix time; `clock` the reactor's, which does not jump."""
        self._sweeper = sweeper
        self._schedule = schedule
        self._bulletin = bulletin
        self._clock = clock
        self._now = now
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock
        self._first: IDelayedCall | None = None
        self._ended: Deferred[LoopingCall] | None = None
        self._resting: Deferred[None] | None = None

    def start(self) -> None:
        """Look soon, and then every hour."""
        self._first = self._clock.callLater(FIRST_SECONDS, self._begin)

    def use(self, sweeper: Sweeper) -> None:
        """From the next sweep on, another one."""
        self._sweeper = sweeper

    async def stop(self) -> None:
        """Begin no further maildrop; returns when the one under way is done."""
        if self._first is not None and self._first.active():
            self._first.cancel()
        if self._ended is None:
            return
        self._looking.stop()
        if self._resting is not None:
            self._resting.cancel()
        await self._ended

    def _begin(self) -> None:
        self._ended = self._looking.start(LOOK_SECONDS)

    def _look(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._sweep_if_due()).addErrback(
            lambda failure: log.failure("a sweep failed", failure)
        )

    async def _sweep_if_due(self) -> None:
        try:
            if await self._may_sweep():
                self._schedule.note(self._now())
                await self._sweep()
        except Doubtful as doubt:
            self._bulletin.tell(SweepHeld(reason=str(doubt)))
        except StoreError as error:
            self._bulletin.tell(SweepHeld(reason=f"the maildrops cannot be listed: {error}"))

    async def _may_sweep(self) -> bool:
        """Raises `Doubtful`, unless nothing would be lost by a sweep at the wrong time."""
        now = self._now()
        try:
            return self._schedule.is_due(now)
        except Doubtful:
            if await self._sweeper.has_work():
                raise
            return True  # so that the day counts as a sweep's when there are rules one day

    async def _sweep(self) -> None:
        began, maildrops, messages, octets = self._clock.seconds(), 0, 0, 0
        step = began
        async with aclosing(self._sweeper.sweep()) as sweep:
            async for swept in sweep:
                maildrops, messages, octets = maildrops + 1, messages + swept.messages, octets + swept.octets
                if not await self._rest(REST * (self._clock.seconds() - step)):
                    return
                step = self._clock.seconds()
        if maildrops:
            seconds = self._clock.seconds() - began
            self._bulletin.tell(SweepEnded(maildrops=maildrops, messages=messages, octets=octets, seconds=seconds))

    async def _rest(self, seconds: float) -> bool:
        """Let others work; gives whether to go on."""
        self._resting = deferLater(self._clock, seconds)
        try:
            await self._resting
        except CancelledError:
            return False
        finally:
            self._resting = None
        return self._looking.running
