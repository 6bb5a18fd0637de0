"""Copies files from one open directory to another: each whole or not at all, and none that is there already.

No link is followed, in the source or in the target. What cannot be read is noted, and the others go on; a target that
takes nothing more ends it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from attrs import Factory, define, frozen

DRAFT: Final = ".mailgate-backup.partial"  # one at a time: whoever copies has the target's lock
PRIVATE_MODE: Final = 0o700
BLOCK_OCTETS: Final = 1 << 20
_SAFELY: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO under a message's name would wait for ever
_READ: Final = os.O_RDONLY | _SAFELY
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFELY
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | _SAFELY
_NOTHING_MORE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_NANOSECONDS: Final = 1_000_000_000


@define
class Account:
    """What was done."""

    copied: int = 0
    octets: int = 0  # of what was copied
    there: int = 0  # already
    renamed: int = 0  # in the target, as they were in the source
    removed: int = 0  # from the target, as they are gone from the source
    maildrops: int = 0
    troubles: list[str] = Factory(list)


@frozen
class Pair:
    """A directory and the one that has its copy, both open."""

    source: int
    target: int
    path: str  # of the source, for people

    def names(self, wanted: Callable[[str], bool] = lambda name: True) -> list[str]:
        """What is in the source, in order. Raises OSError."""
        return sorted(name for name in os.listdir(self.source) if wanted(name))

    def directories(self) -> list[str]:
        """The directories in the source that are not hidden, in order; links are none."""
        with os.scandir(self.source) as entries:
            return sorted(
                entry.name for entry in entries if entry.name[0] != "." and entry.is_dir(follow_symlinks=False)
            )


class Copier:
    """Keeps the account. Methods raise OSError where the target takes nothing more."""

    def __init__(self, account: Account, spared: frozenset[tuple[int, int]] = frozenset()) -> None:
        """`spared`: device and inode of files that are never to be copied by the way, such as private keys."""
        self.account = account
        self._spared = spared

    @contextmanager
    def opened(self, pair: Pair, name: str) -> Iterator[Pair | None]:
        """A directory within, and its copy, which is made if need be; None if it is gone or cannot be opened."""
        path = os.path.join(pair.path, name)
        try:
            source = os.open(name, _DIRECTORY, dir_fd=pair.source)
        except OSError as error:
            self._note(path, error)
            yield None
            return
        try:
            target = enter(pair.target, name, stat.S_IMODE(os.fstat(source).st_mode))
            try:
                yield Pair(source, target, path)
            finally:
                os.close(target)
        finally:
            os.close(source)

    def copy(self, pair: Pair, name: str, *, never_changes: bool = False) -> bool:
        """Copy a regular file; False if it is gone. One of the same size and time is there already.

        `never_changes`: whole seconds are enough to know it by, as some file systems keep no more.
        """
        path = os.path.join(pair.path, name)
        try:
            source = os.open(name, _READ, dir_fd=pair.source)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._note(path, error)
            return True
        try:
            self._copy(source, pair.target, name, never_changes)
        except OSError as error:
            self._note(path, error)
        finally:
            os.close(source)
        return True

    def trouble(self, text: str) -> None:
        """Note what is wrong."""
        self.account.troubles.append(text)

    def _copy(self, source: int, target: int, name: str, never_changes: bool) -> None:
        status = os.fstat(source)
        if not stat.S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) in self._spared:
            return
        unit = _NANOSECONDS if never_changes else 1
        with suppress(FileNotFoundError):
            there = os.stat(name, dir_fd=target, follow_symlinks=False)
            if stat.S_ISREG(there.st_mode) and known_by(there, unit) == known_by(status, unit):
                self.account.there += 1
                return
        self.account.octets += _write(source, status, target, name)
        self.account.copied += 1

    def _note(self, path: str, error: OSError) -> None:
        if isinstance(error, FileNotFoundError):
            return  # somebody was faster, as with mail that is fetched meanwhile
        if error.errno in _NOTHING_MORE:
            raise error
        is_link = error.errno in (errno.ELOOP, errno.ENOTDIR)
        self.trouble(f"{path}: {'a link, which is not followed' if is_link else error.strerror}")


def known_by(status: os.stat_result, unit_nanoseconds: int = _NANOSECONDS) -> tuple[int, int]:
    """Size and time: what has both is taken for the same."""
    return status.st_size, status.st_mtime_ns // unit_nanoseconds


def enter(parent: int, name: str, mode: int = PRIVATE_MODE) -> int:
    """A descriptor of a directory in an open one, made if it is missing. Raises OSError."""
    with suppress(FileNotFoundError):
        return os.open(name, _DIRECTORY, dir_fd=parent)
    os.mkdir(name, PRIVATE_MODE, dir_fd=parent)
    descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
    os.fchmod(descriptor, mode | PRIVATE_MODE)  # we have to get in again
    return descriptor


def _write(source: int, status: os.stat_result, target: int, name: str) -> int:
    with suppress(FileNotFoundError):
        os.unlink(DRAFT, dir_fd=target)  # of one that was killed here
    draft = os.open(DRAFT, _CREATE, 0o600, dir_fd=target)
    try:
        octets = _pour(source, draft)
        os.fchmod(draft, stat.S_IMODE(status.st_mode))
        os.utime(draft, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.replace(DRAFT, name, src_dir_fd=target, dst_dir_fd=target)
    except BaseException:
        with suppress(OSError):
            os.unlink(DRAFT, dir_fd=target)
        raise
    finally:
        os.close(draft)
    return octets


def _pour(source: int, draft: int) -> int:
    octets = 0
    while block := os.read(source, BLOCK_OCTETS):
        octets += len(block)
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(draft, rest) :]
    return octets
