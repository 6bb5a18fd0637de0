"""Who waits for mail. A letter that arrives is shown to those alone who could mean it, and answered for at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from mailgate.control.calls import CallError
from mailgate.control.letter import Kept
from mailgate.control.matching import Criteria
from mailgate.control.reading import Reading

MAX_WAITS: Final = 10_000


class Wait:
    """One wait: `done` fires, without a result, when there are `count` letters, or fails when it is over before."""

    def __init__(self, criteria: Criteria, count: int) -> None:
        self.criteria = criteria
        self.done: Deferred[None] = Deferred()
        self._count = count
        self._found: dict[int, Kept] = {}  # by number

    @property
    def found(self) -> list[Kept]:
        """The first `count` of the letters that fit, oldest first."""
        return [self._found[number] for number in sorted(self._found)][: self._count]

    def take(self, letters: Iterable[Kept]) -> None:
        """These fit."""
        self._found.update((kept.letter.number, kept) for kept in letters)
        if len(self._found) >= self._count and not self.done.called:
            self.done.callback(None)

    def fail(self, error: Exception) -> None:
        """It is over."""
        if not self.done.called:
            self.done.errback(Failure(error))

    def show(self, kept: Kept, reading: Reading | None) -> None:
        """A letter has arrived."""
        try:
            fits = self.criteria.fit(kept, reading)
        except Exception as error:  # noqa: BLE001 (this wait's own trouble: whoever waits for it hears of it)
            self.fail(error)
            return
        if fits:
            self.take([kept])


class Waits:
    """All waits, by what they wait for."""

    def __init__(self) -> None:
        self._by_key: dict[str, dict[Wait, None]] = {}  # of those for one address,
        self._by_namespace: dict[str, dict[Wait, None]] = {}  # and of the others
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def begin(self, criteria: Criteria, count: int) -> Wait:
        """Wait from now on for `count` letters. `end` it always. Raises `CallError` "unavailable"."""
        if self._count >= MAX_WAITS:
            raise CallError("unavailable", f"{MAX_WAITS} wait already; try again when some of them are done")
        wait = Wait(criteria, count)
        index, name = self._place(wait)
        index.setdefault(name, {})[wait] = None
        self._count += 1
        return wait

    def end(self, wait: Wait) -> None:
        """Wait no longer. Any number of times."""
        index, name = self._place(wait)
        if index.get(name, {}).pop(wait, self) is self:
            return
        self._count -= 1
        if not index[name]:
            del index[name]
        wait.done.addErrback(lambda _: None)  # nobody may be there to hear of it

    def end_namespace(self, namespace: str) -> None:
        """Whoever waits in a namespace hears that there is none any more: `CallError` "missing"."""
        every = [wait for waits in (*self._by_key.values(), *self._by_namespace.values()) for wait in waits]
        for wait in every:
            if wait.criteria.namespace == namespace:
                wait.fail(CallError("missing", f"the namespace {namespace!r} has ended"))

    def arrived(self, kept: Kept) -> None:
        """Show a new letter to those who may mean it. What is read of it is read once for all of them."""
        waits: dict[Wait, None] = {}
        for reached in kept.letter.recipients:
            waits |= self._by_key.get(reached.key, {})
            waits |= self._by_namespace.get(reached.namespace, {})
        reading = kept.reading() if waits else None
        for wait in waits:
            wait.show(kept, reading)

    def _place(self, wait: Wait) -> tuple[dict[str, dict[Wait, None]], str]:
        criteria = wait.criteria
        return (self._by_key, criteria.to) if criteria.to else (self._by_namespace, criteria.namespace)
