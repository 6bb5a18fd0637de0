"""Where an export goes: under another name until it is whole, and never in place of something that is there."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Final

from mailgate.archive.message import ArchiveError

PARTIAL: Final = ".partial"  # behind the name, while it is not whole
DIRECTORY_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


@contextmanager
def new_file(path: str) -> Iterator[BinaryIO]:
    """A file to be written, and read, that gets its name when the `with` ends well, and then is durable.

    Else it is left under its partial name. Raises OSError, and `ArchiveError` where something is there.
    """
    partial = _partial(path)
    with create(partial) as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())
    _give_name_to_file(partial, path)
    sync_directory(os.path.dirname(path) or ".")


@contextmanager
def new_directory(path: str) -> Iterator[str]:
    """A directory to be filled with what is durable, as `new_file`; gives its partial name."""
    partial = _partial(path)
    os.mkdir(partial, DIRECTORY_MODE)
    yield partial
    sync_directory(partial)
    if os.path.lexists(path):
        raise _is_there(path)
    os.rename(partial, path)  # fails for anything but an empty directory that somebody has just made
    sync_directory(os.path.dirname(path) or ".")


def create(path: str) -> BinaryIO:
    """A new file for our user alone. Raises OSError, FileExistsError if there is one."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, FILE_MODE), "w+b")


def write_durably(path: str, write: Callable[[BinaryIO], None]) -> None:
    """A new file with what `write` writes, and nothing if that raises."""
    with create(path) as stream:
        try:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        except BaseException:
            with suppress(OSError):
                os.unlink(path)
            raise


def sync_directory(path: str) -> None:
    """Make the names in it durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _partial(path: str) -> str:
    if os.path.lexists(path):
        raise _is_there(path)
    partial = path.rstrip("/") + PARTIAL
    if os.path.lexists(partial):
        raise ArchiveError(f"{partial} is there: an export that was not finished, or is under way; remove it if not")
    return partial


def _give_name_to_file(partial: str, path: str) -> None:
    try:
        os.link(partial, path)  # which, unlike renaming, never replaces
    except FileExistsError:
        raise _is_there(path) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.rename(partial, path)
    else:
        os.unlink(partial)


def _is_there(path: str) -> ArchiveError:
    return ArchiveError(f"{path} is there already: nothing is ever overwritten")
