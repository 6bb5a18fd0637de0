"""A session that fails on demand. What no fault is meant for is the real session's, reply for reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from mailgate.connection import Ending, Session
from mailgate.interference.flow import Flow
from mailgate.interference.phases import Parties
from mailgate.interference.replies import Reply, amended, is_positive
from mailgate.interference.rule import Action
from mailgate.interference.shaping import AS_IT_IS, DROPPED, Manner

Choose = Callable[[str, Parties], Action | None]  # what happens at a phase
log = Logger(namespace="mailgate.interference")


class _Course:
    """What the faults at one event have come to so far."""

    def __init__(self) -> None:
        self.reply: Reply | None = None  # the chosen one
        self.manner: Manner = AS_IT_IS
        self.is_dropped = False

    @property
    def is_cut(self) -> bool:
        """Will the client not hear all of the reply?"""
        return self.manner.drop_after_octets is not None

    @property
    def is_refused(self) -> bool:
        """Is there nothing left to ask the session?"""
        return self.is_dropped or (self.reply is not None and not is_positive(self.reply))


class InterferedSession:
    """Implements `connection.Session` around another one; its answers are for an `InterferedMachine`."""

    def __init__(self, session: Session[Any], flow: Flow, choose: Choose, clock: IReactorTime) -> None:
        self._session = session
        self._flow = flow
        self._choose = choose
        self._clock = clock

    # What the connection asks.

    def seconds_left(self, silent_seconds: float) -> float:
        return self._session.seconds_left(silent_seconds)

    @property
    def at_rest(self) -> bool:
        return self._session.at_rest

    async def answer(self, event: Any) -> Any:
        if isinstance(event, self._flow.silent):
            return await self._session.answer(event)
        try:
            return await self._answer(event)
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 (where the session stands is not known any more: it ends)
            log.failure("a fault on demand went wrong; the session is ended")
            return self._flow.goodbye

    def secured(self, tls: str) -> None:
        self._flow.secured()
        self._session.secured(tls)

    def farewell(self, ending: Ending) -> Any:
        return self._session.farewell(ending)

    def lost(self) -> None:
        self._session.lost()

    def ended(self, reason: str, octets_in: int, octets_out: int) -> None:
        self._session.ended(reason, octets_in, octets_out)

    # Faults.

    async def _answer(self, event: Any) -> Any:
        course = _Course()
        for phase in self._flow.begin(event):
            await self._strike(course, phase, self._flow.parties(event))
            if course.is_cut and not course.is_refused:
                course.reply = self._flow.cut_short(event) or course.reply
            if course.is_refused:
                return await self._refuse(event, course)
        answer = await self._session.answer(event)
        behind = self._flow.behind(event)
        if behind is not None or course.reply is not None:
            answer = await self._amend(event, answer, behind, course)
        return self._sent(event, answer, course)

    async def _strike(self, course: _Course, phase: str, parties: Parties) -> Action | None:
        action = self._choose(phase, parties)
        if action is None:
            return None
        if action.delay_seconds:
            await deferLater(self._clock, action.delay_seconds)
        course.manner = course.manner.changed(action)
        course.is_dropped = course.is_dropped or action.drop
        course.reply = action.reply or course.reply
        return action

    async def _refuse(self, event: Any, course: _Course) -> Any:
        told = self._flow.told_instead(event)
        own = None if told is None else await self._session.answer(told)
        refusal = None if course.is_dropped else self._flow.refusal(event, course.reply, own)
        return self._sent(event, refusal, course)

    async def _amend(self, event: Any, answer: Any, behind: str | None, course: _Course) -> Any:
        """The real answer with the chosen replies in it; what it refuses stays refused, and uses up no fault."""
        chosen, replies = course.reply, []
        for real, parties in self._flow.parts(event, answer):
            reply = real if chosen is None else amended(real, chosen)
            if behind is not None and is_positive(reply) and not course.is_dropped:
                action = await self._strike(course, behind, parties)
                reply = amended(reply, action.reply) if action is not None and action.reply is not None else reply
            replies.append(reply)
        return tuple(replies) if isinstance(answer, tuple) else replies[0]

    def _sent(self, event: Any, answer: Any, course: _Course) -> Any:
        if course.is_dropped:
            return DROPPED
        self._flow.learn(event, answer)
        return course.manner.shaped(answer)
