"""Is the clock behind what has been? A machine whose battery is empty begins in 1970, or where its maker stopped.

Looked at once, at the start: what is written from then on bears the clock's own times, and would prove nothing. Mail is
taken in any case; whether there may be a sweep, `sweeping.schedule` knows.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final

from attrs import frozen
from twisted.logger import Logger

from mailgate.journal.files import DIRECTORY, segments
from mailgate.journal.lines import read_line
from mailgate.service.sweeps import schedule

TOLERATED_SECONDS: Final = 600.0  # clocks that run a little fast are put right without anybody being told
FIRST_RELEASE: Final = datetime(2026, 1, 1, tzinfo=UTC).timestamp()  # of this program there is nothing older
TAIL_OCTETS: Final = 65_536  # so much of the journal's newest file is looked at

log = Logger(namespace="mailgate.service")


@frozen
class Memory:
    """Something that was, so that it cannot be earlier now."""

    at: float  # Unix time
    what: str  # a sentence to which the time can be added
    if_the_clock_is_right: str = ""  # what to do then: the memory is wrong; empty: it cannot be
    is_kept: Callable[[], bool] = lambda: True  # was nothing of that done?


class Past:
    """What the state directory of one gateway knows of it."""

    def __init__(self, state: str, now: Callable[[], float] = time.time) -> None:
        """`now` gives Unix time. Nothing is read before `look`."""
        self._state = state
        self._now = now
        self._memories = [Memory(FIRST_RELEASE, "this program was made after")]

    def look(self) -> None:
        """See what was last, and tell the log if the clock contradicts it. Blocks, for a file or two."""
        self._memories = sorted([*self._memories, *_memories(self._state)], key=lambda memory: memory.at, reverse=True)
        if contradiction := self.contradiction():
            log.error("{contradiction}", contradiction=contradiction)

    def contradiction(self) -> str:
        """How far the clock is behind now, and what to do; empty: it is not, or by `TOLERATED_SECONDS` at most."""
        now = self._now()
        for memory in self._memories:
            if memory.at - now > TOLERATED_SECONDS and memory.is_kept():
                return _sentence(memory, now)
        return ""


def _sentence(memory: Memory, now: float) -> str:
    otherwise = f"; if it is right, {memory.if_the_clock_is_right}" if memory.if_the_clock_is_right else ""
    return (
        f"the clock says {_words(now)}, but {memory.what} {_words(memory.at)}: set the clock ('timedatectl' shows what "
        f"sets it){otherwise}. Meanwhile mail is taken, with wrong dates"
    )


def _memories(state: str) -> Iterator[Memory]:
    sweeps = schedule(state)
    if (last := sweeps.last()) is not None:
        remedy = "say so: mailgate store sweep --clock-is-right"
        yield Memory(last, "the last sweep was at", remedy, lambda: sweeps.last() == last)
    with suppress(OSError):  # the journal says itself what is wrong with its files
        yield from _journal(os.path.join(state, DIRECTORY))


def _journal(directory: str) -> Iterator[Memory]:
    """The newest line. Raises OSError."""
    for segment in reversed(segments(directory)):
        if times := [line["at"] for octets in _tail(segment.path) if (line := read_line(octets)) is not None]:
            is_kept = partial(os.path.exists, segment.path)
            yield Memory(max(times), "the journal has a line of", f"remove {segment.path}", is_kept)
            return


def _tail(path: str) -> list[bytes]:
    """The last lines; the first of them may be cut."""
    with open(path, "rb") as stream:
        stream.seek(max(os.fstat(stream.fileno()).st_size - TAIL_OCTETS, 0))
        return stream.read(TAIL_OCTETS).splitlines()


def _words(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):  # a file can say anything
        return f"{seconds:.0f} seconds after 1970"
