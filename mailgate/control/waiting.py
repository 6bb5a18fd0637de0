"""Who waits for mail. A letter that arrives is shown to those alone who could mean it, and answered for at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from mailgate.control.calls import CallError
from mailgate.control.letter import Kept
from mailgate.control.matching import Criteria
from mailgate.control.reading import Reading

MAX_WAITS: Final = 10_000


class Wait:
    """One wait: `done` fires, without a result, when there are `count` letters, or fails when it is over before.

    A letter whose content is not here, or is large, is not judged when it arrives, but by `finish`, and those behind it
    in their order.
    """

    def __init__(self, criteria: Criteria, count: int) -> None:
        self.criteria = criteria
        self.done: Deferred[None] = Deferred()
        self._count = count
        self._found: dict[int, Kept] = {}  # by number
        self._unread: deque[Kept] = deque()  # not judged yet, in the order of arrival
        self._news: Deferred[None] | None = None  # `finish` waits

    async def finish(self, fits: Callable[[Criteria, Kept], Awaitable[bool]]) -> list[Kept]:
        """Give what is found as soon as it is enough. `fits` judges a letter that has to be read first. Raises what it
        raises, and what `done` fails with.
        """
        while not self.done.called:
            if self._unread:
                kept = self._unread[0]
                if await fits(self.criteria, kept):
                    self.take([kept])
                self._unread.popleft()
            else:
                self._news = Deferred()
                await self._news
        await self.done
        return self.found

    @property
    def found(self) -> list[Kept]:
        """The first `count` of the letters that fit, oldest first."""
        return [self._found[number] for number in sorted(self._found)][: self._count]

    def take(self, letters: Iterable[Kept]) -> None:
        """These fit."""
        self._found.update((kept.letter.number, kept) for kept in letters)
        if len(self._found) >= self._count and not self.done.called:
            self.done.callback(None)
        self._stir()

    def fail(self, error: Exception) -> None:
        """It is over."""
        if not self.done.called:
            self.done.errback(Failure(error))
        self._stir()

    def show(self, kept: Kept, reading: Reading | None) -> None:
        """A letter has arrived."""
        try:
            if not self.criteria.fit_envelope(kept.letter):
                return
            if self._unread or self._takes_long(reading):
                self._unread.append(kept)
                self._stir()
                return
            fits = self.criteria.fit(kept, reading)
        except Exception as error:  # noqa: BLE001 (this wait's own trouble: whoever waits for it hears of it)
            self.fail(error)
            return
        if fits:
            self.take([kept])

    def _takes_long(self, reading: Reading | None) -> bool:
        if reading is None:
            return self.criteria.wants_content
        return self.criteria.takes_long(len(reading.content))

    def _stir(self) -> None:
        news, self._news = self._news, None
        if news is not None and not news.called:
            news.callback(None)


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

    def end_all(self) -> None:
        """The same for everybody: the server stops. They hear `CallError` "unavailable"."""
        for waits in [*self._by_key.values(), *self._by_namespace.values()]:
            for wait in list(waits):
                wait.fail(CallError("unavailable", "the server is stopping"))

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
