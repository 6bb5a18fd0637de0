"""Calls of the C library that Python's `os` lacks.

Where there are none (macOS), `rename` finds another way, and the others raise OSError with ENOSYS.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import sys
from typing import Any, ClassVar, Final

# The first member of Linux's `struct statfs` is `f_type`, as wide as a `long` on all that we run on; the whole is
# smaller than this by far.
_STATFS_OCTETS: Final = 512
_AT_FDCWD: Final = -100  # renameat2(2)
_RENAME_NOREPLACE: Final = 1
_OPENAT2: Final = 437  # syscall(2), on all machines; the C library has no function for it
_RESOLVE_NO_SYMLINKS: Final = 0x04  # openat2(2)
_RESOLVE_CACHED: Final = 0x20
_NAMES: Final = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()  # as `os.fsencode` has them


class _OpenHow(ctypes.Structure):
    """What openat2(2) calls `struct open_how`."""

    _fields_: ClassVar = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


_OPEN_HOW_OCTETS: Final = ctypes.sizeof(_OpenHow)


def _load() -> Any:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _load_syscall() -> Any:
    if sys.platform != "linux":
        return None
    call = ctypes.PyDLL(None, use_errno=True).syscall
    call.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(_OpenHow), ctypes.c_size_t]
    call.restype = ctypes.c_long
    return call


_libc: Final = _load()  # a call through it gives the interpreter's lock back while it waits, as those of `os` do
_syscall: Final = _load_syscall()  # what goes through this never waits, and keeps the lock


def syncfs(descriptor: int) -> None:
    """Write all that is dirty in the file system of `descriptor` to the disk (syncfs(2)). Blocks. Raises OSError."""
    _call("syncfs", descriptor)


def file_system(descriptor: int) -> int:
    """The magic number of the kind of file system that `descriptor` is on (fstatfs(2)). Raises OSError."""
    buffer = ctypes.create_string_buffer(_STATFS_OCTETS)
    _call("fstatfs", descriptor, buffer)
    return ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF  # a long of 32 bits makes btrfs negative


def rename(source: str, target: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
    """As `os.rename`, but never replaces another file. Raises OSError, FileExistsError for that."""
    here, there = (_AT_FDCWD if descriptor is None else descriptor for descriptor in (src_dir_fd, dst_dir_fd))
    try:
        _call("renameat2", here, os.fsencode(source), there, os.fsencode(target), _RENAME_NOREPLACE)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EINVAL):  # EINVAL: not on this file system
            error.filename = target if isinstance(error, FileExistsError) else source
            raise
        if _exists(target, dst_dir_fd):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from None
        os.rename(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)


def open_cached(path: str, flags: int, dir_fd: int | None = None) -> int:
    """As `os.open`, but without ever waiting for a disk: BlockingIOError where a name is not in the kernel's memory.

    With O_NOFOLLOW no link is followed in the whole path. Raises OSError, with ENOSYS where `has_openat2` is False.
    """
    if _syscall is None:
        raise OSError(errno.ENOSYS, "the system has no openat2")
    directory = _AT_FDCWD if dir_fd is None else dir_fd
    descriptor: int = _syscall(_OPENAT2, directory, path.encode(*_NAMES), _how(flags), _OPEN_HOW_OCTETS)
    if descriptor < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return descriptor


def has_openat2() -> bool:
    """Has the kernel got it, with what `open_cached` needs, and may we call it? Some sandboxes forbid it."""
    try:
        os.close(open_cached("/", os.O_PATH | os.O_CLOEXEC))
    except OSError:
        return False
    return True


@functools.lru_cache
def _how(flags: int) -> Any:
    links = _RESOLVE_NO_SYMLINKS if flags & os.O_NOFOLLOW else 0
    return ctypes.pointer(_OpenHow(flags, 0, _RESOLVE_CACHED | links))


def _exists(path: str, directory: int | None) -> bool:
    try:
        os.stat(path, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _call(name: str, *arguments: Any) -> None:
    call = getattr(_libc, name, None)
    if call is None:
        raise OSError(errno.ENOSYS, f"the C library has no {name}")
    if call(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
