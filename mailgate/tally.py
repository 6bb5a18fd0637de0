"""Counts that sessions share, in the memory of this process: a restart forgets them.

Bounded: beyond so many keys, and members of keys, what would end first is dropped. So whoever makes up names by the
thousand can make us forget, and never makes us grow.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from zope.interface import implementer

from mailgate.interfaces import ITally

MAX_KEYS: Final = 100_000  # of `once`
MAX_MEMBERS: Final = 100_000  # of `distinct`, and of `add`, where they are parts of windows; over all keys
PARTS: Final = 8  # of a window; what `add` is told within one of them ends together


@implementer(ITally)
class Tally:
    """A key belongs to one method, and to one window, which is more than 0."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds, and never goes back."""
        self._clock = clock
        self._sums = _Notes(MAX_MEMBERS)
        self._members = _Notes(MAX_MEMBERS)
        self._times = _Notes(MAX_KEYS)

    async def add(self, key: str, n: int, window: float) -> int:
        """As `ITally` has it. What comes close together ends together, with the last of it: so the sum is never too
        small, and nothing in it is older than the window and an eighth.
        """
        now = self._clock()
        part = str(int(now * PARTS // window))
        known = self._sums.of(key, now).get(part)
        self._sums.put(key, part, _Note(n + (known.number if known is not None else 0), now + window))
        return int(sum(note.number for note in self._sums.of(key, now).values()))

    async def distinct(self, key: str, member: str, window: float) -> int:
        """As `ITally` has it."""
        now = self._clock()
        self._members.put(key, member, _Note(1, now + window))
        return len(self._members.of(key, now))

    async def once(self, key: str, ttl: float) -> bool:
        """As `ITally` has it: `ttl` counts from the last yes, however often one asks in between."""
        now = self._clock()
        last = self._times.of(key, now).get("")
        # When it was is what counts, so that a `ttl` which somebody made shorter does so at once.
        if last is not None and now - last.number < ttl:
            return False
        self._times.put(key, "", _Note(now, now + ttl))
        return True

    async def forget(self, prefix: str) -> None:
        """As `ITally` has it. Looks at every key there is."""
        for notes in (self._sums, self._members, self._times):
            notes.forget(prefix)


class _Note(NamedTuple):
    """Something worth noting, until a time."""

    number: float
    end: float


class _Notes:
    """Notes by key and member. Not more than a limit; what ends first is dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._notes: dict[str, dict[str, _Note]] = {}
        # A heap, with every note once. The end that stands here may be an earlier one, where the note's was put off.
        self._ends: list[tuple[float, str, str]] = []

    def of(self, key: str, now: float) -> Mapping[str, _Note]:
        """The key's notes that have not ended."""
        while self._ends and self._ends[0][0] <= now:
            self._drop_first()
        return self._notes.get(key, {})

    def put(self, key: str, member: str, note: _Note) -> None:
        """Take note, in place of what was there."""
        if member not in self._notes.get(key, {}):
            while len(self._ends) >= self._limit:
                self._drop_first()
            heapq.heappush(self._ends, (note.end, key, member))
        self._notes.setdefault(key, {})[member] = note

    def forget(self, prefix: str) -> None:
        """Drop the notes of all keys that begin so."""
        self._notes = {key: notes for key, notes in self._notes.items() if not key.startswith(prefix)}
        self._ends = [(note.end, key, member) for key, notes in self._notes.items() for member, note in notes.items()]
        heapq.heapify(self._ends)

    def _drop_first(self) -> None:
        """Drop the note that seems to end first; if it was put off, put it where it belongs now."""
        seeming, key, member = self._ends[0]
        end = self._notes[key][member].end
        if end > seeming:
            heapq.heapreplace(self._ends, (end, key, member))
            return
        heapq.heappop(self._ends)
        del self._notes[key][member]
        if not self._notes[key]:
            del self._notes[key]
