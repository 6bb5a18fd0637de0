from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.syncing import BATCHES_REMEMBERED, REST_SECONDS, Syncing, Way
from tests.store.support import FaultyDisk, fault, open_descriptors
from tests.support import logged

EXT4 = 0xEF53


class Timer:
    """Seconds that pass when a sync takes some."""

    def __init__(self) -> None:
        self.now = 0.0
        self.a_sync_takes = 0.001

    def __call__(self) -> float:
        return self.now

    def syncfs(self, _: int) -> None:
        self.now += self.a_sync_takes


@pytest.fixture
def timer() -> Timer:
    return Timer()


def _faulty(timer: Timer, kind: int = EXT4) -> FaultyDisk:
    return FaultyDisk(syncfs=timer.syncfs, file_system=lambda _: kind)


def _syncing(root: Path, disk: Disk, timer: Timer, **others: Any) -> Syncing:
    return Syncing(str(root), disk, timer=timer, **{"kernel": "6.1.0-x"} | others)


def _batch(syncing: Syncing, files: int = 2) -> bool:
    """Was it synced at once?"""
    with syncing.begun(files) as file_system:
        if file_system is not None:
            file_system.sync()
        return file_system is not None


@pytest.mark.parametrize(
    ("kind", "kernel", "way", "at_once", "why"),
    [
        (EXT4, "5.8.0", "auto", True, "syncfs"),
        (0x58465342, "6.18.44-fc-v669", "auto", True, "syncfs"),
        (0x9123683E, "5.10", "auto", True, "syncfs"),
        (0x01021994, "6.1", "auto", False, "0x1021994"),
        (EXT4, "5.7.19", "auto", False, "does not report errors"),
        (EXT4, "odd", "auto", False, "does not report errors"),
        (0x01021994, "4.4", "syncfs", True, "syncfs"),
    ],
)
def test_which_way(tmp_path: Path, timer: Timer, kind: int, kernel: str, way: Way, at_once: bool, why: str) -> None:
    before = open_descriptors()
    syncing = _syncing(tmp_path, _faulty(timer, kind).disk, timer, way=way, kernel=kernel)
    with logged() as events:
        assert [_batch(syncing) for _ in range(2)] == [at_once] * 2
    (event,) = events  # told once
    assert why in event["way"] and event["root"] == str(tmp_path)
    assert open_descriptors() == before


def test_fsync_where_that_is_wanted(tmp_path: Path, timer: Timer) -> None:
    faulty = _faulty(timer)
    assert not _batch(_syncing(tmp_path, faulty.disk, timer, way="fsync"))
    assert faulty.calls == []


def test_a_single_file_gains_nothing(tmp_path: Path, timer: Timer) -> None:
    faulty = _faulty(timer)
    assert not _batch(_syncing(tmp_path, faulty.disk, timer), 1)
    assert faulty.calls == []


def test_the_device_is_that_of_the_root(tmp_path: Path, timer: Timer) -> None:
    with _syncing(tmp_path, _faulty(timer).disk, timer).begun(2) as file_system:
        assert file_system is not None and file_system.device == os.stat(tmp_path).st_dev


def test_a_root_that_is_not_there_yet(tmp_path: Path, timer: Timer) -> None:
    syncing = _syncing(tmp_path / "mail", _faulty(timer).disk, timer)
    assert not _batch(syncing)
    (tmp_path / "mail").mkdir()
    assert _batch(syncing)


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("open", errno.EACCES),
        ("fstat", errno.EIO),
        ("file_system", errno.EIO),
        ("syncfs", errno.ENOSYS),
        ("syncfs", errno.EPERM),
    ],
)
def test_what_cannot_be_found_out_means_fsync(tmp_path: Path, timer: Timer, call: str, number: int) -> None:
    faulty, before = _faulty(timer), open_descriptors()
    faulty.always = {call: fault(number)}
    assert not _batch(_syncing(tmp_path, faulty.disk, timer))
    assert open_descriptors() == before


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_an_error_from_before_our_first_write_is_not_ours(tmp_path: Path, timer: Timer, number: int) -> None:
    errors = iter([fault(number)])

    def syncfs(_: int) -> None:
        if error := next(errors, None):
            raise error

    disk = FaultyDisk(syncfs=syncfs, file_system=lambda _: EXT4).disk
    assert _batch(_syncing(tmp_path, disk, timer))


def test_while_others_dirty_the_disk_each_file_is_synced_by_itself(tmp_path: Path, timer: Timer) -> None:
    syncing = _syncing(tmp_path, _faulty(timer).disk, timer)
    timer.a_sync_takes = 0.021
    with logged() as events:
        assert all(_batch(syncing) for _ in range(BATCHES_REMEMBERED))
        assert not _batch(syncing)
    assert "21 ms" in events[-1]["why"]
    timer.now += REST_SECONDS - 0.001
    assert not _batch(syncing)
    timer.now += 0.002
    timer.a_sync_takes = 0.001
    assert all(_batch(syncing) for _ in range(3 * BATCHES_REMEMBERED))


def test_a_few_slow_ones_are_no_reason(tmp_path: Path, timer: Timer) -> None:
    syncing = _syncing(tmp_path, _faulty(timer).disk, timer)
    for number in range(4 * BATCHES_REMEMBERED):
        timer.a_sync_takes = 1.0 if number % 3 == 0 else 0.019
        assert _batch(syncing)


def test_patience_is_for_the_whole_batch_and_can_be_chosen(tmp_path: Path, timer: Timer) -> None:
    syncing = _syncing(tmp_path, _faulty(timer).disk, timer, patience_seconds=0.1)
    timer.a_sync_takes = 0.06
    for _ in range(BATCHES_REMEMBERED):
        with syncing.begun(2) as file_system:
            assert file_system is not None
            file_system.sync()
            file_system.sync()
    assert not _batch(syncing)


def test_who_wants_syncfs_has_it_however_slow(tmp_path: Path, timer: Timer) -> None:
    syncing = _syncing(tmp_path, _faulty(timer).disk, timer, way="syncfs")
    timer.a_sync_takes = 1.0
    assert all(_batch(syncing) for _ in range(2 * BATCHES_REMEMBERED))


def test_after_an_error_each_file_is_synced_by_itself_for_a_while(tmp_path: Path, timer: Timer) -> None:
    faulty, before = _faulty(timer), open_descriptors()
    syncing = _syncing(tmp_path, faulty.disk, timer)
    assert _batch(syncing)
    faulty.always = {"syncfs": fault(errno.EIO)}
    with logged() as events, pytest.raises(OSError, match="Input"):
        _batch(syncing)
    assert "Input" in events[-1]["why"]
    assert not _batch(syncing)
    faulty.always = {}
    timer.now += REST_SECONDS
    assert _batch(syncing)
    assert open_descriptors() == before


def test_whether_a_batch_would_be_synced_at_once_can_be_told(tmp_path: Path, timer: Timer) -> None:
    faulty = _faulty(timer)
    syncing = _syncing(tmp_path, faulty.disk, timer)
    assert not syncing.is_as_whole()  # nothing is known yet
    _batch(syncing)
    faulty.calls.clear()
    assert syncing.is_as_whole()
    assert faulty.calls == []  # it does not block
    faulty.always = {"syncfs": fault(errno.EIO)}
    with pytest.raises(OSError, match="Input"):
        _batch(syncing)
    assert not syncing.is_as_whole()  # it rests
    timer.now += REST_SECONDS
    assert syncing.is_as_whole()


@pytest.mark.parametrize(("kind", "way"), [(EXT4, "fsync"), (0x01021994, "auto")])
def test_where_each_file_is_synced_by_itself_that_is_told(tmp_path: Path, timer: Timer, kind: int, way: Way) -> None:
    syncing = _syncing(tmp_path, _faulty(timer, kind).disk, timer, way=way)
    assert not _batch(syncing) and not syncing.is_as_whole()
