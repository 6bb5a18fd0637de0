"""The calls that reach the disk, as one value, so that a test can make each of them fail; and what failing means."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final

from attrs import frozen

from mailgate.failures import StoreError, StoreFull, Unrepaired
from mailgate.store.maildir import libc

# No link is followed, nothing outlives an exec, and a FIFO under a message's name cannot block the thread.
_SAFELY: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | _SAFELY
READ: Final = os.O_RDONLY | _SAFELY
CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFELY
ITS_OWN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP})  # the trouble of one file


@frozen
class Disk:
    """What the store asks of the operating system. Each raises OSError, and takes what its namesake does."""

    open: Callable[..., int] = os.open
    close: Callable[[int], None] = os.close
    closerange: Callable[[int, int], None] = os.closerange
    read: Callable[[int, int], bytes] = os.read
    write: Callable[[int, bytes | memoryview], int] = os.write
    fchmod: Callable[[int, int], None] = os.fchmod
    chmod: Callable[..., None] = os.chmod
    fsync: Callable[[int], None] = os.fsync
    syncfs: Callable[[int], None] = libc.syncfs
    file_system: Callable[[int], int] = libc.file_system
    rename: Callable[..., None] = libc.rename  # never replaces another file
    replace: Callable[..., None] = os.replace
    unlink: Callable[..., None] = os.unlink
    mkdir: Callable[..., None] = os.mkdir
    stat: Callable[..., os.stat_result] = os.stat
    fstat: Callable[[int], os.stat_result] = os.fstat
    scandir: Callable[[int], AbstractContextManager[Iterator[os.DirEntry[str]]]] = os.scandir
    flock: Callable[[int, int], None] = fcntl.flock

    @contextmanager
    def opened(self, path: str, flags: int, dir_fd: int | None = None) -> Iterator[int]:
        """A descriptor for a while. Raises OSError."""
        descriptor = self.open(path, flags, dir_fd=dir_fd)
        try:
            yield descriptor
        finally:
            self.close_quietly(descriptor)

    def close_quietly(self, descriptor: int) -> None:
        """Close what was only read, or is synced already: an error has nothing more to say."""
        try:  # noqa: SIM105 - this is called for every message, and `suppress` costs more than the call
            self.close(descriptor)
        except OSError:
            pass

    def close_all_quietly(self, descriptors: Iterable[int]) -> None:
        """Close many by few calls: each would give the interpreter's lock away, and have to wait for it again."""
        runs: list[list[int]] = []  # first and last of numbers without a gap
        for descriptor in sorted(descriptors):
            if runs and runs[-1][1] == descriptor - 1:
                runs[-1][1] = descriptor
            else:
                runs.append([descriptor, descriptor])
        for first, last in runs:
            with suppress(OSError):
                self.closerange(first, last + 1)

    def unlink_quietly(self, path: str) -> None:
        """Remove what is unwanted. If that fails it stays in `tmp`, where nobody sees it and old files are swept."""
        with suppress(OSError):
            self.unlink(path)


_FULL: Final = {
    errno.ENOSPC: "the disk is full: free some space, or inodes",
    errno.EDQUOT: "the disk quota of mailgate's user is used up: free some space or raise it",
}
_TROUBLE: Final = {
    errno.EMFILE: "mailgate has too many files open: raise LimitNOFILE (ulimit -n)",
    errno.ENFILE: "the system has too many files open: raise fs.file-max",
    errno.EACCES: "permission denied: the mail directory must belong to the user that mailgate runs as",
    errno.EPERM: "not permitted: the mail directory must belong to the user that mailgate runs as",
    errno.EROFS: "the file system is read-only: see the kernel's log, then mount it read-write again",
    errno.EIO: "input/output error: the disk may be failing, see the kernel's log",
    errno.ENOTDIR: "something in its path is not a directory, or is a symbolic link, which mailgate does not follow",
    errno.ELOOP: "it is a symbolic link, which mailgate does not follow",
    errno.ENOLCK: "the file system cannot lock: mailgate needs flock on directories",
    errno.EOPNOTSUPP: "the file system cannot do this: mailgate needs flock and fsync on directories",
    errno.ENAMETOOLONG: "the name is too long for the file system",
    errno.EUCLEAN: "the file system is damaged: unmount it and have it checked (fsck)",
}
# RFC 3206 section 4: SYS/PERM is for what is "unlikely to be resolved without intervention", a corrupted maildrop or a
# configuration that is wrong; SYS/TEMP for what is "likely to be temporary", such as want of space, memory or files.
# An input/output error is not among these: disks behind a network have them while a path is down, and who alarms his
# users by that cannot take it back. Nor is a disk that is read-only: reading goes on there.
_UNREPAIRED: Final = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.ENOTDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EOPNOTSUPP,
        errno.ENOLCK,
        errno.EUCLEAN,
    }
)


def is_full(error: OSError) -> bool:
    """Is it want of room?"""
    return error.errno in _FULL


def is_unwritable(error: OSError) -> bool:
    """Can nothing be made on the disk now, while reading goes on?"""
    return is_full(error) or error.errno in (errno.EROFS, errno.EACCES)


def in_words(doing: str, error: OSError) -> str:
    """What happened and what to do about it, in a sentence for the log."""
    advice = _FULL.get(error.errno or 0) or _TROUBLE.get(error.errno or 0) or error.strerror or str(error)
    where = f" ({error.filename})" if isinstance(error.filename, str) else ""
    return f"{doing}: {advice}{where}"


def as_store_error(doing: str) -> AbstractContextManager[None]:
    """Turn an OSError into `StoreFull`, `Unrepaired` or another `StoreError`; nothing else leaves the store."""
    return _AsStoreError(doing)


class _AsStoreError:
    """Entered for every message that is written or read in a thread; a generator takes twice the calls."""

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, OSError):
            raise _kind_of(error)(in_words(self._doing, error)) from error


def _kind_of(error: OSError) -> type[StoreError]:
    if is_full(error):
        return StoreFull
    return Unrepaired if error.errno in _UNREPAIRED else StoreError
