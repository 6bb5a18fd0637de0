"""How fast something comes: exactly so many within any second, so that a test knows what is struck."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

SECONDS: Final = 1.0


class Pace:
    """Remembers when it last said yes, as often as it may within a second."""

    def __init__(self, per_second: int, elapsed: Callable[[], float]) -> None:
        """`elapsed` counts seconds."""
        self._times: deque[float] = deque(maxlen=per_second)
        self._elapsed = elapsed

    def keeps(self) -> bool:
        """Is this one within what may come? One that is not does not count."""
        now = self._elapsed()
        # Where a clock was put back, what came before is long ago.
        if len(self._times) == self._times.maxlen and 0 <= now - self._times[0] < SECONDS:
            return False
        self._times.append(now)
        return True
