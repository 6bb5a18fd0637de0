"""Where a maildrop lies, and getting there: directories made durably, opened one by one without following a link."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from attrs import define

from mailgate.store.maildir import names
from mailgate.store.maildir.disk import DIRECTORY, READ, Disk

TMP: Final = "tmp"
NEW: Final = "new"
CUR: Final = "cur"
_DIRECTORY_MODE: Final = 0o700
_ROOT: Final = DIRECTORY & ~os.O_NOFOLLOW  # the administrator says where the root is, a link included
REMEMBERED: Final = 100_000  # of how many maildrops to remember that they are durable
GLANCE_SECONDS: Final = 1.0


@define
class _Known:
    """The `new` of a maildrop that is durable."""

    device: int
    inode: int
    seen: float  # when it was last found to be that directory


class Layout:
    """The directories below a root. Methods block and raise OSError; `StoreError` for a name that makes no path."""

    def __init__(self, root: str, disk: Disk, timer: Callable[[], float] = time.monotonic) -> None:
        self.root = os.path.abspath(root)  # twistd changes the working directory later on
        self._disk = disk
        self._timer = timer
        self._known: dict[str, _Known] = {}  # by the maildrop's path
        self._lock = threading.Lock()
        self._is_rooted = False  # is the way to the root durable?

    def path(self, maildrop: str) -> str:
        """The maildrop's directory."""
        domain, user = names.to_segments(maildrop)
        return f"{self.root}/{domain}/{user}"

    @contextmanager
    def opened(self, maildrop: str, *, make: bool) -> Iterator[int]:
        """The maildrop's directory for a while."""
        descriptor = self.open(maildrop, make=make)
        try:
            yield descriptor
        finally:
            self._disk.close_quietly(descriptor)

    def open(self, maildrop: str, *, make: bool) -> int:
        """A descriptor of the maildrop's directory; `make` makes it, with tmp, new and cur, as far as it is missing."""
        domain, user = names.to_segments(maildrop)
        if make:
            self._make_root()
        root = self._disk.open(self.root, _ROOT)
        try:
            directory = self._enter(root, domain, make)
        finally:
            self._disk.close_quietly(root)
        try:
            descriptor = self._enter(directory, user, make)
        finally:
            self._disk.close_quietly(directory)
        try:
            if make:
                make_folders(self._disk, descriptor)
        except BaseException:
            self._disk.close_quietly(descriptor)
            raise
        return descriptor

    def knows(self, maildrop: str) -> bool:
        """Has it been prepared before? Does not block, and says nothing of what others have done since."""
        return self.path(maildrop) in self._known

    def prepare(self, maildrop: str) -> int:
        """Make sure that the maildrop is there and survives a crash; give the device that it is on, as `st_dev`.

        One that is there may have been made a moment ago, by another thread or before a crash, and never have reached
        the disk: so each is synced once in the life of a process. After that a glance at `new`, once in
        `GLANCE_SECONDS`, is enough: is it the directory that it was? A link, or one that others made, is not.
        """
        path, now = self.path(maildrop), self._timer()
        known = self._known.get(path)
        if known is None:
            return self._make_known(maildrop, path, now).device
        if now - known.seen >= GLANCE_SECONDS:
            if self._identity(f"{path}/{NEW}") != (known.device, known.inode):
                return self._make_known(maildrop, path, now).device
            known.seen = now
        return known.device

    def forget(self, maildrop: str) -> None:
        """Look at it closely the next time."""
        self._known.pop(self.path(maildrop), None)

    def _make_known(self, maildrop: str, path: str, now: float) -> _Known:
        with self.opened(maildrop, make=True) as directory:
            identity = self._identity(NEW, directory)
        if identity is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"{path}/{NEW}")
        for above in (path, os.path.dirname(path), self.root):
            self._sync(above)
        self._sync_above_root()
        with self._lock:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[path] = _Known(*identity, now)
        return known

    def _sync_above_root(self) -> None:
        """Make the root's own name durable, once: it may have been made a moment ago by somebody who did not see to it.

        What is not ours to sync, or is on a file system that cannot be written, was there before.
        """
        if self._is_rooted:
            return
        for above in Path(self.root).parents:
            try:
                self._sync(str(above))
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EPERM, errno.EINVAL):
                    raise
        self._is_rooted = True

    def _identity(self, path: str, directory: int | None = None) -> tuple[int, int] | None:
        try:
            status = self._disk.stat(path, dir_fd=directory, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return status.st_dev, status.st_ino

    def maildrops(self) -> list[str]:
        """The names of all maildrops, in order."""
        found: list[str] = []
        with suppress(FileNotFoundError), self._disk.opened(self.root, _ROOT) as root:
            for domain in self._directories(root):
                with suppress(FileNotFoundError), self._disk.opened(domain, DIRECTORY, root) as directory:
                    found += self._maildrops_in(directory, domain)
        return sorted(found)

    def _maildrops_in(self, directory: int, domain: str) -> Iterator[str]:
        for user in self._directories(directory):
            name = names.from_segments(domain, user)
            if name is not None and _is_directory(self._disk, os.path.join(user, NEW), directory):
                yield name

    def _directories(self, descriptor: int) -> list[str]:
        with self._disk.scandir(descriptor) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]

    def _enter(self, parent: int, name: str, make: bool) -> int:
        return enter(self._disk, parent, name) if make else self._disk.open(name, DIRECTORY, dir_fd=parent)

    def _sync(self, path: str) -> None:
        with self._disk.opened(path, _ROOT) as directory:
            self._disk.fsync(directory)

    def _make_root(self) -> None:
        missing = []
        path = self.root
        while not os.path.isdir(path):
            missing.append(path)
            path = os.path.dirname(path)
        for directory in reversed(missing):
            with self._disk.opened(os.path.dirname(directory), _ROOT) as parent:
                _make(self._disk, parent, os.path.basename(directory))
                self._disk.fsync(parent)


def enter(disk: Disk, parent: int, name: str) -> int:
    """A descriptor of a directory in an open one; durably made, for our user alone, if it is missing.

    Raises OSError.
    """
    with suppress(FileNotFoundError):
        return disk.open(name, DIRECTORY, dir_fd=parent)
    _make(disk, parent, name)
    disk.fsync(parent)
    return disk.open(name, DIRECTORY, dir_fd=parent)


def make_folders(disk: Disk, maildrop: int) -> None:
    """Make tmp, new and cur in an open maildrop directory, as far as they are missing. Raises OSError."""
    missing = [folder for folder in (TMP, NEW, CUR) if not _is_directory(disk, folder, maildrop)]
    for folder in missing:
        _make(disk, maildrop, folder)
        with disk.opened(folder, DIRECTORY, maildrop):  # is it a directory now, and not a link?
            pass
    if missing:
        disk.fsync(maildrop)


def _make(disk: Disk, parent: int, name: str) -> None:
    with suppress(FileExistsError):  # another thread or program was faster
        disk.mkdir(name, _DIRECTORY_MODE, dir_fd=parent)
        disk.chmod(name, _DIRECTORY_MODE, dir_fd=parent)  # whatever the umask took away


def _is_directory(disk: Disk, path: str, directory: int) -> bool:
    try:
        return stat.S_ISDIR(disk.stat(path, dir_fd=directory, follow_symlinks=False).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def open_regular(disk: Disk, directory: int, name: str) -> tuple[int, int]:
    """(a descriptor to read from, the size) of a regular file. Raises OSError, FileNotFoundError for anything else."""
    descriptor = disk.open(name, READ, dir_fd=directory)
    try:
        status = disk.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(f"{name} is not a regular file")
    except BaseException:
        disk.close_quietly(descriptor)
        raise
    return descriptor, status.st_size
