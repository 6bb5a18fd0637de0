"""The lock of a maildrop: `flock` on its directory, which other processes see and a read-only disk allows."""

from __future__ import annotations

import fcntl
import threading
from functools import partial
from typing import Final

from mailgate.failures import InUse, LockLost
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.handover import SharedDescriptor

# On NFS, flock is a lock of the whole process, and a second session in it would be let in: hence this set as well.
_held: Final[set[tuple[int, int]]] = set()
_guard: Final = threading.Lock()


def lock(disk: Disk, directory: int, maildrop: str) -> SharedDescriptor:
    """Lock an open directory until the result is closed; owns the descriptor, also if it raises.

    Raises `InUse` and OSError. Does not wait.
    """
    try:
        status = disk.fstat(directory)
        identity = status.st_dev, status.st_ino
        _claim(identity, maildrop)
    except BaseException:
        disk.close_quietly(directory)
        raise
    held = SharedDescriptor(disk, directory, partial(_give_back, identity))
    try:
        disk.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException as error:
        held.close()
        if isinstance(error, BlockingIOError):
            raise InUse(f"another process has {maildrop} open") from None
        raise
    return held


def check(disk: Disk, directory: int, path: str) -> None:
    """Does the path still lead to the open directory, which is locked? One that was put in its place, as a restore by
    rename does, has a lock of its own, and perhaps a session. Raises `LockLost` and OSError.
    """
    locked = disk.fstat(directory)
    try:
        there = disk.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        raise LockLost(f"somebody has moved {path} away, or removed it, while it was open") from None
    if (there.st_dev, there.st_ino) != (locked.st_dev, locked.st_ino):
        raise LockLost(f"somebody has put another directory in the place of {path} while it was open")


def _claim(identity: tuple[int, int], maildrop: str) -> None:
    with _guard:
        if identity in _held:
            raise InUse(f"another session has {maildrop} open")
        _held.add(identity)


def _give_back(identity: tuple[int, int]) -> None:
    with _guard:
        _held.discard(identity)
