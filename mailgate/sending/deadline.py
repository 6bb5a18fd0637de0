"""The common limit of all the waits of one hand-over."""

from __future__ import annotations

from typing import TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

T = TypeVar("T")


@frozen
class Deadline:
    """A moment on a clock."""

    clock: IReactorTime
    at: float  # seconds, as the clock counts them

    async def wait(self, work: Deferred[T], seconds: float = float("inf")) -> T:
        """What `work` gives or raises. Raises TimeoutError, and cancels it, after `seconds` or at the deadline."""
        left = min(seconds, self.at - self.clock.seconds())
        if not work.called:
            work.addTimeout(max(left, 0.0), self.clock, _timed_out)
        return await work


def _timed_out(result: object, _: float) -> object:
    # Not every Deferred that is cancelled raises CancelledError: endpoints have an error of their own for it.
    if isinstance(result, Failure):
        raise TimeoutError
    return result
