from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.store.maildir import fetch_log
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.fetch_log import NAME, FetchLog, compose, parse, read, write
from mailgate.store.maildir.handover import SharedDescriptor
from tests.store.support import FaultyDisk, fault, files_below, open_descriptors
from tests.support import logged

AT = 1_700_000_000
_UIDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=70)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    return tmp_path


@pytest.fixture
def held(root: Path) -> Iterator[SharedDescriptor]:
    before = open_descriptors()
    held = SharedDescriptor(Disk(), os.open(root, DIRECTORY))
    yield held
    held.close()
    assert open_descriptors() == before


def _log(held: SharedDescriptor, disk: Disk | None = None) -> FetchLog:
    with held.use() as maildrop:
        path = os.readlink(f"/proc/self/fd/{maildrop}")
    return FetchLog(disk or Disk(), held, path)


@given(st.dictionaries(_UIDS, st.integers(0, 10**11 - 1)))
def test_what_is_written_can_be_read(times: dict[str, int]) -> None:
    assert parse(compose(times)) == times


@given(st.binary())
def test_anything_else_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(ValueError):
        parse(content)


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b'{"first_fetch": {}}',
        b'{"version": 2, "first_fetch": {}}',
        b'{"version": 1}',
        b'{"version": 1, "first_fetch": []}',
        b'{"version": 1, "first_fetch": {"a": "1"}}',
        b'{"version": 1, "first_fetch": {"a": true}}',
        b'{"version": 1, "first_fetch": {"a": 1.5}}',
        b'{"version": 1, "first_fetch": {"a": -1}}',
        b'{"version": 1, "first_fetch": {"a": 100000000000}}',
        b'{"version": 1, "first_fetch": {"a": 1',
        b"[" * 100_000,
    ],
)
def test_what_makes_no_sense_counts_as_empty_is_told_and_replaced(
    root: Path, held: SharedDescriptor, content: bytes
) -> None:
    (root / NAME).write_bytes(content)
    log = _log(held)
    with logged() as events:
        assert log.first("a") is None
        log.note("a", AT)
        log.write(["a"])
        assert log.first("a") == AT
    (event,) = events
    assert (event["path"], event["log_namespace"]) == (str(root), "mailgate.store")
    assert "cannot make sense of it" in event["reason"]
    assert _log(held).first("a") == AT


def test_the_form_of_the_file(root: Path, held: SharedDescriptor) -> None:
    log = _log(held)
    log.note("a", AT)
    log.write(["a"])
    assert json.loads((root / NAME).read_bytes()) == {"version": 1, "first_fetch": {"a": AT}}
    assert (root / NAME).stat().st_mode & 0o777 == 0o600
    assert files_below(str(root)) == [NAME]


def test_only_the_first_time_counts(root: Path, held: SharedDescriptor) -> None:
    log = _log(held)
    log.note("a", AT)
    log.note("a", AT + 1)
    assert log.first("a") == AT
    log.write(["a"])
    later = _log(held)
    later.note("a", AT + 2)
    assert later.first("a") == AT
    faulty = FaultyDisk()
    again = _log(held, faulty.disk)
    again.note("a", AT + 3)
    assert again.has_news
    again.write(["a"])
    assert not again.has_news and "replace" not in faulty.calls  # nothing is new
    assert _log(held).first("a") == AT


def test_who_never_asks_pays_nothing(held: SharedDescriptor) -> None:
    faulty = FaultyDisk()
    log = _log(held, faulty.disk)
    log.note("a", AT)
    log.forget(["a"])
    assert not log.has_news
    assert faulty.calls == []


def test_what_is_there_no_more_is_forgotten(root: Path, held: SharedDescriptor) -> None:
    write_all = {"kept": AT, "gone": AT + 1, "removed": AT + 2}
    with held.use() as maildrop:
        write(Disk(), maildrop, write_all)
    log = _log(held)
    log.recall()
    log.note("new", AT + 3)
    log.forget(["removed"])
    log.write(["kept", "removed", "new"])
    with held.use() as maildrop:
        assert read(Disk(), maildrop) == {"kept": AT, "new": AT + 3}


def test_what_is_noted_while_the_disk_works_is_not_lost(held: SharedDescriptor) -> None:
    def replace(*names: str, **keywords: Any) -> None:
        if not late:
            late.append(AT + 1)
            log.note("b", AT + 1)
        os.replace(*names, **keywords)

    late: list[int] = []
    log = _log(held, FaultyDisk(replace=replace).disk)
    log.note("a", AT)
    log.write(["a", "b"])
    assert log.has_news and log.first("b") == AT + 1
    log.write(["a", "b"])
    assert not log.has_news and _log(held).first("b") == AT + 1


def test_it_is_bounded(root: Path, held: SharedDescriptor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_log, "MAX_ENTRIES", 2)
    log = _log(held)
    for uid, seconds in (("late", AT + 5), ("early", AT), ("middle", AT + 1)):
        log.note(uid, seconds)
    log.write([])
    with held.use() as maildrop:
        assert read(Disk(), maildrop) == {"early": AT, "middle": AT + 1}
    monkeypatch.setattr(fetch_log, "MAX_OCTETS", 10)
    with logged() as events:
        assert _log(held).first("early") is None
    assert "too large" in events[0]["reason"]


def test_so_many_entries_fit() -> None:
    none, one, two = (len(compose(dict.fromkeys(('"' * 70, "\\" * 70)[:n], 10**11 - 1))) for n in range(3))
    assert none + max(one - none, two - one) * fetch_log.MAX_ENTRIES <= fetch_log.MAX_OCTETS


def test_no_link_is_followed(root: Path, held: SharedDescriptor) -> None:
    (root / "elsewhere").write_bytes(compose({"a": AT}))
    (root / NAME).symlink_to("elsewhere")
    (root / "tmp" / NAME).symlink_to("../elsewhere")
    with logged() as events:
        assert _log(held).first("a") is None
        with held.use() as maildrop:
            write(Disk(), maildrop, {"b": AT})
    assert "symbolic link" in events[0]["reason"]
    assert (root / "elsewhere").read_bytes() == compose({"a": AT})
    assert not (root / NAME).is_symlink() and _log(held).first("b") == AT


def test_what_is_no_file_counts_as_none(root: Path, held: SharedDescriptor) -> None:
    os.mkfifo(root / NAME)
    with logged() as events:
        assert _log(held).first("a") is None
    assert events == []


def test_a_missing_tmp_is_made_again(root: Path, held: SharedDescriptor) -> None:
    (root / "tmp").rmdir()
    log = _log(held)
    log.note("a", AT)
    log.write(["a"])
    assert _log(held).first("a") == AT


def test_what_a_killed_one_left_behind_is_in_nobodys_way(root: Path, held: SharedDescriptor) -> None:
    (root / "tmp" / NAME).write_bytes(b"half a f")
    log = _log(held)
    log.note("a", AT)
    log.write(["a"])
    assert _log(held).first("a") == AT and os.listdir(root / "tmp") == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE])
def test_whichever_call_fails_nothing_is_raised_and_the_log_says_so(
    root: Path, held: SharedDescriptor, number: int
) -> None:
    with held.use() as maildrop:
        write(Disk(), maildrop, {"old": AT})

    def session(faulty: FaultyDisk) -> FetchLog:
        log = _log(held, faulty.disk)
        log.note("new", AT + 1)
        log.write(["old", "new"])
        return log

    rehearsal = FaultyDisk()
    session(rehearsal)
    assert rehearsal.calls.count("write") == rehearsal.calls.count("replace") == 1
    for at, call in enumerate(rehearsal.calls):
        with held.use() as maildrop:
            write(Disk(), maildrop, {"old": AT})
        faulty, before = FaultyDisk(), open_descriptors()
        faulty.faults[at] = fault(number)
        with logged() as events:
            log = session(faulty)
        assert open_descriptors() == before
        with held.use() as maildrop:
            there = read(Disk(), maildrop)
        assert there in ({"old": AT}, {"old": AT, "new": AT + 1})  # as it was or as it should be, never less
        told = [event["reason"] for event in events]
        assert len(told) == (there == {"old": AT}), (call, told)
        assert not log.has_news and os.listdir(root / "tmp") == []


def test_after_the_end_it_does_nothing(root: Path, held: SharedDescriptor) -> None:
    log, other = _log(held), _log(held)
    log.recall()
    held.close()
    with logged() as events:
        for late in (log, other):
            late.note("a", AT)
            late.write(["a"])
    assert [event["reason"] for event in events] == ["it has been closed"] * 3
    assert files_below(str(root)) == []


def test_nothing_is_written_where_another_maildrop_took_its_place(root: Path, held: SharedDescriptor) -> None:
    log = _log(held)
    log.note("a", AT)
    os.rename(root, root.parent / "old")
    (root / "tmp").mkdir(parents=True)
    with logged() as events:
        log.write(["a"])
    (event,) = events
    assert "another directory in the place" in event["reason"] and not log.has_news
    assert files_below(str(root)) == files_below(str(root.parent / "old")) == []
