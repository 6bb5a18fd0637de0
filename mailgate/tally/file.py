"""The file that has tallies survive a restart."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from mailgate.interfaces import Offload
from mailgate.tally.notes import Row
from mailgate.tally.tally import Tally

SAVE_SECONDS: Final = 5.0  # how often the file is written at most
REST: Final = 20.0  # and not before this many times what the last writing took
MAX_FILE_OCTETS: Final = 128 << 20
FORMAT: Final = 1

log = Logger(namespace="mailgate.tally")


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
