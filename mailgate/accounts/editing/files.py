"""A directory of account files under a lock, and how one of them is replaced: by a new file in the same directory with
the old one's owner and mode, durable before it gets the name. A gateway, or a crash, sees the one or the other.

Whoever edits by hand asks for no lock. So a file that has changed since it was read is read once more.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pwd
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from typing import Final

from mailgate.faults import Fault

LOCK_SECONDS: Final = 10.0  # an edit takes milliseconds: whoever holds it longer is stuck
PAUSE_SECONDS: Final = 0.05
MAX_TRIES: Final = 5  # against somebody who saves the same file again and again

_ACCESS_LIST: Final = "system.posix_acl_access"
_NO_ACCESS_LIST: Final = (errno.ENODATA, errno.EOPNOTSUPP)
_READ_AND_WRITE: Final = 0o666

_Mark = tuple[int, ...]


class CannotEdit(Exception):
    """Nothing was changed. The message says why; `faults` is what would be, or is, wrong with the files."""

    def __init__(self, message: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__("\n".join([message, *map(str, faults)]))
        self.faults = faults


class LockedDirectory:
    """A directory that nobody else edits by these means; made by `locked`. Its methods raise `CannotEdit`."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    def edit(
        self,
        name: str,
        change: Callable[[str | None], str | None],
        like: str | None = None,
        *,
        rehearse: bool = False,
    ) -> None:
        """Replace the file by what `change` makes of it; None: it is not there, or is to stay as it is. Where nothing
        changes, nothing is written, nor to `rehearse`.

        A new file has owner and mode of the file `like`, or else of the directory. `change` may be asked more than
        once.
        """
        with in_words(os.path.join(self.path, name)):
            for _ in range(MAX_TRIES):
                text, mark = self._read(name)
                changed = change(text)
                if rehearse or changed is None or changed == text or self._replace(name, changed.encode(), mark, like):
                    return
        raise CannotEdit(f"{os.path.join(self.path, name)} is being changed by somebody else: try again")

    def _read(self, name: str) -> tuple[str | None, _Mark | None]:
        try:
            # Not through a link: the new file would take the place of the link, not of what it leads to.
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self.descriptor)
        except FileNotFoundError:
            return None, None
        with open(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise CannotEdit(f"{os.path.join(self.path, name)} is not a regular file")
            content = stream.read()
        try:
            return content.decode(), _mark_of(status)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise CannotEdit(f"{os.path.join(self.path, name)}:{line}: not UTF-8") from None

    def _replace(self, name: str, content: bytes, mark: _Mark | None, like: str | None) -> bool:
        """False: the file is another by now, and was left alone."""
        model = self._model(name, like)
        draft = f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=self.descriptor)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                _make_alike(descriptor, *model)
                os.fsync(descriptor)
            if self._mark(name) != mark:
                os.unlink(draft, dir_fd=self.descriptor)
                return False
            os.replace(draft, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(draft, dir_fd=self.descriptor)
            raise
        os.fsync(self.descriptor)
        return True

    def _model(self, name: str, like: str | None) -> tuple[os.stat_result, bytes | None]:
        """Whose owner and mode a file is to have, and its access list."""
        for each in (name, like) if like is not None else (name,):
            with contextlib.suppress(FileNotFoundError):
                descriptor = os.open(each, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self.descriptor)
                try:
                    return os.fstat(descriptor), _access_list(descriptor)
                finally:
                    os.close(descriptor)
        return os.fstat(self.descriptor), None

    def _mark(self, name: str) -> _Mark | None:
        try:
            return _mark_of(os.stat(name, dir_fd=self.descriptor, follow_symlinks=False))
        except FileNotFoundError:
            return None


@contextlib.contextmanager
def locked(
    path: str,
    seconds: float = LOCK_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[LockedDirectory]:
    """The directory, locked (flock) while the context lasts. Waits for others up to `seconds`. Raises `CannotEdit`."""
    with in_words(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with in_words(path):
            _lock(descriptor, path, clock() + seconds, clock, pause)
            if not os.path.samestat(os.fstat(descriptor), os.stat(path)):
                raise CannotEdit(f"{path} was removed, or replaced, a moment ago: try again")
        yield LockedDirectory(path, descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: str, until: float, clock: Callable[[], float], pause: Callable[[float], None]) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if clock() >= until:
                raise CannotEdit(f"{path} is being edited by another command: try again") from None
            pause(PAUSE_SECONDS)


def make_directory(parent: LockedDirectory, name: str) -> None:
    """Make a directory with owner and mode of `parent`. Raises OSError and `CannotEdit`."""
    model = os.fstat(parent.descriptor)
    os.mkdir(name, 0o700, dir_fd=parent.descriptor)
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent.descriptor)
    try:
        _give(descriptor, model)
        os.fchmod(descriptor, stat.S_IMODE(model.st_mode))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_alike(descriptor: int, model: os.stat_result, access_list: bytes | None) -> None:
    _give(descriptor, model)
    # A directory's bits to search it mean nothing to a file.
    mode = stat.S_IMODE(model.st_mode)
    os.fchmod(descriptor, mode & _READ_AND_WRITE if stat.S_ISDIR(model.st_mode) else mode)
    if access_list is not None:
        os.setxattr(descriptor, _ACCESS_LIST, access_list)


def _give(descriptor: int, model: os.stat_result) -> None:
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) == (model.st_uid, model.st_gid):
        return
    try:
        os.fchown(descriptor, model.st_uid, model.st_gid)
    except PermissionError:
        owner = _user(model.st_uid)
        raise CannotEdit(f"the files belong to {owner}: run this as {owner} or root") from None


def _access_list(descriptor: int) -> bytes | None:
    if not hasattr(os, "getxattr"):  # macOS
        return None
    try:
        return os.getxattr(descriptor, _ACCESS_LIST)
    except OSError as error:
        if error.errno in _NO_ACCESS_LIST:
            return None
        raise


def _user(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"the user #{user}"


def _mark_of(status: os.stat_result) -> _Mark:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@contextlib.contextmanager
def in_words(path: str) -> Iterator[None]:
    """What goes wrong with that file, as a `CannotEdit`."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise CannotEdit(f"{path} is a symbolic link: edit what it leads to by hand") from error
        raise CannotEdit(f"{path}: {error.strerror or error}") from error
