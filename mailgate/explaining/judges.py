"""What policies and handlers would say: those that can be asked without consequences (`IRehearsal`) are asked."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from inspect import iscoroutine
from typing import Any, Final

from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from mailgate.explaining.story import Part, Step, Topic
from mailgate.explaining.words import listed
from mailgate.interfaces import IRehearsal
from mailgate.mail import Discarded, Message, Refused
from mailgate.pipeline import DEFERRED, TOTAL_SECONDS
from mailgate.pipeline import Step as Judge

NOT_ASKED: Final = "it would be asked; it is not now"
WHY_NOT: Final = "it does not say that it can be asked without consequences"


@frozen
class Heard(Part):
    """What they said: as far as the first that ends it."""

    discarded: str | None = None  # why a handler throws the message away; None: none does
    unasked: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Would nobody be asked after this?"""
        return self.refusal is not None or self.discarded is not None


class _CannotWait(Exception):
    """The answer takes time, and no reactor runs."""


@frozen
class Hearing:
    """Asks them in their order. `clock` is the running reactor's, or None; `seconds` are for all of them together."""

    judges: Sequence[Judge]
    clock: IReactorTime | None = None
    seconds: float = TOTAL_SECONDS

    async def policies(self, message: Message) -> Heard:
        """Those that judge before there is content; one that judges content, too, is asked with the handlers."""
        early = [judge for judge in self.judges if judge.about and "message" not in judge.about]
        return await self._hear(early, message, "policy")

    async def handlers(self, message: Message) -> Heard:
        """Those that judge content."""
        return await self._hear([judge for judge in self.judges if "message" in judge.about], message, "handler")

    async def _hear(self, judges: Sequence[Judge], message: Message, topic: Topic) -> Heard:
        deadline = self.clock.seconds() + self.seconds if self.clock is not None else 0.0
        steps: list[Step] = []
        unasked: list[str] = []
        for judge in judges:
            heard = await self._ask(judge, message, topic, deadline)
            steps += heard.steps
            unasked += heard.unasked
            if heard.is_over:
                return Heard(steps, heard.refusal, heard.why, heard.discarded, tuple(unasked))
        return Heard(steps, unasked=tuple(unasked))

    async def _ask(self, judge: Judge, message: Message, topic: Topic, deadline: float) -> Heard:
        if not (IRehearsal.providedBy(judge.provider) and {"recipient", "message"} & set(judge.about)):
            return _unasked(judge, topic, WHY_NOT)
        try:
            said = await self._answer(judge, message, deadline)
        except _CannotWait:
            return _unasked(judge, topic, "its answer takes time, which only a running gateway has")
        except Refused as refusal:
            step = _step(judge, topic, f"refuses it: {refusal.reply}")
            return Heard((step,), refusal.reply, f"says {judge.name}")
        except Discarded as reason:
            step = _step(judge, topic, f"throws it away: {reason}")
            return Heard((step,), discarded=f"{judge.name}: {reason}")
        except CancelledError:
            raise
        except TimeoutError:
            return _failed(judge, topic, "takes too long")
        except (Exception, SystemExit) as error:  # noqa: BLE001 (what a step does wrong costs what its policy says)
            return _failed(judge, topic, f"fails: {type(error).__name__}: {error}")
        return Heard((_step(judge, topic, said),))

    async def _answer(self, judge: Judge, message: Message, deadline: float) -> str:
        answer: Any = IRehearsal(judge.provider).rehearse(message)
        if isinstance(answer, Awaitable):
            answer = await self._wait(answer, judge.timeout_seconds, deadline)
        if not isinstance(answer, str):
            raise TypeError(f"rehearse() gave {answer!r} instead of a sentence")
        return answer

    async def _wait(self, answer: Awaitable[Any], seconds: float, deadline: float) -> Any:
        if self.clock is None:
            _drop(answer)
            raise _CannotWait
        waiting: Deferred[Any] = Deferred.fromCoroutine(_await(answer))
        if not waiting.called:
            waiting.addTimeout(max(0.0, min(seconds, deadline - self.clock.seconds())), self.clock)
        return await waiting


def _drop(answer: Awaitable[Any]) -> None:
    """What is a coroutine has not begun yet, and never will."""
    if iscoroutine(answer):
        answer.close()
    elif isinstance(answer, Deferred):
        answer.addErrback(lambda _: None)
        answer.cancel()


async def _await(answer: Awaitable[Any]) -> Any:
    return await answer


def _unasked(judge: Judge, topic: Topic, why: str) -> Heard:
    return Heard((_step(judge, topic, NOT_ASKED, why),), unasked=(judge.name,))


def _failed(judge: Judge, topic: Topic, what: str) -> Heard:
    if judge.on_error == "skip":
        return Heard((_step(judge, topic, f"{what}; it is passed by"),))
    return Heard((_step(judge, topic, f"{what}; the message is put off"),), DEFERRED, f"{judge.name} {what}")


def _step(judge: Judge, topic: Topic, answer: str, why: str = "") -> Step:
    seconds = f"{judge.timeout_seconds:g} s at most"
    failure = "put off by 451" if judge.on_error == "defer" else "passed by"
    terms = f"about the {listed(judge.about)}; {seconds}, then {failure}"
    return Step(
        topic=topic,
        question=f"What does {judge.name} say?",
        answer=answer,
        detail=f"{why}; {terms}" if why else terms,
    )
