"""How often within a time: a count for each key, over a window that slides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

MAX_KEYS: Final = 10_000
SLOTS: Final = 6  # into how many parts a window is cut


class Rate:
    """At most `limit` for a key within any `window_seconds`; 0 is no limit.

    The window is cut into `SLOTS`, and what was taken is counted for its slot. All slots that a window may touch are
    added up, the oldest one whole: so no window ever has more than `limit`, and what was taken is forgiven late, after
    seven sixths of a window at most. (A bucket that leaks, or two slots weighed against each other, are smaller, but
    let up to twice the limit through one window, and a limit should mean what it says.) What is refused is not
    counted: a client that goes on asking has its share and no more.

    Memory: the keys of the last window or so, `max_keys` at most, some 500 octets each. When there are more, the one
    that has not asked for the longest time is forgotten, and may begin anew.
    """

    def __init__(self, limit: int, window_seconds: float, clock: Callable[[], float], max_keys: int = MAX_KEYS) -> None:
        """`clock` counts seconds and never goes back, like `time.monotonic`."""
        self._limit = limit
        self._slot_seconds = window_seconds / SLOTS
        self._clock = clock
        self._max_keys = max_keys
        self._taken: dict[str, dict[int, int]] = {}  # by key, who asked last at the end; then by slot, in order

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._taken)

    def take(self, key: str, n: int = 1) -> bool:
        """Take `n`, if there is room for all of them; if not, take nothing."""
        if not self._limit:
            return True
        now = int(self._clock() // self._slot_seconds)
        self._forget_old(now)
        slots = _since(now - SLOTS, self._taken.pop(key, None))
        fits = sum(slots.values()) + n <= self._limit
        if fits:
            slots[now] = slots.get(now, 0) + n
        if slots:
            self._taken[key] = slots
        if len(self._taken) > self._max_keys:
            del self._taken[next(iter(self._taken))]
        return fits

    def fits(self, key: str, n: int = 1) -> bool:
        """Would `take` take them? Takes nothing."""
        if not self._limit:
            return True
        now = int(self._clock() // self._slot_seconds)
        return sum(_since(now - SLOTS, self._taken.get(key)).values()) + n <= self._limit

    def _forget_old(self, now: int) -> None:
        # Those in front asked first; what stands behind one that still counts waits for its turn.
        while self._taken:
            key, slots = next(iter(self._taken.items()))
            if next(reversed(slots)) >= now - SLOTS:
                return
            del self._taken[key]


def _since(first: int, slots: dict[int, int] | None) -> dict[int, int]:
    """The slots that still count."""
    if slots is None:
        return {}
    if next(iter(slots)) >= first:
        return slots
    return {slot: taken for slot, taken in slots.items() if slot >= first}
