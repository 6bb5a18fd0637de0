"""How to wait for what a lost connection must not cut short: `connection` cancels the answer that is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


async def to_the_end(work: Awaitable[T]) -> T:
    """Wait until `work` is done, cancelled or not; it never learns of it. Gives or raises what `work` does."""
    doing = Deferred.fromCoroutine(_await(work))
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
