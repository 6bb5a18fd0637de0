"""Small files of our own in a maildrop: read as a whole, and replaced as a whole."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from mailgate.store.maildir.disk import CREATE, Disk
from mailgate.store.maildir.layout import TMP, enter, open_regular

_READ_OCTETS: Final = 1_048_576
_FILE_MODE: Final = 0o600


def read(disk: Disk, maildrop: int, name: str, most_octets: int) -> bytes | None:
    """The content of a file in an open maildrop directory; None if there is none. Blocks.

    Raises OSError, and ValueError for a file that is larger than `most_octets`.
    """
    try:
        descriptor, octets = open_regular(disk, maildrop, name)
    except FileNotFoundError:
        return None
    try:
        if octets > most_octets:
            raise ValueError("it is too large")
        blocks = []
        while block := disk.read(descriptor, _READ_OCTETS):
            blocks.append(block)
    finally:
        disk.close_quietly(descriptor)
    return b"".join(blocks)


def replace(disk: Disk, maildrop: int, name: str, content: bytes, *, durable: bool) -> None:
    """Replace a file in an open maildrop directory, which must be locked. Blocks. Raises OSError."""
    tmp = enter(disk, maildrop, TMP)
    try:
        with suppress(FileNotFoundError):
            disk.unlink(name, dir_fd=tmp)  # of one that was killed here: whoever has the lock is the only one
        try:
            _write_draft(disk, tmp, name, content, durable)
            disk.replace(name, name, src_dir_fd=tmp, dst_dir_fd=maildrop)
        except BaseException:
            with suppress(OSError):
                disk.unlink(name, dir_fd=tmp)
            raise
    finally:
        disk.close_quietly(tmp)
    if durable:
        disk.fsync(maildrop)


def _write_draft(disk: Disk, tmp: int, name: str, content: bytes, durable: bool) -> None:
    descriptor = disk.open(name, CREATE, _FILE_MODE, dir_fd=tmp)
    try:
        disk.fchmod(descriptor, _FILE_MODE)  # whatever the umask took away
        rest = memoryview(content)
        while rest:
            rest = rest[disk.write(descriptor, rest) :]
        if durable:
            disk.fsync(descriptor)
    except BaseException:
        disk.close_quietly(descriptor)
        raise
    if durable:
        disk.close_quietly(descriptor)  # it is on the disk: nothing more can be said against it
    else:
        disk.close(descriptor)  # some file systems say only here that there was no room
