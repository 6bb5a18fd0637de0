from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from mailgate.failures import InUse, NotRemoved, StoreError
from mailgate.rules import NO_RULES, Retention, Rules
from mailgate.store.maildir import fetch_log, trash
from mailgate.store.maildir.store import MaildirStore
from tests.store.support import (
    ALICE,
    NODE,
    FaultyDisk,
    Later,
    at_once,
    content_of,
    deliver,
    fault,
    listed,
    message,
    open_descriptors,
)
from tests.support import logged, result_of, started

T = TypeVar("T")


FETCHED = Rules(retention=Retention(fetched_days=1))


def _opened(store: MaildirStore, rules: Rules = NO_RULES) -> Any:
    return result_of(store.open(ALICE, rules))


def test_what_was_fetched_is_remembered_by_the_next_session(tmp_path: Path, faulty: FaultyDisk) -> None:
    store = MaildirStore(str(tmp_path), NODE, at_once)
    for _ in range(2):
        result_of(deliver(store, message(), ALICE))
    session = _opened(store)
    first, second = listed(session)
    session.fetched(first, 1_700_000_001)
    result_of(session.remember())
    session.release()
    later = _opened(MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk), FETCHED)
    faulty.calls.clear()
    assert (later.first_fetch(first), later.first_fetch(second)) == (1_700_000_001, None)
    assert faulty.calls == []  # it was read when the maildrop was opened
    result_of(later.remember())
    later.release()
    assert faulty.calls == ["close"]
    unruled = _opened(store)
    assert unruled.first_fetch(first) == 1_700_000_001
    unruled.release()


def test_what_is_fetched_and_removed_is_not_written_down(maildrop: Any, faulty: FaultyDisk, home: Path) -> None:
    entries = listed(maildrop)
    for entry in entries:
        maildrop.fetched(entry, 1)
    result_of(maildrop.remove(entries))
    faulty.calls.clear()
    result_of(maildrop.remember())
    maildrop.release()
    assert faulty.calls == ["close"] and not (home / fetch_log.NAME).exists()


def test_what_could_not_be_removed_is(maildrop: Any, faulty: FaultyDisk, home: Path) -> None:
    first, second, _ = listed(maildrop)
    maildrop.fetched(first, 1)
    maildrop.fetched(second, 2)
    faulty.calls.clear()
    faulty.faults[3] = fault(errno.EIO)  # after two looks at the lock, and the folder's opening
    with pytest.raises(NotRemoved) as caught:
        result_of(maildrop.remove([first, second]))
    assert caught.value.entries == (first,)
    result_of(maildrop.remember())
    maildrop.release()
    assert fetch_log.parse((home / fetch_log.NAME).read_bytes()) == {first.uid: 1}


def test_who_releases_without_it_has_it_written_and_the_lock_goes_then(tmp_path: Path, home: Path) -> None:
    store, later, before = MaildirStore(str(tmp_path), NODE, at_once), Later(), open_descriptors()
    result_of(deliver(store, message(), ALICE))
    opening = started(MaildirStore(str(tmp_path), NODE, later).open(ALICE))
    later.run_and_tell()
    session: Any = result_of(opening)
    (entry,) = listed(session)
    session.fetched(entry, 1)
    session.release()
    session.release()
    with pytest.raises(InUse):
        _opened(store)
    with pytest.raises(StoreError, match="closed"):
        result_of(session.read(entry))
    result_of(session.remember())
    later.run_and_tell()
    assert fetch_log.parse((home / fetch_log.NAME).read_bytes()) == {entry.uid: 1}
    assert open_descriptors() == before
    result_of(store.open(ALICE)).release()


def test_an_offload_that_is_closed_does_not_keep_the_lock(tmp_path: Path) -> None:
    stopped = False

    async def offload(work: Callable[[], T], /) -> T:
        if stopped:
            raise RuntimeError("stopped")
        return work()

    store = MaildirStore(str(tmp_path), NODE, at_once)
    result_of(deliver(store, message(), ALICE))
    session = _opened(MaildirStore(str(tmp_path), NODE, offload))
    session.fetched(listed(session)[0], 1)
    stopped = True
    session.release()
    result_of(store.open(ALICE)).release()


def test_where_it_cannot_be_written_the_session_goes_on(maildrop: Any, faulty: FaultyDisk) -> None:
    (entry, *_) = listed(maildrop)
    maildrop.fetched(entry, 1)
    faulty.always = {"write": fault(errno.ENOSPC)}
    with logged() as events:
        result_of(maildrop.remember())
    assert "disk is full" in events[0]["reason"] and len(events) == 1
    assert maildrop.first_fetch(entry) == 1
    assert result_of(content_of(result_of(maildrop.read(entry))))
    maildrop.release()
    assert len(events) == 1


def test_the_trash_has_what_was_removed_and_when(tmp_path: Path, home: Path) -> None:
    store = MaildirStore(str(tmp_path), NODE, at_once, clock=lambda: 1_700_000_000.9)
    result_of(deliver(store, message(), ALICE))
    session = _opened(store)
    (entry,) = listed(session)
    result_of(session.remove([entry], to_trash=True))
    session.release()
    (name,) = os.listdir(home / trash.NAME)
    assert trash.parse(name) == (1_700_000_000, entry.key.removeprefix("new/"))
