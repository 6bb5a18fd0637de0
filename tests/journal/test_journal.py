"""The journal takes note at once, writes behind everybody's back, and never more than it can."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from mailgate import facts
from mailgate.facts import Fact
from mailgate.interfaces import IFactReader
from mailgate.journal import journal as journal_module
from mailgate.journal.files import Files
from mailgate.journal.journal import Journal
from mailgate.journal.writer import Writer
from tests.journal.support import NOW, accepted, content, names
from tests.support import logged


@pytest.fixture(autouse=True)
def never_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only haste ends a batch: a test that waits for the clock would hang, and be found."""
    monkeypatch.setattr(journal_module, "GATHER_SECONDS", 3600.0)


def journal_in(directory: Path, keep_days: int = 30, queue_facts: int = 100) -> Journal:
    return Journal(str(directory), 1 << 20, keep_days, lambda: NOW, queue_facts)


def test_what_was_read_is_written(tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "journal")
    verifyObject(IFactReader, journal)
    journal.read(accepted("m1"))  # before it starts
    journal.read(facts.Secured(session="s", tls="X"))  # no life of a message
    journal.start()
    journal.start()
    journal.read(accepted("m2"))
    assert journal.flush()
    assert content(tmp_path / "journal").count(b"\n") == 2
    assert (journal.written, journal.lost, journal.dropped) == (2, 0, 0)
    journal.read(accepted("m3"))
    journal.stop()
    journal.stop()
    assert content(tmp_path / "journal").count(b"\n") == 3
    assert journal.flush()  # nothing to wait for


def test_it_can_be_started_again(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    for number in range(1, 3):
        journal.start()
        journal.read(accepted(f"m{number}"))
        journal.stop()
        assert content(tmp_path).count(b"\n") == number


def test_flushed_from_several_threads(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, queue_facts=10_000)
    journal.start()
    seen: list[int] = []

    def flush() -> None:
        assert journal.flush()
        seen.append(content(tmp_path).count(b"\n"))

    for number in range(500):
        journal.read(accepted(f"m{number}"))
    threads = [threading.Thread(target=flush) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.stop()
    assert seen == [500] * 8


def test_what_there_is_no_room_for_is_dropped_counted_and_told_once(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, queue_facts=2)
    with logged() as events:
        for number in range(5):
            journal.read(accepted(f"m{number}"))
    assert journal.dropped == 3 and len(events) == 1
    journal.start()
    assert journal.flush()
    journal.read(accepted("m9"))  # there is room again
    journal.stop()
    assert content(tmp_path).count(b"\n") == 3


def test_whatever_goes_wrong_costs_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_in(tmp_path)
    real = Writer.write

    def broken(self: Writer, batch: list[Fact]) -> None:
        if batch:
            monkeypatch.setattr(Writer, "write", real)
            raise RuntimeError("a bug")

    monkeypatch.setattr(Writer, "write", broken)
    journal.start()
    with logged() as events:
        journal.read(accepted("m1"))
        assert journal.flush()
        assert [event["lines"] for event in events] == [1]
    journal.read(accepted("m2"))
    journal.stop()
    assert content(tmp_path).count(b"\n") == 1


def test_a_disk_that_is_stuck_holds_nobody_up_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_in(tmp_path)
    stuck = threading.Event()
    monkeypatch.setattr(Writer, "write", lambda self, batch: stuck.wait())
    journal.start()
    journal.read(accepted("m1"))
    assert not journal.flush(0.0)
    stuck.set()
    journal.stop()


def test_none_is_kept(tmp_path: Path) -> None:
    Files(str(tmp_path), 1 << 20, 30).append(b"old\n", NOW)
    journal = journal_in(tmp_path, keep_days=0)
    assert not journal.is_kept
    journal.start()
    journal.read(accepted("m1"))
    assert journal.flush()
    journal.stop()
    assert names(tmp_path) == []


def test_what_is_too_old_goes_where_no_mail_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tidied = threading.Semaphore(0)
    monkeypatch.setattr(journal_module, "TIDY_SECONDS", 0.0)
    monkeypatch.setattr(Writer, "tidy", lambda self: tidied.release())
    journal = journal_in(tmp_path)
    journal.start()
    for _ in range(3):  # at the start, and then again and again
        assert tidied.acquire(timeout=10)
    journal.stop()
