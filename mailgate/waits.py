"""How to begin what may have to wait, and how to wait for what must not be cut short when a connection is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import CoroutineType
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


def begin(work: Coroutine[Any, Any, T]) -> T | Deferred[T]:
    """Run `work` until it has to wait: give what it gives, or raise what it raises, if it never does; else a Deferred.

    As `Deferred.fromCoroutine`, but hardly any answer has to wait, and those that do not cost a third of it.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    return Deferred.fromCoroutine(_go_on(work, waits_for))


def _go_on(work: Coroutine[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """The rest of a coroutine that waits for `waits_for` already."""
    while True:
        try:
            try:
                got = yield waits_for
            except Exception as error:  # noqa: BLE001 (it is handed on, whatever it is)
                waits_for = work.throw(error)
            else:
                waits_for = work.send(got)
        except StopIteration as done:
            result: T = done.value
            return result


async def no_pause() -> None:
    """For work that need not let others have their turn."""


async def to_the_end(work: Awaitable[T]) -> T:
    """Wait until `work` is done, cancelled or not; it never learns of it. Gives or raises what `work` does."""
    doing = Deferred.fromCoroutine(work if isinstance(work, CoroutineType) else _await(work))
    while True:
        try:
            return await uncut(doing)
        except CancelledError:
            if doing.called:
                raise  # the work's own
            # The wait was cancelled, not the work: wait again.


def uncut(work: Deferred[T], left: Callable[[], None] = lambda: None) -> Deferred[T]:
    """Fires as `work` does; if it is cancelled first, `work` goes on and keeps its result for whoever asks then.

    `left` is called if, and only if, it is cancelled first. A CancelledError alone does not tell: it may be the work's
    own, and then there is no result to ask for.
    """
    wait: Deferred[T] = Deferred(lambda _: left())

    def hand_over(result: T | Failure) -> T | Failure | None:
        if wait.called:
            return result  # it was cancelled
        if isinstance(result, Failure):
            wait.errback(result)
        else:
            wait.callback(result)
        return None

    work.addBoth(hand_over)
    return wait


async def _await(work: Awaitable[T]) -> T:
    return await work
