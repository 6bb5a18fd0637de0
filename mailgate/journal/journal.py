"""The reader of facts that keeps the journal: it takes note at once, and a thread of its own writes, in batches."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Final

from twisted.logger import Logger
from zope.interface import implementer

from mailgate.facts import Fact
from mailgate.interfaces import IFactReader
from mailgate.journal.files import Files
from mailgate.journal.lines import KEPT
from mailgate.journal.writer import Writer

QUEUE_FACTS: Final = 20_000  # seconds of a busy gateway; what comes while so many wait is dropped
GATHER_SECONDS: Final = 0.2  # so long a batch gathers: to wake a thread for every fact would cost more than to write
TIDY_SECONDS: Final = 3600.0  # files get too old where no mail comes, too
FLUSH_SECONDS: Final = 5.0  # the longest that somebody waits for a disk that is stuck
log: Final = Logger(namespace="mailgate.journal")


@implementer(IFactReader)
class Journal:
    """Keeps the journal in `directory` from `start` to `stop`. With `keep_days` of 0 it keeps none, and removes what
    there is.
    """

    def __init__(
        self,
        directory: str,
        max_octets: int,
        keep_days: int,
        clock: Callable[[], float] = time.time,
        queue_facts: int = QUEUE_FACTS,
    ) -> None:
        """`clock` gives Unix time. Nothing is touched before `start`."""
        self.directory = directory
        self.is_kept = keep_days > 0
        self.dropped = 0  # facts that there was no room for
        self._writer = Writer(Files(directory, max_octets, keep_days), clock)
        self._queue_facts = queue_facts
        self._waiting: deque[Fact | Event] = deque()  # an Event is set when all before it is written
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._is_told = False  # will the thread look?
        self._in_haste = Event()  # somebody waits: a batch is not to gather
        self._is_over = False
        self._thread: Thread | None = None

    @property
    def lost(self) -> int:
        """Lines that could not be written."""
        return self._writer.lost

    @property
    def written(self) -> int:
        """Lines that were."""
        return self._writer.written

    def read(self, fact: Fact) -> None:
        if type(fact) not in KEPT or not self.is_kept:
            return
        if len(self._waiting) >= self._queue_facts:
            self._drop()
            return
        self._waiting.append(fact)
        if not self._is_told:
            self._wake()

    def start(self) -> None:
        """Write what was read and will be. Blocks for a moment; raises nothing."""
        self._writer.tidy()
        if self.is_kept and self._thread is None:
            self._is_over = False
            self._thread = Thread(target=self._work, name="mailgate-journal", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write what was read until now, and end. Blocks; any number of times."""
        if self._thread is not None:
            self._is_over = True
            self._in_haste.set()
            self._wake()
            self._thread.join()
            self._thread = None

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """See to it that what was read until now is in the files, where it can be. Blocks, so many seconds at most;
        was it done by then? For any thread.
        """
        if self._thread is None:
            return True
        done = Event()
        self._waiting.append(done)
        self._in_haste.set()
        self._wake()
        return done.wait(seconds)

    def _drop(self) -> None:
        self.dropped += 1
        if self.dropped == 1:
            log.error("the journal cannot keep up: lines are lost, mail is not; this is said once")

    def _wake(self) -> None:
        self._is_told = True
        self._wakes.put(None)

    # In the thread.

    def _work(self) -> None:
        while not self._is_over:
            try:
                self._wakes.get(timeout=TIDY_SECONDS)
            except Empty:
                self._writer.tidy()
            else:
                self._in_haste.wait(GATHER_SECONDS)
                self._write()
        self._write()

    def _write(self) -> None:
        self._in_haste.clear()
        self._is_told = False  # first: what comes from now on may be too late for the loop
        batch: list[Fact] = []
        asked: list[Event] = []
        while self._waiting:
            waiting = self._waiting.popleft()
            if isinstance(waiting, Event):
                asked.append(waiting)
            else:
                batch.append(waiting)
        try:
            self._writer.write(batch)
        except Exception:  # noqa: BLE001 (whatever it is, it costs these lines and not those to come)
            log.failure("the journal has lost {lines} lines", lines=len(batch))
        for done in asked:
            done.set()
