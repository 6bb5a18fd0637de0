"""Threads for what blocks: a pool each for the disk and for password hashing, so that neither waits for the other.

Twisted's own pool does the same. But a trip to a thread and back is made for every login and every few messages, and
half of what it costs is the pool: here work goes through a queue in C, and what comes back at one time is one call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")

DISK_THREADS: Final = 8
COMMIT_THREADS: Final = 1  # one batch at a time: while it syncs, the next one gathers
HASHING_THREADS: Final = 2  # more would only make the reactor wait for a processor

_Task = tuple[Deferred[Any], Callable[[], Any]]


class Workers:
    """One pool of threads. Calling it runs work there; it is an `interfaces.Offload`. Call it in the reactor's thread.

    Work that comes before `start` waits for it. A wait that is cancelled does not stop the work. A thread is started
    when there is work for it: to start one takes milliseconds, and a gateway for one test never needs most of them.
    """

    def __init__(self, reactor: Any, threads: int, name: str) -> None:
        self._reactor = reactor
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._done: deque[tuple[Deferred[Any], Any]] = deque()
        self._is_told = False  # will the reactor fetch what is done?
        self._has_started = False
        self._running = 0  # threads
        self._under_way = 0  # work that was not handed over yet
        self._threads = [Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(threads)]

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        done: Deferred[T] = Deferred()
        self._tasks.put((done, work))
        self._under_way += 1
        if self._has_started:
            self._man()
        return done

    def start(self) -> None:
        """Take work from now on."""
        self._has_started = True
        self._man()

    def _man(self) -> None:
        while self._running < min(self._under_way, len(self._threads)):
            self._threads[self._running].start()
            self._running += 1

    def stop(self) -> None:
        """Finish what there is, then end the threads. Blocks."""
        running = self._threads[: self._running]
        for _ in running:
            self._tasks.put(None)
        for thread in running:
            thread.join()

    # In a thread.

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            done, work = task
            try:
                result = work()
            except BaseException:  # noqa: BLE001 (it goes to who waits, whatever it is)
                result = Failure()
            self._done.append((done, result))
            if not self._is_told:
                self._is_told = True
                self._reactor.callFromThread(self._hand_over)

    # In the reactor.

    def _hand_over(self) -> None:
        self._is_told = False  # first: what comes from now on may be too late for the loop
        while self._done:
            done, result = self._done.popleft()
            self._under_way -= 1
            done.callback(result)
