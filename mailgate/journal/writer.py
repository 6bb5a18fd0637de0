"""Facts as lines, and the lines into the files. What cannot be written is lost; that is said once, not for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from twisted.logger import Logger

from mailgate.facts import Fact
from mailgate.journal.files import Files
from mailgate.journal.lines import line_of

WRITE_OCTETS: Final = 65_536  # so much is written at once, or one line if that is longer
log: Final = Logger(namespace="mailgate.journal")  # in a class, Logger would forget its namespace


class Writer:
    """Writes batches. For one thread; blocks; never raises OSError."""

    def __init__(self, files: Files, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives Unix time."""
        self._files = files
        self._clock = clock
        self._lost_now = 0  # since it was last possible to write
        self.written = 0  # lines, since the beginning
        self.lost = 0

    def write(self, facts: Iterable[Fact]) -> None:
        """Write a line each."""
        for count, lines in _chunks(facts):
            try:
                self._files.append(lines, self._clock())
            except OSError as error:
                self._lose(count, error)
            else:
                self._recover()
                self.written += count

    def tidy(self) -> None:
        """Remove what is too old."""
        try:
            self._files.tidy(self._clock())
        except OSError as error:
            log.error("old files of the journal cannot be removed: {error}", error=error)

    def _lose(self, count: int, error: OSError) -> None:
        if not self._lost_now:
            where, why = error.filename or "the journal", error.strerror or error
            log.error("{where} cannot be written: {why}; lines are lost, mail is not", where=where, why=why)
        self._lost_now += count
        self.lost += count

    def _recover(self) -> None:
        if self._lost_now:
            log.warn("the journal is written again; {lost} lines were lost", lost=self._lost_now)
            self._lost_now = 0


def _chunks(facts: Iterable[Fact]) -> Iterator[tuple[int, bytes]]:
    """Lines, and how many they are."""
    lines: list[bytes] = []
    octets = 0
    for fact in facts:
        line = line_of(fact)
        if lines and octets + len(line) > WRITE_OCTETS:
            yield len(lines), b"".join(lines)
            lines, octets = [], 0
        lines.append(line)
        octets += len(line)
    if lines:
        yield len(lines), b"".join(lines)
