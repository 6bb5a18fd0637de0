"""The disk as far as the kernel has it in memory: by calls that never wait for it, which the reactor may make itself.

A trip to a thread and back costs more than a poll, or a small message, has otherwise to do; and mostly nothing there
has to wait: what is fetched was delivered lately, and a maildrop that is polled was polled before.

- A name that is not in the kernel's cache of names is not opened (RESOLVE_CACHED of openat2(2), Linux 5.12).
- An octet that is not in its cache of pages is not read (RWF_NOWAIT of preadv2(2), Linux 4.14).
- Reading does not note when it happened (O_NOATIME): that note may have to wait for the journal of the file system.
- Nothing is made, removed, written or synced.

Whatever cannot be had so raises OSError, and is to be done again in a thread: there it will be told what is wrong.
"""

from __future__ import annotations

import errno
import fcntl
import os
from typing import Any, Final

from attrs import fields

from mailgate.store.maildir import libc
from mailgate.store.maildir.disk import Disk

# By fstatfs(2). Elsewhere, on NFS or FUSE, a lock, or a look at an open file, may wait for another machine or program.
LOCAL: Final = {0xEF53: "ext4", 0x58465342: "xfs", 0x9123683E: "btrfs", 0x01021994: "tmpfs"}


def resident() -> Disk | None:
    """A disk like any other, whose calls raise OSError rather than wait. None where the system has no such calls."""
    if not libc.has_openat2() or not hasattr(os, "RWF_NOWAIT"):
        return None
    calls: dict[str, Any] = {field.name: _refuse for field in fields(Disk)}
    calls |= {"open": _open, "read": _read, "stat": _stat, "fstat": os.fstat, "close": os.close, "flock": fcntl.flock}
    return Disk(**calls)


def _open(path: str, flags: int, *, dir_fd: int | None = None) -> int:
    noted = flags & (os.O_DIRECTORY | os.O_PATH)
    return libc.open_cached(path, flags if noted else flags | os.O_NOATIME, dir_fd)


def _read(descriptor: int, octets: int) -> bytes:
    block = bytearray(octets)
    del block[os.preadv(descriptor, [block], -1, os.RWF_NOWAIT) :]  # -1: from where the last one ended
    return bytes(block)


def _stat(path: str, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
    flags = os.O_PATH | os.O_CLOEXEC | (0 if follow_symlinks else os.O_NOFOLLOW)
    descriptor = libc.open_cached(path, flags, dir_fd)
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _refuse(*_: object, **__: object) -> Any:
    raise BlockingIOError(errno.EAGAIN, "it may have to wait for the disk")
