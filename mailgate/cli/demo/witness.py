"""A reader of facts that remembers them, and tells who waits for one of a kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from mailgate.facts import Fact
from mailgate.interfaces import IFactReader

F = TypeVar("F", bound=Fact)


@implementer(IFactReader)
class Witness:
    """Sees what happens to one message; the demo sends the next one only when this one is through."""

    def __init__(self) -> None:
        self._facts: list[Fact] = []
        self._waiting: list[Callable[[Fact], None]] = []

    def read(self, fact: Fact) -> None:
        """See `IFactReader`."""
        self._facts.append(fact)
        for tell in tuple(self._waiting):
            tell(fact)

    def all(self, kind: type[F]) -> tuple[F, ...]:
        """The facts of this kind so far."""
        return tuple(fact for fact in self._facts if isinstance(fact, kind))

    def first(self, kind: type[F], clock: IReactorTime, seconds: float) -> Deferred[F]:
        """The first fact of this kind, past or to come. Fails with `TimeoutError` if none comes in time."""
        coming: Deferred[F] = Deferred()

        def tell(fact: Fact) -> None:
            if isinstance(fact, kind) and not coming.called:
                coming.callback(fact)

        def forget(result: Any) -> Any:
            self._waiting.remove(tell)
            return result

        self._waiting.append(tell)
        for fact in self._facts:
            tell(fact)
        coming.addBoth(forget)
        return coming.addTimeout(seconds, clock)
