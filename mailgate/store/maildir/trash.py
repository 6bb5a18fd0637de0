"""The trash of a maildrop, `mailgate-removed/`: what was removed, and may still be had back by an administrator.

A file there is called `<seconds>~<name>`: the Unix time of its removal, and the name that it had, its flags included. A
second one of that name in one second is `<seconds>.<number>~<name>`. A name that leaves no room for the time loses its
end. Files that are called otherwise are not ours, and are left alone.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from typing import Final

from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.layout import enter

NAME: Final = "mailgate-removed"
NAME_OCTETS: Final = 255  # what file systems allow
SAME_NAMES: Final = 100  # of how many files of one name a second is enough
_FORM: Final = re.compile(r"([0-9]{1,11})(?:\.[0-9]{1,3})?~(.+)", re.DOTALL)


def compose(seconds: int, name: str, number: int = 0) -> str:
    """What a message file is called in the trash."""
    mark = f"{max(seconds, 0)}.{number}~" if number else f"{max(seconds, 0)}~"
    return mark + os.fsdecode(os.fsencode(name)[: NAME_OCTETS - len(mark)])


def parse(name: str) -> tuple[int, str] | None:
    """(Unix time of the removal, the name that it had); None for a name that is not of our form."""
    form = _FORM.fullmatch(name)
    return (int(form[1]), form[2]) if form else None


def make_trash(disk: Disk, maildrop: int) -> None:
    """Make the trash of an open maildrop, if it is not there: once the disk is full, only what is there can be used.

    Blocks; never raises. What goes wrong here is told when the trash is wanted.
    """
    with suppress(OSError):
        disk.close_quietly(enter(disk, maildrop, NAME))


class Trash:
    """Where the messages of one removal go. Its methods block and raise OSError.

    The folder is opened, and made if it is not there, with the first message. Files are renamed, never linked and
    unlinked, so that a message is in one place at any moment; and so that nothing is ever replaced.
    """

    def __init__(self, disk: Disk, maildrop: int, seconds: int) -> None:
        """`maildrop` is an open directory, `seconds` the Unix time of the removal."""
        self._disk = disk
        self._maildrop = maildrop
        self._seconds = seconds
        self._descriptor: int | None = None

    def take(self, folder: int, name: str) -> None:
        """Take a file from an open directory. Raises FileNotFoundError only if the file is gone."""
        try:
            self._move(folder, name)
        except FileNotFoundError:
            self._disk.stat(name, dir_fd=folder, follow_symlinks=False)
            # It is there, so it is the trash that is gone: this must not be mistaken for a message that is.
            raise OSError(errno.ESTALE, f"somebody has just removed {NAME}") from None

    def sync(self) -> None:
        """Make durable what came here; before the places that it came from, so that it is never in neither."""
        if self._descriptor is not None:
            self._disk.fsync(self._descriptor)

    def close(self) -> None:
        """Done with it. Never raises."""
        if self._descriptor is not None:
            self._disk.close_quietly(self._descriptor)
            self._descriptor = None

    def _move(self, folder: int, name: str) -> None:
        if self._descriptor is None:
            self._disk.stat(name, dir_fd=folder, follow_symlinks=False)  # is it there? Else no trash is needed
            self._descriptor = enter(self._disk, self._maildrop, NAME)
            # One that was killed may have made it a moment ago: nothing goes where a crash would take all of it away.
            self._disk.fsync(self._maildrop)
        for number in range(SAME_NAMES):
            with suppress(FileExistsError):
                target = compose(self._seconds, name, number)
                self._disk.rename(name, target, src_dir_fd=folder, dst_dir_fd=self._descriptor)
                return
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), compose(self._seconds, name))


def empty(disk: Disk, maildrop: int, before: float) -> int:
    """Remove for good what came into an open maildrop's trash before that Unix time; give how many files it was.

    All are tried. Blocks; raises OSError. What a crash brings back is removed the next time: nothing is synced.
    """
    removed = 0
    trouble: OSError | None = None
    try:
        descriptor = disk.open(NAME, DIRECTORY, dir_fd=maildrop)
    except FileNotFoundError:
        return 0
    try:
        for name in _files_before(disk, descriptor, before):
            try:
                disk.unlink(name, dir_fd=descriptor)
                removed += 1
            except FileNotFoundError:
                pass  # an administrator took it
            except OSError as error:
                trouble = error
    finally:
        disk.close_quietly(descriptor)
    if trouble is not None:
        raise trouble
    return removed


def _files_before(disk: Disk, trash: int, before: float) -> list[str]:
    with disk.scandir(trash) as files:
        return [file.name for file in files if _came_before(file.name, before) and file.is_file(follow_symlinks=False)]


def _came_before(name: str, before: float) -> bool:
    parsed = parse(name)
    return parsed is not None and parsed[0] + 1 <= before  # a second in a name has begun, and may have ended since
