"""Makes written files durable and visible, in two phases, or takes them back. Knows nothing of Maildirs.

First all contents reach the disk, then the names are given, then the names reach the disk: a final name never exists
for a content that a power cut could still take away.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from attrs import frozen

from mailgate.interfaces import NotCommitted
from mailgate.store.maildir.disk import DIRECTORY, Disk, in_words, is_full


@frozen
class Pending:
    """A file that is written and not yet visible: its path now, the path it shall have on the same file system."""

    tmp: str
    final: str
    descriptor: int | None = None  # open and not yet durable; None: the content is durable already


Commit = Callable[[Sequence[Pending]], Awaitable[None]]  # makes all durable and visible, or raises NotCommitted


def commit(disk: Disk, files: Sequence[Pending]) -> None:
    """Make `files` durable and visible, all of them or none; closes their descriptors. Blocks.

    Raises `NotCommitted`, which names the final paths that could not be taken back.
    """
    attempted: list[Pending] = []
    try:
        _make_contents_durable(disk, files)
        for file in files:
            _refuse_to_overwrite(disk, file.final)
            attempted.append(file)
            disk.rename(file.tmp, file.final)
        _make_names_durable(disk, files)
    except OSError as error:
        visible = _take_back(disk, attempted)
        raise NotCommitted(in_words("cannot deliver", error), visible, full=is_full(error)) from error
    finally:
        discard(disk, files[len(attempted) :])
        for file in attempted:
            _close(disk, file)


def discard(disk: Disk, files: Sequence[Pending]) -> None:
    """Throw away files that have no final name. Blocks; never raises."""
    for file in files:
        _close(disk, file)
        disk.unlink_quietly(file.tmp)


def _make_contents_durable(disk: Disk, files: Sequence[Pending]) -> None:
    for file in files:
        if file.descriptor is not None:
            disk.fsync(file.descriptor)


def _refuse_to_overwrite(disk: Disk, path: str) -> None:
    # Names are unique, so this cannot happen. If it does all the same, a message must not replace another.
    try:
        disk.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return
    raise FileExistsError(f"{path} is there already")


def _make_names_durable(disk: Disk, files: Sequence[Pending]) -> None:
    # The tmp directories need no sync: a name that comes back there after a crash is swept some day.
    for directory in sorted({os.path.dirname(file.final) for file in files}):
        with disk.opened(directory, DIRECTORY) as descriptor:
            disk.fsync(descriptor)


def _take_back(disk: Disk, attempted: Sequence[Pending]) -> list[str]:
    visible = [file.final for file in attempted if not _is_taken_back(disk, file)]
    with suppress(OSError):  # nothing more can be done: after a power cut, some may be back
        _make_names_durable(disk, attempted)
    return visible


def _is_taken_back(disk: Disk, file: Pending) -> bool:
    with suppress(OSError):
        disk.unlink(file.tmp)
        return True  # it was still there, so it never had the final name
    try:
        disk.unlink(file.final)
    except OSError:
        return False  # gone counts as visible: another program has taken it, and has it
    return True


def _close(disk: Disk, file: Pending) -> None:
    if file.descriptor is not None:
        disk.close_quietly(file.descriptor)
