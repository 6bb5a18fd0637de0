"""The lock of a maildrop: `flock` on its directory, which other processes see and a read-only disk allows."""

from __future__ import annotations

import fcntl
import threading
from functools import partial
from typing import Final

from mailgate.failures import InUse
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


def _claim(identity: tuple[int, int], maildrop: str) -> None:
    with _guard:
        if identity in _held:
            raise InUse(f"another session has {maildrop} open")
        _held.add(identity)


def _give_back(identity: tuple[int, int]) -> None:
    with _guard:
        _held.discard(identity)
