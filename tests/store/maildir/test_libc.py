from __future__ import annotations

import ctypes
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


@pytest.mark.skipif(not libc.has_openat2(), reason="the kernel has no openat2, or it is forbidden here")
def test_what_is_in_memory_is_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").symlink_to(tmp_path)
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        for path, flags in (("file", os.O_RDONLY | os.O_NOFOLLOW), ("link", os.O_RDONLY), ("folder/file", os.O_RDONLY)):
            descriptor = libc.open_cached(path, flags | os.O_CLOEXEC, directory)
            assert os.read(descriptor, 10) == b"content"
            assert not os.get_inheritable(descriptor)
            os.close(descriptor)
        for path in ("link", "folder/file"):
            with pytest.raises(OSError, match=path) as caught:
                libc.open_cached(path, os.O_RDONLY | os.O_NOFOLLOW, directory)
            assert caught.value.errno == errno.ELOOP
    finally:
        os.close(directory)
    with pytest.raises(OSError, match="file"):
        libc.open_cached("file", os.O_RDONLY, directory)  # which is closed


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
def test_a_kernel_or_a_sandbox_that_opens_nothing_so(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(libc, "_syscall", refuse)
    assert not libc.has_openat2()


def test_a_system_without_such_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libc, "_syscall", None)
    assert not libc.has_openat2()
    with pytest.raises(OSError, match="openat2") as caught:
        libc.open_cached("/", os.O_RDONLY)
    assert caught.value.errno == errno.ENOSYS
