"""Policies and handlers, asked in order: the first refusal wins.

A step that raises anything unexpected, or takes too long, costs what its error policy says and no more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, Literal, TypeVar

from attrs import define, evolve, field, frozen
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface.interface import InterfaceClass

from mailgate.facts import Bulletin, Handled
from mailgate.interfaces import (
    IConnectPolicy,
    IDirectory,
    IHandlerInTurn,
    IHeloPolicy,
    IMessageHandler,
    IRecipientPolicy,
    ISenderPolicy,
)
from mailgate.mail import Discarded, Envelope, Field, Local, Message, Path, Recipient, Refused, Reply, Session, Verdict
from mailgate.waits import begin

T = TypeVar("T")
log = Logger(namespace="mailgate.pipeline")
OnError = Literal["defer", "skip"]  # 451, or as if the step were not there

STEP_SECONDS: Final = 30.0
TOTAL_SECONDS: Final = 60.0  # all handlers of one message; senders wait ten minutes (RFC 5321 4.5.3.2.6)
MOMENT_SECONDS: Final = 0.001  # for a step whose turn has come when the time is up
ABILITIES: Final[tuple[InterfaceClass, ...]] = (
    IConnectPolicy,
    IHeloPolicy,
    ISenderPolicy,
    IRecipientPolicy,
    IMessageHandler,
)
ABOUT: Final = ("client", "greeting", "sender", "recipient", "message")  # what each of them judges
DEFERRED: Final = Reply(451, "4.3.0", "Cannot judge this now, try again later")


@frozen
class Step:
    """One policy or handler of the pipeline, by the name that logs and settings use."""

    name: str
    provider: object = field(repr=False)
    timeout_seconds: float = STEP_SECONDS
    on_error: OnError = "defer"

    @property
    def about(self) -> tuple[str, ...]:
        """What it is asked about, of `ABOUT`, in the order in which a session comes to it."""
        return tuple(
            about for about, ability in zip(ABOUT, ABILITIES, strict=True) if ability.providedBy(self.provider)
        )


@define
class _Time:
    """What all handlers of one message have together."""

    deadline: float
    waited: bool = False  # has some of it gone by in a line?


class Deferral(Refused):
    """A step failed, and is not to be skipped: the message is put off. `cause` is "failed" or "timed out"."""

    def __init__(self, cause: str) -> None:
        super().__init__(DEFERRED)
        self.cause = cause


class HandlerFault(Exception):
    """A handler's answer makes no sense; the message says what it did."""


class Pipeline:
    """All steps. `clock` times them; `directory` resolves the targets of redirects."""

    def __init__(
        self,
        steps: Sequence[Step],
        directory: IDirectory,
        bulletin: Bulletin,
        clock: IReactorTime,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self.steps: tuple[Step, ...] = tuple(steps)  # in their order; to look at
        self.total_seconds = total_seconds
        self._steps = {ability: [step for step in steps if ability.providedBy(step.provider)] for ability in ABILITIES}
        self._directory = directory
        self._bulletin = bulletin
        self._clock = clock

    async def check_connect(self, session: Session) -> None:
        """Ask the `IConnectPolicy` steps. Raises `Refused`."""
        for step in self._steps[IConnectPolicy]:
            await self._ask(step, session.id, _permit(IConnectPolicy(step.provider).check_connect, session))

    async def check_helo(self, session: Session) -> None:
        """Ask the `IHeloPolicy` steps. Raises `Refused`."""
        for step in self._steps[IHeloPolicy]:
            await self._ask(step, session.id, _permit(IHeloPolicy(step.provider).check_helo, session))

    async def check_sender(self, envelope: Envelope) -> None:
        """Ask the `ISenderPolicy` steps. Raises `Refused`."""
        for step in self._steps[ISenderPolicy]:
            await self._ask(step, envelope.id, _permit(ISenderPolicy(step.provider).check_sender, envelope))

    async def check_recipient(self, envelope: Envelope, path: Path) -> None:
        """Ask the `IRecipientPolicy` steps. Raises `Refused`."""
        for step in self._steps[IRecipientPolicy]:
            await self._ask(step, envelope.id, _permit(IRecipientPolicy(step.provider).check_recipient, envelope, path))

    async def handle(self, message: Message) -> Message:
        """Run the handlers; give the message with their fields in front and with the recipients they leave.

        Raises `Refused`, or `Discarded` if a handler wants nobody to have it.
        """
        time = _Time(self._clock.seconds() + self.total_seconds)
        for step in self._steps[IMessageHandler]:
            message = await self._handle(step, message, time)
        return message

    async def _handle(self, step: Step, message: Message, time: _Time) -> Message:
        started = self._clock.seconds()
        result, detail = "failed", ""
        try:
            after = await self._in_turn(step, message, time)
            if after is None:
                result = "skipped"
                return message
            result, detail = "passed", _difference(message, after)
            return after
        except Refused as refusal:
            result = refusal.cause if isinstance(refusal, Deferral) else "refused"
            detail = str(refusal.reply)
            raise
        except Discarded as reason:
            result, detail = "discarded", str(reason)
            raise
        except CancelledError:
            result, detail = "cancelled", "the client has gone"
            raise
        finally:
            self._bulletin.tell(
                Handled(
                    message=message.id,
                    handler=step.name,
                    result=result,
                    detail=detail,
                    seconds=self._clock.seconds() - started,
                )
            )

    async def _in_turn(self, step: Step, message: Message, time: _Time) -> Message | None:
        handler, seconds = step.provider, time.deadline - self._clock.seconds()
        if IHandlerInTurn.providedBy(handler) and seconds > 0:
            # However long the line is, nobody gets past the handler for it.
            wait = evolve(step, name=f"the wait for {step.name}", timeout_seconds=seconds, on_error="defer")
            handler = await self._ask(wait, message.id, _turn(handler, message, time))
            # Asked in any case: what was given has a place in it, and only asking gives that back.
            seconds = max(time.deadline - self._clock.seconds(), MOMENT_SECONDS)
        # It may be the line that has left it too little time.
        late: OnError = "defer" if time.waited and seconds < step.timeout_seconds else step.on_error
        return await self._ask(step, message.id, self._judge(handler, message), seconds, late)

    async def _judge(self, handler: object, message: Message) -> Message:
        verdict = IMessageHandler(handler).handle(message)
        if not isinstance(verdict, Verdict) and isinstance(verdict, Awaitable):
            verdict = await verdict
        if not isinstance(verdict, Verdict):
            raise HandlerFault(f"handle() gave {verdict!r} instead of a Verdict")
        if not (verdict.fields or verdict.discard or verdict.redirect):
            return message  # what most say of most
        if not all(isinstance(added, Field) for added in verdict.fields):
            raise HandlerFault("the verdict adds something that is no Field")
        known = {recipient.path for recipient in message.envelope.recipients}
        if strange := (verdict.discard | verdict.redirect.keys()) - known:
            raise HandlerFault(f"the verdict names {', '.join(map(str, strange))}, who is no recipient")
        recipients = [await self._apply(verdict, recipient) for recipient in message.envelope.recipients]
        return message.with_fields(verdict.fields).with_recipients(tuple(recipients))

    async def _apply(self, verdict: Verdict, recipient: Recipient) -> Recipient:
        if recipient.path in verdict.discard:
            return Recipient(recipient.path, ())
        if recipient.path not in verdict.redirect:
            return recipient
        destinations: list[Local] = []
        for target in verdict.redirect[recipient.path]:
            found = [place for place in await self._directory.resolve(target) if isinstance(place, Local)]
            if not found:
                raise HandlerFault(f"the verdict redirects to {target}, which is nobody here")
            destinations += found
        return Recipient(recipient.path, tuple(destinations))

    async def _ask(
        self,
        step: Step,
        about: str,
        question: Coroutine[Any, Any, T],
        seconds: float = float("inf"),
        late: OnError | None = None,
    ) -> T | None:
        """The step's answer; None if it failed and is to be skipped. Raises what a step may raise, and `Deferral` for
        a failure that is not to be skipped. `about` is the id of the message or session, for the log; `late` is what
        a time-out costs, if not what the step's error policy says.
        """
        cause, on_error = "timed out", late or step.on_error
        try:
            return await self._timed(min(step.timeout_seconds, seconds), question)
        except (Refused, Discarded, CancelledError):
            raise
        except TimeoutError:
            log.error("{step} took too long with {about}: {on_error}", step=step.name, about=about, on_error=on_error)
        except (Exception, SystemExit):  # noqa: BLE001 (what a step does wrong costs what its policy says, and no more)
            cause, on_error = "failed", step.on_error
            log.failure("{step} failed with {about}: {on_error}", step=step.name, about=about, on_error=on_error)
        if on_error == "skip":
            return None
        raise Deferral(cause)

    async def _timed(self, seconds: float, question: Coroutine[Any, Any, T]) -> T:
        if seconds <= 0:
            question.close()
            raise TimeoutError  # the handlers before this one have used up the common limit
        given_up = _never
        try:
            answer = begin(question)
            if not isinstance(answer, Deferred):
                return answer
            waiting, given_up = _cancellable(answer)
            if not waiting.called:
                waiting.addTimeout(seconds, self._clock)
            result: T = await waiting
            return result
        except CancelledError:
            if given_up():
                raise
            raise HandlerFault("it waited for something that was cancelled, and not by us") from None


async def _turn(handler: object, message: Message, time: _Time) -> IMessageHandler:
    turn = IHandlerInTurn(handler).turn(message)
    if isinstance(turn, Awaitable):
        time.waited = True
        turn = await turn
    return turn


async def _permit(check: Callable[..., Awaitable[None] | None], *arguments: object) -> None:
    """Ask a policy. Raises `Refused`, and `HandlerFault` for an answer that a policy cannot give."""
    try:
        answer: object = check(*arguments)
        if isinstance(answer, Awaitable):
            answer = await answer
    except Discarded:
        raise HandlerFault("a policy cannot discard; only a handler can") from None
    if answer is not None:
        raise HandlerFault(f"the policy gave {answer!r}; it returns nothing, or raises Refused")


def _never() -> bool:
    """Nobody has given up what did not have to wait."""
    return False


def _cancellable(work: Deferred[T]) -> tuple[Deferred[T], Callable[[], bool]]:
    """A Deferred for the answer, and whether it was cancelled. Once it is, it does not wait for what the step makes
    of its own cancellation: a step may not hold up a session by taking no notice.
    """
    cancelled: list[bool] = []

    def cancel(_: Deferred[T]) -> None:
        cancelled.append(True)
        work.cancel()

    def answered(result: Any) -> None:
        if not cancelled:
            waiting.callback(result)
        elif isinstance(result, Failure) and not result.check(CancelledError):
            log.failure("failed after it was given up", result)

    waiting: Deferred[T] = Deferred(cancel)
    work.addBoth(answered)
    return waiting, lambda: bool(cancelled)


def _difference(before: Message, after: Message) -> str:
    if after is before:
        return ""
    added = [added.name for added in after.fields[: len(after.fields) - len(before.fields)]]
    changed = [
        f"{new.path} to {', '.join(_names(new)) or 'nobody'}"
        for old, new in zip(before.envelope.recipients, after.envelope.recipients, strict=True)
        if old != new
    ]
    return "; ".join([*(f"added {name}" for name in added), *changed])


def _names(recipient: Recipient) -> list[str]:
    return [place.maildrop for place in recipient.destinations if isinstance(place, Local)]
