"""Small files of our own: whole or not at all, bounded, and durable where that was asked for."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgate.store.maildir import records
from mailgate.store.maildir.disk import Disk
from tests.store.support import FaultyDisk, fault


@pytest.fixture
def maildrop(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_what_was_written_is_read(maildrop: int) -> None:
    assert records.read(Disk(), maildrop, "x", 10) is None
    for content in (b"one", b"", b"0123456789"):
        records.replace(Disk(), maildrop, "x", content, durable=False)
        assert records.read(Disk(), maildrop, "x", 10) == content


def test_a_file_that_is_too_large_is_not_read(maildrop: int) -> None:
    records.replace(Disk(), maildrop, "x", b"0123456789", durable=True)
    with pytest.raises(ValueError, match="too large"):
        records.read(Disk(), maildrop, "x", 9)


@pytest.mark.parametrize(("durable", "syncs"), [(True, 2), (False, 0)])
def test_file_and_name_are_synced_where_that_was_asked_for(maildrop: int, durable: bool, syncs: int) -> None:
    faulty = FaultyDisk()
    records.replace(Disk(), maildrop, "x", b"", durable=False)  # `tmp` is there now
    records.replace(faulty.disk, maildrop, "x", b"y", durable=durable)
    assert faulty.calls.count("fsync") == syncs


@pytest.mark.parametrize("durable", [True, False])
def test_whichever_call_fails_the_old_one_stays_or_the_new_one_is_there(
    tmp_path: Path, maildrop: int, durable: bool
) -> None:
    records.replace(Disk(), maildrop, "x", b"old", durable=False)
    rehearsal = FaultyDisk()
    records.replace(rehearsal.disk, maildrop, "x", b"old", durable=durable)
    for at in range(len(rehearsal.calls)):
        records.replace(Disk(), maildrop, "x", b"old", durable=False)
        faulty = FaultyDisk()
        faulty.faults[at] = fault(errno.EIO)
        try:
            records.replace(faulty.disk, maildrop, "x", b"new", durable=durable)
            expected = [b"new"]
        except OSError:
            expected = [b"old", b"new"]
        assert records.read(Disk(), maildrop, "x", 10) in expected
        assert os.listdir(tmp_path / "tmp") == []
