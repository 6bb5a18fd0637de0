"""How full the store's file system is."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from attrs import frozen

StatVFS = Callable[[str], os.statvfs_result]

# A delivery needs an inode for each copy, some for a new maildrop, and one for a body that waits in a file. With fewer
# than so many the sessions that are open could use up the rest, and then every delivery fails at its commit.
MIN_FREE_INODES: Final = 1_000
SMALL_SHARE: Final = 10  # a tenth of all is enough where that is less: a small file system never has so many


@frozen
class Disk:
    """A file system. File systems without a fixed number of inodes say 0 of 0."""

    free_octets: int  # for users who are not root
    octets: int
    free_inodes: int
    inodes: int

    @property
    def least_inodes(self) -> int:
        """How many have to be free; 0: there is no such limit."""
        return max(1, min(MIN_FREE_INODES, self.inodes // SMALL_SHARE)) if self.inodes > 0 else 0

    @property
    def lacks_inodes(self) -> bool:
        """Are fewer free than have to be?"""
        return self.free_inodes < self.least_inodes


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
