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


def test_threads_are_started_when_there_is_work_for_them() -> None:
    reactor = Reactor()
    workers = Workers(reactor, 3, "lazy")
    names: SimpleQueue[str] = SimpleQueue()
    go_on = threading.Event()

    def work() -> None:
        names.put(threading.current_thread().name)
        go_on.wait(10)

    def running() -> int:
        return sum(thread.name.startswith("lazy-") for thread in threading.enumerate())

    workers.start()
    assert running() == 0
    for _ in range(5):
        workers(work)
    assert {names.get(timeout=10) for _ in range(3)} == {"lazy-0", "lazy-1", "lazy-2"}
    go_on.set()
    workers.stop()
    assert names.qsize() == 2  # what was there is finished
    assert running() == 0


def test_one_piece_of_work_after_the_other_wants_one_thread() -> None:
    reactor = Reactor()
    workers = Workers(reactor, 3, "one")
    workers.start()
    done: list[object] = []
    for _ in range(3):
        waiting = workers(threading.get_ident)
        assert isinstance(waiting, Deferred)
        waiting.addCallback(done.append)
        reactor.turn()
    workers.stop()
    assert len(done) == 3
    assert len(set(done)) == 1
