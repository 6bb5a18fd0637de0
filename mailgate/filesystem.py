"""How full the store's file system is."""

from __future__ import annotations

import os
from collections.abc import Callable

from attrs import frozen

StatVFS = Callable[[str], os.statvfs_result]


@frozen
class Disk:
    """A file system. File systems without a fixed number of inodes say 0 of 0."""

    free_octets: int  # for users who are not root
    octets: int
    free_inodes: int
    inodes: int


def disk_of(directory: str, statvfs: StatVFS = os.statvfs) -> Disk:
    """The one that has `directory`, or will: if it is not there yet, the nearest one above counts. Raises OSError."""
    directory = os.path.abspath(directory)
    while True:
        try:
            found = statvfs(directory)
        except FileNotFoundError:
            above = os.path.dirname(directory)
            if above == directory:
                raise
            directory = above
        else:
            size = found.f_frsize
            return Disk(found.f_bavail * size, found.f_blocks * size, found.f_favail, found.f_files)
