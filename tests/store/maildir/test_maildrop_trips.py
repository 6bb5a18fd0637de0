from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from mailgate.failures import Gone
from mailgate.store.maildir.store import MaildirStore
from tests.store.support import (
    ALICE,
    NODE,
    FaultyDisk,
    Later,
    at_once,
    content_of,
    deliver,
    listed,
    message,
    open_descriptors,
)
from tests.support import result_of, started

T = TypeVar("T")


class _Hops:
    """An offload that counts."""

    def __init__(self) -> None:
        self.made = 0

    async def __call__(self, work: Callable[[], T], /) -> T:
        self.made += 1
        return work()


def test_a_poll_costs_one_trip_and_eleven_calls(tmp_path: Path, faulty: FaultyDisk, home: Path) -> None:
    hops = _Hops()
    store = MaildirStore(str(tmp_path), NODE, hops, disk=faulty.disk)
    result_of(deliver(store, message(), ALICE))
    for folder in ("new", "cur"):
        os.utime(home / folder, (1, 1))
    for _ in range(2):
        hops.made = 0
        faulty.calls.clear()
        maildrop = result_of(store.open(ALICE))
        assert len(listed(maildrop)) == 1
        maildrop.release()
    assert hops.made == 1
    assert sorted(faulty.calls) == sorted(["open", "close"] * 3 + ["fstat", "flock"] + ["stat"] * 3)


def test_the_first_snapshot_is_that_of_the_opening(tmp_path: Path) -> None:
    store = MaildirStore(str(tmp_path), NODE, at_once)
    maildrop = result_of(store.open(ALICE))
    result_of(deliver(store, message(), ALICE))
    assert [len(listed(maildrop)) for _ in range(2)] == [0, 1]
    maildrop.release()


def test_messages_in_order_cost_few_trips(tmp_path: Path) -> None:
    hops = _Hops()
    store = MaildirStore(str(tmp_path), NODE, hops)
    sent = [b"%d\n" % number * 1000 for number in range(60)]
    for content in sent:
        result_of(deliver(store, message(content), ALICE))
    maildrop, before = result_of(store.open(ALICE)), open_descriptors()
    entries = listed(maildrop)
    hops.made = 0
    for entry, content in zip(entries, sent, strict=True):
        assert result_of(content_of(result_of(maildrop.read(entry)))).endswith(content)
    assert hops.made < 8
    assert open_descriptors() == before
    maildrop.release()


def test_what_was_read_ahead_is_old_content_or_gone_and_never_anothers(maildrop: Any, home: Path) -> None:
    first, second, third = listed(maildrop)
    assert result_of(content_of(result_of(maildrop.read(first)))).endswith(b"0\n")
    os.rename(home / third.key, home / second.key)  # another program, out of its mind
    assert result_of(content_of(result_of(maildrop.read(second)))).endswith(b"1\n")
    result_of(maildrop.remove([first]))  # what was read ahead is dropped
    with pytest.raises(Gone):
        result_of(maildrop.read(third))


def test_a_session_that_ended_keeps_nothing_on_the_shelf(tmp_path: Path) -> None:
    later, means = Later(), []

    class Store(MaildirStore):
        def __init__(self) -> None:
            super().__init__(str(tmp_path), NODE, later)
            means.append(self._means)

    for number in range(3):
        result_of(deliver(MaildirStore(str(tmp_path), NODE, at_once), message(b"%d\n" % number), ALICE))
    for in_the_middle in (False, True):
        opening = started(Store().open(ALICE))
        later.run_and_tell()
        maildrop = result_of(opening)
        first, _, _ = listed(maildrop)
        reading = started(maildrop.read(first))
        told = later.run()
        if in_the_middle:
            maildrop.release()
        for tell in told:
            tell()
        assert result_of(content_of(result_of(reading))).endswith(b"0\n")
        assert (means[-1].shelf.octets > 0) == (not in_the_middle)
        maildrop.release()
        assert means[-1].shelf.octets == 0
