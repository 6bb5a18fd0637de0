"""Calls of the C library that Python's `os` lacks.

Where the library has none (macOS), `syncfs` and `file_system` raise OSError with ENOSYS; `rename` finds another way.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from typing import Any, Final

# The first member of Linux's `struct statfs` is `f_type`, as wide as a `long` on all that we run on; the whole is
# smaller than this by far.
_STATFS_OCTETS: Final = 512
_AT_FDCWD: Final = -100  # renameat2(2)
_RENAME_NOREPLACE: Final = 1


def _load() -> Any:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


_libc: Final = _load()  # a call through it gives the interpreter's lock back while it waits, as those of `os` do


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
