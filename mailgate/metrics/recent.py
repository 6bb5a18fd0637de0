"""How often something happened lately: counts for each second of the last hour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

HOUR_SECONDS: Final = 3_600
MINUTE_SECONDS: Final = 60


class Recent:
    """Counts, and forgets after an hour. Memory does not grow."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and never goes back."""
        self._clock = clock
        self._second = int(clock())  # the one that `_counts` ends with
        self._counts = [0] * HOUR_SECONDS  # of a second, at its number modulo the hour

    def add(self) -> None:
        """It happened now."""
        second = int(self._clock())
        if second != self._second:
            self._go_on(second)
        self._counts[second % HOUR_SECONDS] += 1

    def last(self, seconds: int) -> int:
        """How often within the last `seconds`, this one and an hour at most included."""
        self._go_on(int(self._clock()))
        return sum(self._counts[(self._second - ago) % HOUR_SECONDS] for ago in range(min(seconds, HOUR_SECONDS)))

    def _go_on(self, second: int) -> None:
        """What has the place of the seconds since is an hour old."""
        for passed in range(max(self._second, second - HOUR_SECONDS) + 1, second + 1):
            self._counts[passed % HOUR_SECONDS] = 0
        self._second = second
