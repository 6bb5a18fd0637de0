"""A thread that works when a test says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")


class Later:
    """An `interfaces.Offload`."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Deferred[Any], Callable[[], Any]]] = []

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        done: Deferred[T] = Deferred()
        self.waiting.append((done, work))
        return done

    def run(self, most: int | None = None) -> None:
        """Do what there is to do, or as much of it."""
        waiting, self.waiting = self.waiting[:most], self.waiting[len(self.waiting[:most]) :]
        for done, work in waiting:
            done.callback(work())

    def fail(self, error: Exception) -> None:
        """Fail at it."""
        waiting, self.waiting = self.waiting, []
        for done, _ in waiting:
            done.errback(error)
