from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from mailgate.store.maildir import libc


@pytest.mark.skipif(sys.platform != "linux", reason="these calls are Linux's")
def test_syncfs_and_the_kind_of_file_system(tmp_path: Path) -> None:
    descriptor = os.open("/proc", os.O_RDONLY)
    try:
        assert libc.file_system(descriptor) == 0x9FA0  # PROC_SUPER_MAGIC
    finally:
        os.close(descriptor)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        libc.syncfs(descriptor)
    finally:
        os.close(descriptor)
    for call in (libc.syncfs, libc.file_system):
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            call(descriptor)


def test_a_library_that_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libc, "_libc", None)
    for call in (libc.syncfs, libc.file_system):
        with pytest.raises(OSError, match="has no") as caught:
            call(0)
        assert caught.value.errno == errno.ENOSYS


@pytest.mark.parametrize("without", [False, True])
def test_rename_never_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: bool) -> None:
    if without:
        monkeypatch.setattr(libc, "_libc", None)
    source, target = tmp_path / "sourcé", tmp_path / "target"
    source.write_bytes(b"one")
    libc.rename(str(source), str(target))
    assert target.read_bytes() == b"one" and not source.exists()
    source.write_bytes(b"two")
    with pytest.raises(FileExistsError):
        libc.rename(str(source), str(target))
    assert target.read_bytes() == b"one" and source.exists()
    target.unlink()
    target.symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        libc.rename(str(source), str(target))
    target.unlink()
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        libc.rename("sourcé", "elsewhere", src_dir_fd=directory, dst_dir_fd=directory)
        source.write_bytes(b"three")
        with pytest.raises(FileExistsError) as exists:
            libc.rename(str(source), "elsewhere", dst_dir_fd=directory)
        assert exists.value.filename == "elsewhere"
    finally:
        os.close(directory)
    assert (tmp_path / "elsewhere").read_bytes() == b"two" and source.exists()
    with pytest.raises(FileNotFoundError) as caught:
        libc.rename(str(tmp_path / "gone"), str(tmp_path / "x"))
    assert caught.value.filename == str(tmp_path / "gone")
