"""A pool of threads as an `Offload`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from mailgate.service.workers import Workers


class Reactor:
    """Runs what threads hand over when it is told to."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()

    def callFromThread(self, call: Callable[..., object], *arguments: object) -> None:
        self._calls.put(lambda: call(*arguments))

    def turn(self) -> None:
        self._calls.get(timeout=10)()


def test_work_runs_in_a_thread_and_its_end_comes_to_the_reactor() -> None:
    reactor = Reactor()
    workers = Workers(reactor, 1, "test")
    workers.start()
    results: list[object] = []
    for work in (threading.get_ident, lambda: 1 // 0):
        done = workers(work)
        assert isinstance(done, Deferred)
        done.addBoth(results.append)
        reactor.turn()
    workers.stop()
    assert results[0] != threading.get_ident()
    assert isinstance(results[1], Failure) and isinstance(results[1].value, ZeroDivisionError)
