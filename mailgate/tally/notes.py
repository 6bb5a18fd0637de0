"""Notes that count until a time, and what they look like when they are written down."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from attrs import frozen

KINDS: Final = ("sums", "members", "times")


@frozen
class Row:
    """One note of a tally: the method's kind, key and member; its number; for how many seconds it counts, of how many.

    Raises ValueError and TypeError for one that cannot be.
    """

    kind: str
    key: str
    member: str
    number: float
    left: float
    window: float

    def __attrs_post_init__(self) -> None:
        if self.kind not in KINDS or not isinstance(self.key, str) or not isinstance(self.member, str):
            raise ValueError(f"no note of a tally: {self.kind!r}")
        if not all(math.isfinite(value) for value in (self.number, self.left)) or not 0 < self.window < math.inf:
            raise ValueError("a note of a tally with numbers that cannot be")


class Note(NamedTuple):
    """Something worth noting, until a time."""

    number: float
    end: float
    window: float  # of which the end is the end


class Notes:
    """Notes by key and member. Not more than a limit; what ends first is dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._notes: dict[str, dict[str, Note]] = {}
        # A heap, with every note once. The end that stands here may be another one, where the note's was moved.
        self._ends: list[tuple[float, str, str]] = []

    def of(self, key: str, now: float) -> Mapping[str, Note]:
        """The key's notes that have not ended."""
        while self._ends and self._ends[0][0] <= now:
            self._drop_first()
        return {member: note for member, note in self._notes.get(key, {}).items() if note.end > now}

    def keys(self, prefix: str, now: float) -> list[str]:
        """The keys with such notes that begin so."""
        return [key for key in list(self._notes) if key.startswith(prefix) and self.of(key, now)]

    def put(self, key: str, member: str, note: Note) -> None:
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

    def copy(self) -> list[tuple[str, dict[str, Note]]]:
        """All of them, ended or not, as they are now."""
        return [(key, notes.copy()) for key, notes in self._notes.items()]

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
