"""A gateway in the foreground; that it serves is shown by the processes of tests/testing."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from mailgate import foreground
from mailgate.foreground import GARBAGE, on_signal, settle


class Reactor:
    """Does at once what threads and signals ask for."""

    stopped = 0

    def callFromThread(self, act: Callable[[], None]) -> None:
        act()

    def stop(self) -> None:
        self.stopped += 1


def test_a_signal_is_for_the_reactor_for_a_time() -> None:
    before = signal.getsignal(signal.SIGTERM)
    called: list[str] = []
    with on_signal(Reactor(), lambda: called.append("cut")):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert called == ["cut", "cut"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_is_there_is_not_searched_for_garbage_again() -> None:
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    try:
        settle()
        assert gc.get_threshold()[0] == GARBAGE and gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def test_the_end_of_the_input_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Any] = [b"something", b"more", b""]
    monkeypatch.setattr(os, "read", lambda *_: said.pop(0))
    monkeypatch.setattr(os, "set_blocking", lambda *_: None)
    reactor = Reactor()
    foreground._await_end_of_input(reactor)
    assert not said and reactor.stopped == 1


@pytest.mark.parametrize("name", ["read", "set_blocking"])
def test_an_input_that_cannot_be_read_has_come_to_its_end(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "set_blocking", lambda *_: None)
    monkeypatch.setattr(os, name, fail)
    reactor = Reactor()
    foreground._await_end_of_input(reactor)
    assert reactor.stopped == 1
