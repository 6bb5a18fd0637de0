"""The last lines of the log, kept in memory, by number.

Facts are kept as they are, whatever level the log is written at, and become text when somebody asks; of everything
else that is logged the text is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Final

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import LogEvent
from zope.interface import implementer

from mailgate.control.log_rendering import Event, Line, event_of, weight_of
from mailgate.facts import Fact
from mailgate.interfaces import IFactReader

MAX_LINES: Final = 10_000
MAX_WEIGHT: Final = 50_000  # lists in facts count: a message may have a thousand recipients
GATHER_SECONDS: Final = 0.1  # whoever waits is woken so often at most, for all that came

InReactor = Callable[[Callable[[], None]], object]  # calls it in the reactor's thread: `reactor.callFromThread`
Fits = Callable[[Fact | Event], bool]


@frozen
class Found:
    """Lines that fit, oldest first; how many were lost before they could be looked at; and up to which number all
    were.
    """

    lines: Sequence[Line]
    missed: int
    seen: int


@implementer(IFactReader)
class LogLines:
    """The ring. It reads facts; `observe` is an observer of Twisted's log. Lines are numbered from 1."""

    def __init__(self, clock: IReactorTime, in_reactor: InReactor) -> None:
        self._clock = clock
        self._in_reactor = in_reactor
        self._lines: deque[Line] = deque(maxlen=MAX_LINES)
        self._weight = 0
        self._last = 0  # the number of the last line there was
        self._waits: set[Deferred[None]] = set()
        self._waking = False

    # What happens.

    def read(self, fact: Fact) -> None:
        """Keep it."""
        self._add(fact)

    def observe(self, event: LogEvent) -> None:
        """Keep what is no fact; may be called in any thread. Facts come by `read`, whether they are logged or not."""
        if "fact" not in event:
            self._in_reactor(partial(self._add, event_of(event)))

    def _add(self, content: Fact | Event) -> None:
        weight = weight_of(content)
        self._last += 1
        lines = self._lines
        if len(lines) == MAX_LINES:
            self._weight -= lines[0].weight  # it goes
        lines.append(Line(self._last, weight, content))
        self._weight += weight
        while self._weight > MAX_WEIGHT:
            self._weight -= lines.popleft().weight
        if self._waits and not self._waking:
            self._waking = True
            self._clock.callLater(GATHER_SECONDS, self._wake)

    def _wake(self) -> None:
        self._waking = False
        waits, self._waits = self._waits, set()
        for wait in waits:
            wait.callback(None)

    # What is asked.

    @property
    def waits(self) -> int:
        """How many wait for the next line."""
        return len(self._waits)

    def newest(self, fits: Fits, count: int) -> Found:
        """The last `count` lines that fit."""
        newest = list(islice((line for line in reversed(self._lines) if fits(line.content)), count))
        return Found(newest[::-1], 0, self._last)

    def after(self, number: int, fits: Fits, count: int) -> Found:
        """The first `count` lines that fit behind that number. One that is yet to come is taken for the last one: a
        server that was started anew begins at 1 again.
        """
        number = min(number, self._last)
        fresh = list(islice(reversed(self._lines), self._last - number))[::-1]
        lines = list(islice((line for line in fresh if fits(line.content)), count))
        seen = lines[-1].number if len(lines) == count else self._last
        return Found(lines, self._last - number - len(fresh), seen)

    async def more(self, seconds: float) -> None:
        """Wait for new lines, `seconds` at most."""
        wait: Deferred[None] = Deferred()
        self._waits.add(wait)
        timer = self._clock.callLater(seconds, self._give_up, wait)
        try:
            await wait
        finally:
            self._waits.discard(wait)
            if timer.active():
                timer.cancel()

    def _give_up(self, wait: Deferred[None]) -> None:
        self._waits.discard(wait)
        wait.callback(None)
