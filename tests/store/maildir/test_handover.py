from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailgate.failures import StoreError
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.handover import SharedDescriptor, hand_over, in_the_background
from tests.store.support import Later, at_once, cancel
from tests.support import result_of, started


def test_what_is_made_is_handed_over() -> None:
    given_up: list[str] = []
    assert result_of(hand_over(at_once, lambda: "made", given_up.append)) == "made"
    assert given_up == []


def test_what_goes_wrong_is_raised() -> None:
    def make() -> str:
        raise StoreError("no")

    given_up: list[str] = []
    with pytest.raises(StoreError):
        result_of(hand_over(at_once, make, given_up.append))
    assert given_up == []


def test_cancelled_while_the_thread_is_at_it() -> None:
    later, given_up = Later(), list[str]()

    def make() -> str:
        cancel(waiting)
        return "made"

    waiting = started(hand_over(later, make, given_up.append))
    later.run()
    assert given_up == ["made"]


def test_cancelled_after_the_thread_is_done_and_before_the_reactor_hears_of_it() -> None:
    later, given_up = Later(), list[str]()
    waiting = started(hand_over(later, lambda: "made", given_up.append))
    later.run()
    cancel(waiting)
    assert given_up == []
    later.run_and_tell()
    assert given_up == ["made"]


def test_cancelled_before_a_thread_is_free() -> None:
    later, made, given_up = Later(), list[None](), list[None]()
    waiting = started(hand_over(later, lambda: made.append(None), given_up.append))
    cancel(waiting)
    later.run_and_tell()
    assert made == given_up == []


def test_an_offload_that_is_closed_does_not_raise_in_the_background() -> None:
    def closed(work: object, /) -> None:
        raise RuntimeError("stopped")

    done: list[str] = []
    in_the_background(closed, lambda: None, lambda: done.append("closed"))  # type: ignore[arg-type]
    in_the_background(at_once, lambda: done.append("worked"), lambda: done.append("then"))
    assert done == ["closed", "worked", "then"]


def test_a_descriptor_lives_as_long_as_it_is_used(tmp_path: Path) -> None:
    told: list[str] = []
    number = os.open(tmp_path, DIRECTORY)
    shared = SharedDescriptor(Disk(), number, lambda: told.append("closed"))
    with shared.use() as used:
        shared.close()
        shared.close()
        assert used == number and told == []
        os.fstat(number)
        with pytest.raises(StoreError), shared.use():
            pass
    assert told == ["closed"]
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(number)
    shared.close()
    assert told == ["closed"]
