"""The journal's files: one a day (UTC), and more on a day with much mail, so that old ones can go one by one.

One process writes at a time: the gateway, or a command beside it or without it. Whoever writes has the lock of the
directory meanwhile.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from attrs import frozen

DIRECTORY: Final = "journal"  # in the state directory
SEGMENTS: Final = 16  # a file has this part of the whole at most: so much goes at a time
LOCK_SECONDS: Final = 5.0  # for another who writes; that takes milliseconds, unless its process is stopped
_POLL_SECONDS: Final = 0.01
_NAME: Final = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)\.(?P<number>\d{5})\.jsonl")


@frozen(order=True)
class Segment:
    """One file of the journal; in order of time."""

    day: date
    number: int
    directory: str

    @property
    def path(self) -> str:
        """Where it is."""
        return os.path.join(self.directory, f"{self.day.isoformat()}.{self.number:05}.jsonl")

    def octets(self) -> int:
        """Its size; none if it is gone."""
        with contextlib.suppress(FileNotFoundError):
            return os.stat(self.path).st_size
        return 0


def day_of(seconds: float) -> date:
    """The day of a Unix time."""
    return datetime.fromtimestamp(seconds, UTC).date()


def segments(directory: str) -> list[Segment]:
    """All files that are there, oldest first. Raises OSError, but not for a directory that is not there."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(directory):
            if (match := _NAME.fullmatch(name)) is not None:
                with contextlib.suppress(ValueError):  # no day of the calendar: not ours
                    found.append(Segment(date.fromisoformat(match["day"]), int(match["number"]), directory))
    return sorted(found)


class Files:
    """Appends to the journal, and removes what is too old or too much. For one thread; blocks."""

    def __init__(
        self, directory: str, max_octets: int, keep_days: int, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """`keep_days`: so many days before today are kept; with none, nothing is."""
        self._sleep = sleep
        self._directory = directory
        self._max_octets = max_octets
        self._keep_days = keep_days
        self._segment_octets = max(max_octets // SEGMENTS, 1)

    def append(self, lines: bytes, now: float) -> None:
        """Write whole lines. Raises OSError; then none of them is there, or, should even that fail, a torn one is at
        the end, which the next append keeps apart. If another process writes for `LOCK_SECONDS`, that is one, too.

        Nothing is synced: after a power cut the last seconds may be missing.
        """
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        with self._alone():
            _append(self._segment_for(lines, now).path, lines)

    def tidy(self, now: float, room_octets: int = 0) -> None:
        """Remove the oldest files until the rest is young enough, and leaves room for so much more. Raises OSError."""
        there = segments(self._directory)
        sizes = [segment.octets() for segment in there]
        total = sum(sizes) + room_octets
        oldest = day_of(now) - timedelta(days=self._keep_days)
        for segment, octets in zip(there, sizes, strict=True):
            if total > self._max_octets or segment.day < oldest or not self._keep_days:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(segment.path)
                total -= octets

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """With the lock. Never waits for ever: at its end a gateway waits for its last lines to be written."""
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            waited = 0.0
            while not _lock(descriptor, self._directory, is_last_try=waited >= LOCK_SECONDS):
                self._sleep(_POLL_SECONDS)
                waited += _POLL_SECONDS
            yield
        finally:
            os.close(descriptor)

    def _segment_for(self, lines: bytes, now: float) -> Segment:
        """Where the lines go. Opened anew each time: somebody may have taken the files away."""
        today = day_of(now)
        numbers = [segment for segment in segments(self._directory) if segment.day == today]
        if not numbers:
            segment = Segment(today, 0, self._directory)
        elif numbers[-1].octets() + len(lines) <= self._segment_octets:
            return numbers[-1]
        else:
            segment = Segment(today, numbers[-1].number + 1, self._directory)
        self.tidy(now, max(self._segment_octets, len(lines)))
        return segment


def _lock(descriptor: int, directory: str, *, is_last_try: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        if is_last_try:
            raise OSError(error.errno, "another process writes to it and does not end", directory) from None
        return False
    return True


def _append(path: str, lines: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        octets = os.fstat(descriptor).st_size
        torn = octets > 0 and os.pread(descriptor, 1, octets - 1) != b"\n"
        try:
            _write(descriptor, b"\n" + lines if torn else lines)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, octets)
            raise
    finally:
        os.close(descriptor)


def _write(descriptor: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(descriptor, octets) :]
