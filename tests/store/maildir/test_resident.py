"""The disk as far as the kernel has it in memory, with the kernel that is here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import fields

from mailgate.store.maildir import libc
from mailgate.store.maildir.disk import DIRECTORY, READ, Disk
from mailgate.store.maildir.resident import resident

CONTENT = b"0123456789" * 10_000
HAD = {"open", "read", "stat", "fstat", "close", "flock"}


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """Skips where kernel or file system have no such calls."""
    disk = resident()
    if disk is None:
        pytest.skip("the kernel has no openat2, or it is forbidden here")
    (tmp_path / "file").write_bytes(CONTENT)
    try:
        with disk.opened(str(tmp_path / "file"), READ) as descriptor:
            disk.read(descriptor, 1)
    except OSError as error:
        pytest.skip(f"the file system cannot read without waiting: {error}")
    return disk


def test_what_was_just_written_is_there(disk: Disk, tmp_path: Path) -> None:
    with disk.opened(str(tmp_path), DIRECTORY) as directory:
        assert disk.fstat(directory).st_ino == tmp_path.stat().st_ino
        descriptor = disk.open("file", READ, dir_fd=directory)
        assert disk.stat("file", dir_fd=directory, follow_symlinks=False).st_size == len(CONTENT)
    blocks = [disk.read(descriptor, 60_000), disk.read(descriptor, 60_000), disk.read(descriptor, 60_000)]
    assert blocks == [CONTENT[:60_000], CONTENT[60_000:], b""]
    disk.close(descriptor)


def test_a_look_at_a_link(disk: Disk, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    link = str(tmp_path / "link")
    assert disk.stat(link).st_size == len(CONTENT)
    assert disk.stat(link, follow_symlinks=False).st_ino == os.lstat(link).st_ino


def test_to_read_does_not_note_when(disk: Disk, tmp_path: Path) -> None:
    os.utime(tmp_path / "file", (1, 2))  # read before it was written: the next reading would be noted
    with disk.opened(str(tmp_path / "file"), READ) as descriptor:
        assert disk.read(descriptor, len(CONTENT)) == CONTENT
    assert (tmp_path / "file").stat().st_atime == 1


def test_what_has_left_the_memory_is_never_half_there(disk: Disk, tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # advice: the kernel need not take it
    try:
        assert CONTENT.startswith(disk.read(descriptor, len(CONTENT)))
    except BlockingIOError:
        assert os.read(descriptor, len(CONTENT)) == CONTENT  # whoever may wait has it
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("name", sorted({field.name for field in fields(Disk)} - HAD))
def test_whatever_else_may_wait_is_refused(name: str) -> None:
    disk = resident()
    if disk is None:
        pytest.skip("the kernel has no openat2, or it is forbidden here")
    call: Callable[..., Any] = getattr(disk, name)
    with pytest.raises(BlockingIOError):
        call("anything", 0, dir_fd=0)


def test_a_kernel_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libc, "_syscall", None)
    assert resident() is None


def test_a_system_that_cannot_read_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libc, "has_openat2", lambda: True)
    monkeypatch.delattr(os, "RWF_NOWAIT", raising=False)
    assert resident() is None
