from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.store.maildir import uid_owners
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.uid_owners import NAME, Owner, add, compose, note_removed, parse, read
from tests.store.support import FaultyDisk, fault, files_below, open_descriptors
from tests.support import logged

ONE, OTHER = Owner("1" * 64), Owner("2" * 64, 3)
_UIDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=70)
_OWNERS = st.builds(Owner, st.text("0123456789abcdef", min_size=64, max_size=64), st.integers(0, 1 << 40))


@pytest.fixture
def maildrop(tmp_path: Path) -> Iterator[int]:
    before = open_descriptors()
    with Disk().opened(str(tmp_path), DIRECTORY) as descriptor:
        yield descriptor
    assert open_descriptors() == before


@given(st.dictionaries(_UIDS, _OWNERS))
def test_what_is_written_can_be_read(owners: dict[str, Owner]) -> None:
    assert parse(compose(owners)) == owners


@given(st.binary())
def test_anything_else_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(ValueError):
        parse(content)


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b'{"version": 2, "uids": {}}',
        b'{"version": 1}',
        b'{"version": 1, "uids": []}',
        b'{"version": 1, "uids": {"a": "1"}}',
        b'{"version": 1, "uids": {"a": ["1", 0]}}',
        b'{"version": 1, "uids": {"a": ["%b", -1]}}' % (b"1" * 64),
        b'{"version": 1, "uids": {"a": ["%b", 1.5]}}' % (b"1" * 64),
        b"[" * 100_000,
    ],
)
def test_what_makes_no_sense_counts_as_empty_is_told_and_replaced(
    tmp_path: Path, maildrop: int, content: bytes
) -> None:
    (tmp_path / NAME).write_bytes(content)
    with logged() as events:
        assert read(Disk(), maildrop) == {}
        assert add(Disk(), maildrop, {"a": ONE})
    assert [event["log_namespace"] for event in events] == ["mailgate.store"] * 2
    assert read(Disk(), maildrop) == {"a": ONE}


def test_one_that_is_too_large_is_not_read(tmp_path: Path, maildrop: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).write_bytes(compose({"a": ONE}))
    monkeypatch.setattr(uid_owners, "MAX_OCTETS", 10)
    with logged() as events:
        assert read(Disk(), maildrop) == {}
    assert "too large" in events[0]["reason"]


def test_what_is_written_stays(tmp_path: Path, maildrop: int) -> None:
    assert read(Disk(), maildrop) == {}
    add(Disk(), maildrop, {"a": ONE})
    add(Disk(), maildrop, {"a": OTHER, "b": OTHER})
    assert read(Disk(), maildrop) == {"a": ONE, "b": OTHER}
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600 and os.listdir(tmp_path / "tmp") == []


def test_copies_that_are_removed_are_counted(tmp_path: Path, maildrop: int) -> None:
    note_removed(Disk(), maildrop, ["a"])
    assert files_below(str(tmp_path)) == []
    add(Disk(), maildrop, {"a": ONE, "b": OTHER})
    note_removed(Disk(), maildrop, ["b", "c"])
    assert read(Disk(), maildrop) == {"a": ONE, "b": Owner("2" * 64, 4)}


def test_what_a_killed_one_left_behind_is_in_nobodys_way(tmp_path: Path, maildrop: int) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / NAME).write_bytes(b"{")
    assert add(Disk(), maildrop, {"a": ONE}) and read(Disk(), maildrop) == {"a": ONE}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_whichever_call_fails_nothing_is_raised_and_the_log_says_so(tmp_path: Path, maildrop: int, number: int) -> None:
    add(Disk(), maildrop, {"a": ONE})
    rehearsal = FaultyDisk()
    note_removed(rehearsal.disk, maildrop, ["a"])
    for at, call in enumerate(rehearsal.calls):
        for work in (lambda disk: add(disk, maildrop, {"b": OTHER}), lambda disk: note_removed(disk, maildrop, ["a"])):
            (tmp_path / NAME).write_bytes(compose({"a": ONE}))
            faulty = FaultyDisk()
            faulty.faults[at] = fault(number)
            with logged() as events:
                done = work(faulty.disk)
            assert bool(events) == (call != "close")
            assert done in (None, call == "close")
            assert "a" in read(Disk(), maildrop) and os.listdir(tmp_path / "tmp") == []
