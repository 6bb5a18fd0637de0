from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgate.store.maildir.disk import CREATE, DIRECTORY, READ, Disk
from tests.crash.operations import ROOT, Made, Moved, Synced, SyncedAll, Unlinked, Wrote
from tests.crash.recording import EXT4, Killed, Recorder
from tests.crash.syncs import Sync


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder[str]:
    return Recorder(tmp_path)


@pytest.fixture
def root(recorder: Recorder[str], tmp_path: Path) -> Iterator[int]:
    with recorder.disk.opened(str(tmp_path), DIRECTORY) as descriptor:
        yield descriptor


def write(disk: Disk, path: str, content: bytes, directory: int | None = None) -> int:
    descriptor = disk.open(path, CREATE, 0o600, dir_fd=directory)
    disk.write(descriptor, content)
    return descriptor


def test_what_is_done_happens_and_is_written_down(recorder: Recorder[str], root: int, tmp_path: Path) -> None:
    disk = recorder.disk
    disk.mkdir("tmp", dir_fd=root)
    disk.mkdir(str(tmp_path / "new"))
    descriptor = write(disk, str(tmp_path / "tmp" / "a"), b"content")
    disk.fsync(descriptor)
    disk.close(descriptor)
    disk.rename(str(tmp_path / "tmp" / "a"), "new/b", dst_dir_fd=root)
    disk.unlink("new/b", dir_fd=root)
    disk.fsync(root)
    disk.syncfs(root)
    assert recorder.trace == [
        Made((ROOT, "tmp"), 1),
        Made((ROOT, "new"), 2),
        Made((1, "a"), 3),
        Wrote(3, b"content"),
        Synced(3),
        Moved((1, "a"), (2, "b")),
        Unlinked((2, "b")),
        Synced(ROOT),
        SyncedAll(),
    ]
    assert sorted(os.listdir(tmp_path)) == ["new", "tmp"]
    assert recorder.now() == {(ROOT, "tmp"): 1, (ROOT, "new"): 2}
    assert recorder.done == {Sync.ABOVE, Sync.CONTENT, Sync.BATCH_NAMES}


def test_a_call_that_fails_is_not_written_down(recorder: Recorder[str], root: int) -> None:
    with pytest.raises(FileNotFoundError):
        recorder.disk.unlink("nothing", dir_fd=root)
    with pytest.raises(FileNotFoundError):
        recorder.disk.open("nothing", READ, dir_fd=root)
    assert recorder.trace == []


def test_a_file_that_replaces_another_has_its_name(recorder: Recorder[str], root: int, tmp_path: Path) -> None:
    for name in ("a", "b"):
        recorder.disk.close(write(recorder.disk, name, name.encode(), root))
    recorder.disk.replace("a", "b", src_dir_fd=root, dst_dir_fd=root)
    assert recorder.now() == {(ROOT, "b"): 1}
    assert (tmp_path / "b").read_bytes() == b"a"


def test_a_sync_that_is_left_out_succeeds_and_does_nothing(tmp_path: Path) -> None:
    recorder: Recorder[str] = Recorder(tmp_path, [Sync.CONTENT])
    descriptor = write(recorder.disk, str(tmp_path / "a"), b"content")
    recorder.disk.fsync(descriptor)
    recorder.disk.closerange(descriptor, descriptor + 1)
    assert recorder.trace == [Made((ROOT, "a"), 1), Wrote(1, b"content")]
    assert recorder.done == {Sync.CONTENT}


def test_it_says_that_it_is_a_file_system_for_syncfs(recorder: Recorder[str], root: int) -> None:
    assert recorder.disk.file_system(root) == EXT4


def test_the_dead_do_nothing_but_let_go(recorder: Recorder[str], root: int, tmp_path: Path) -> None:
    recorder.kill_after(2)
    descriptor = write(recorder.disk, "a", b"content", root)
    with pytest.raises(Killed):
        recorder.disk.write(descriptor, b"more")
    with pytest.raises(Killed):
        recorder.disk.stat("a", dir_fd=root)
    recorder.disk.close(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    assert (tmp_path / "a").read_bytes() == b"content"
    recorder.revive()
    recorder.disk.unlink("a", dir_fd=root)
    assert recorder.trace[-1] == Unlinked((ROOT, "a"))


def test_what_was_made_behind_its_back_is_not_taken_for_known(
    recorder: Recorder[str], root: int, tmp_path: Path
) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(AssertionError, match="not made through this disk"):
        recorder.disk.open("a", READ, dir_fd=root)


def test_what_the_base_is_in_is_durable(recorder: Recorder[str], tmp_path: Path) -> None:
    for path in (str(tmp_path.parent), "/"):
        with recorder.disk.opened(path, DIRECTORY) as descriptor:
            recorder.disk.fsync(descriptor)
    assert recorder.trace == []


def test_a_call_that_the_model_does_not_know_is_told(recorder: Recorder[str]) -> None:
    with pytest.raises(AssertionError, match="does not know what link does"):
        recorder._call("link")("a", "b")
