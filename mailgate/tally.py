"""Counts that sessions share, in the memory of this process, and a file that has them survive a restart.

Bounded: beyond so many keys, and members of keys, what would end first is dropped. So whoever makes up names by the
thousand can make a tally forget, and never makes it grow; what must not be forgotten has a tally of its own.
"""

from __future__ import annotations

import heapq
import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from mailgate.interfaces import ITally, Offload

MAX_KEYS: Final = 100_000  # of `once`
MAX_MEMBERS: Final = 100_000  # of `distinct`, and of `add`, where they are parts of windows; over all keys
PARTS: Final = 8  # of a window; what `add` is told within one of them ends together

SAVE_SECONDS: Final = 5.0  # how often the file is written at most
REST: Final = 20.0  # and not before this many times what the last writing took
MAX_FILE_OCTETS: Final = 128 << 20
FORMAT: Final = 1

log = Logger(namespace="mailgate.tally")


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
        self._sums = _Notes(most)
        self._members = _Notes(most)
        self._times = _Notes(MAX_KEYS if max_keys is None else max_keys)
        self.changes = 0  # how many there were so far

    async def add(self, key: str, n: int, window: float) -> int:
        """As `ITally` has it. What comes close together ends together, with the last of it: so the sum is never too
        small, and nothing in it is older than the window and an eighth.
        """
        now = self._clock()
        if n:
            part = str(int(now * PARTS // window))
            known = self._sums.of(key, now).get(part)
            self._sums.put(key, part, _Note(n + (known.number if known is not None else 0), now + window, window))
            self.changes += 1
        return int(sum(note.number for note in self._sums.of(key, now).values()))

    async def distinct(self, key: str, member: str, window: float) -> int:
        """As `ITally` has it."""
        now = self._clock()
        self._members.put(key, member, _Note(1, now + window, window))
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
        self._times.put(key, "", _Note(now, now + ttl, ttl))
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
                self._kinds[row.kind].put(row.key, member, _Note(value, end, row.window))

    @property
    def _kinds(self) -> Mapping[str, _Notes]:
        return {"sums": self._sums, "members": self._members, "times": self._times}


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


class _Note(NamedTuple):
    """Something worth noting, until a time."""

    number: float
    end: float
    window: float  # of which the end is the end


class _Notes:
    """Notes by key and member. Not more than a limit; what ends first is dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._notes: dict[str, dict[str, _Note]] = {}
        # A heap, with every note once. The end that stands here may be another one, where the note's was moved.
        self._ends: list[tuple[float, str, str]] = []

    def of(self, key: str, now: float) -> Mapping[str, _Note]:
        """The key's notes that have not ended."""
        while self._ends and self._ends[0][0] <= now:
            self._drop_first()
        return {member: note for member, note in self._notes.get(key, {}).items() if note.end > now}

    def keys(self, prefix: str, now: float) -> list[str]:
        """The keys with such notes that begin so."""
        return [key for key in list(self._notes) if key.startswith(prefix) and self.of(key, now)]

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

    def copy(self) -> list[tuple[str, dict[str, _Note]]]:
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


class TallyFile:
    """Keeps tallies, each by its name, in a file that nobody else may read.

    It is written now and then, off the reactor, and when it stops: what a crash takes is some seconds of counting.
    """

    def __init__(
        self,
        path: str,
        tallies: Mapping[str, Tally],
        clock: IReactorTime,
        offload: Offload,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`now` gives Unix time, which counts only across restarts."""
        self._path = path
        self._tallies = tallies
        self._clock = clock
        self._offload = offload
        self._now = now
        self._saved = self._changes
        self._rest_until = 0.0
        self._failed = False  # to write it, the last time
        self._saving = LoopingCall(self._save_now_and_then)
        self._saving.clock = clock
        self._ended: Deferred[LoopingCall] | None = None

    def load(self) -> None:
        """Have the tallies count on where the file ends, if there is one. Blocks; call it before anything is counted.

        A file that is not understood is put aside and told to the log: counts are no reason not to serve.
        """
        try:
            with suppress(FileNotFoundError):
                self._restore(_read(self._path))
        except (ValueError, TypeError, OSError) as error:
            aside = f"{self._path}.broken"
            with suppress(OSError):
                os.replace(self._path, aside)
            what = "{path} is not understood ({error}): put aside as {aside}"
            log.error(what, path=self._path, error=error, aside=aside)
        self._saved = self._changes

    def start(self) -> None:
        """Write it now and then."""
        self._ended = self._saving.start(SAVE_SECONDS, now=False)

    async def stop(self) -> None:
        """Write it a last time."""
        if self._ended is not None:
            self._saving.stop()
            await self._ended
        await self._save()

    @property
    def _changes(self) -> int:
        return sum(tally.changes for tally in self._tallies.values())

    def _restore(self, content: tuple[float, Sequence[tuple[str, Row]]]) -> None:
        written, rows = content
        for name, tally in self._tallies.items():
            tally.restore([row for of, row in rows if of == name], self._now() - written)

    def _save_now_and_then(self) -> Deferred[None] | None:
        return Deferred.fromCoroutine(self._save()) if self._clock.seconds() >= self._rest_until else None

    async def _save(self) -> None:
        if self._changes == self._saved:
            return
        changes, began = self._changes, self._clock.seconds()
        rows = [(name, tally.rows()) for name, tally in self._tallies.items()]
        now = self._now()
        try:
            await self._offload(lambda: _write(self._path, now, rows))
        except OSError as error:
            if not self._failed:  # once, as long as it goes on
                log.error("{path} cannot be written: {error}", path=self._path, error=error)
            self._failed = True
        else:
            self._saved, self._failed = changes, False
        self._rest_until = self._clock.seconds() + REST * (self._clock.seconds() - began)


# These block. A line a note: a single document would hold up all other threads for as long as it is made.


def _read(path: str) -> tuple[float, Sequence[tuple[str, Row]]]:
    """When it was written, and the notes with the names of their tallies. Raises ValueError, TypeError and OSError."""
    if os.stat(path).st_size > MAX_FILE_OCTETS:
        raise ValueError("it is too large")
    with open(path, encoding="utf-8") as stream:
        head = json.loads(next(stream, "null"))
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise ValueError("it does not begin as it should")
        written = float(head.get("written", math.nan))
        if not math.isfinite(written):
            raise ValueError("it does not say when it was written")
        return written, [_read_row(line) for line in stream]


def _read_row(line: str) -> tuple[str, Row]:
    values: Any = json.loads(line)
    if not isinstance(values, list) or len(values) != 7 or not isinstance(values[0], str):
        raise ValueError(f"not a note: {line[:80]!r}")
    return values[0], Row(*values[1:])


def _write(path: str, now: float, tallies: Iterable[tuple[str, Iterable[Row]]]) -> None:
    draft = f"{path}.new"
    with suppress(FileNotFoundError):
        os.unlink(draft)  # of a process that was killed here
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(json.dumps({"format": FORMAT, "written": now}) + "\n")
        for name, rows in tallies:
            for row in rows:
                values = (name, row.kind, row.key, row.member, row.number, row.left, row.window)
                stream.write(json.dumps(values) + "\n")
    os.replace(draft, path)  # not synced: after a power cut it may be short, and is put aside then
