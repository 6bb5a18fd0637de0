"""Threads for what blocks: a pool each for the disk and for password hashing, so that neither waits for the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

T = TypeVar("T")

DISK_THREADS: Final = 8
COMMIT_THREADS: Final = 1  # one batch at a time: while it syncs, the next one gathers
HASHING_THREADS: Final = 2  # more would only make the reactor wait for a processor


class Workers:
    """One pool of threads. Calling it runs work there; it is an `interfaces.Offload`."""

    def __init__(self, reactor: Any, threads: int, name: str) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(minthreads=0, maxthreads=threads, name=name)

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        return deferToThreadPool(self._reactor, self._pool, work)

    def start(self) -> None:
        """Take work from now on."""
        self._pool.start()

    def stop(self) -> None:
        """Finish what there is, then end the threads. Blocks."""
        self._pool.stop()
