"""Counts that sessions share, in the memory of this process.

Bounded: beyond so many keys, and members of keys, what would end first is dropped. So whoever makes up names by the
thousand can make a tally forget, and never makes it grow; what must not be forgotten has a tally of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from zope.interface import implementer

from mailgate.interfaces import ITally
from mailgate.tally.notes import Note, Notes, Row

MAX_KEYS: Final = 100_000  # of `once`
MAX_MEMBERS: Final = 100_000  # of `distinct`, and of `add`, where they are parts of windows; over all keys
PARTS: Final = 8  # of a window; what `add` is told within one of them ends together


@implementer(ITally)
class Tally:
    """A key belongs to one method, and to one window, which is more than 0."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        max_keys: int | None = None,
        max_members: int | None = None,
    ) -> None:
        """`clock` gives seconds, and never goes back. The limits are `MAX_KEYS` and `MAX_MEMBERS` if not given."""
        most = MAX_MEMBERS if max_members is None else max_members
        self._clock = clock
        self._sums = Notes(most)
        self._members = Notes(most)
        self._times = Notes(MAX_KEYS if max_keys is None else max_keys)
        self.changes = 0  # how many there were so far

    async def add(self, key: str, n: int, window: float) -> int:
        """As `ITally` has it. What comes close together ends together, with the last of it: so the sum is never too
        small, and nothing in it is older than the window and an eighth.
        """
        now = self._clock()
        if n:
            part = str(int(now * PARTS // window))
            known = self._sums.of(key, now).get(part)
            self._sums.put(key, part, Note(n + (known.number if known is not None else 0), now + window, window))
            self.changes += 1
        return int(sum(note.number for note in self._sums.of(key, now).values()))

    async def distinct(self, key: str, member: str, window: float) -> int:
        """As `ITally` has it."""
        now = self._clock()
        self._members.put(key, member, Note(1, now + window, window))
        self.changes += 1
        return len(self._members.of(key, now))

    async def members(self, key: str) -> Mapping[str, float]:
        """As `ITally` has it."""
        now = self._clock()
        return {member: note.end - now for member, note in self._members.of(key, now).items()}

    async def drop(self, key: str, member: str) -> None:
        """As `ITally` has it."""
        now = self._clock()
        if (note := self._members.of(key, now).get(member)) is not None:
            self._members.put(key, member, note._replace(end=now))
            self.changes += 1

    async def keys(self, prefix: str) -> Sequence[str]:
        """As `ITally` has it. Looks at every key there is."""
        return self._members.keys(prefix, self._clock())

    async def once(self, key: str, ttl: float) -> bool:
        """As `ITally` has it: `ttl` counts from the last yes, however often one asks in between."""
        now = self._clock()
        last = self._times.of(key, now).get("")
        # When it was is what counts, so that a `ttl` which somebody made shorter does so at once.
        if last is not None and now - last.number < ttl:
            return False
        self._times.put(key, "", Note(now, now + ttl, ttl))
        self.changes += 1
        return True

    async def forget(self, prefix: str) -> None:
        """As `ITally` has it. Looks at every key there is."""
        for notes in self._kinds.values():
            notes.forget(prefix)
        self.changes += 1

    def rows(self) -> Iterator[Row]:
        """All that counts as it is at this moment, for `restore`; to be gone through in any thread."""
        now = self._clock()
        copies = {kind: notes.copy() for kind, notes in self._kinds.items()}
        return (
            Row(kind, key, member, note.number, note.end - now, note.window)
            for kind, notes in copies.items()
            for key, members in notes
            for member, note in members.items()
            if note.end > now
        )

    def restore(self, rows: Iterable[Row], passed_seconds: float) -> None:
        """Count on where `rows` ends, `passed_seconds` ago: nothing for longer than its window from now on, whatever
        clocks have said meanwhile.
        """
        now = self._clock()
        for number, row in enumerate(rows):
            left = min(row.left, row.window) - max(0.0, passed_seconds)
            if left > 0:
                end = now + left
                member = f"before {number}" if row.kind == "sums" else row.member  # the parts of a clock are its own
                value = end - row.window if row.kind == "times" else row.number
                self._kinds[row.kind].put(row.key, member, Note(value, end, row.window))

    @property
    def _kinds(self) -> Mapping[str, Notes]:
        return {"sums": self._sums, "members": self._members, "times": self._times}
