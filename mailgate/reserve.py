"""Room that is kept free on the store's file system, octets and inodes: mail is refused before the disk is full.

What is left then is for the messages that are under way, for what POP3 writes down, and for whoever has to repair it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from mailgate.filesystem import Disk, StatVFS, disk_of
from mailgate.units import size

LOOK_SECONDS: Final = 1.0  # what was seen is believed for so long
MARGIN: Final = 16  # the log says that it is over with a sixteenth more than the reserve, lest it says so all day

log = Logger(namespace="mailgate.reserve")


class Reserve:
    """Looks at the file system that has a directory, once a second at most, and only when somebody asks.

    It looks in the caller's thread: on a local disk the kernel answers from memory, within microseconds. On a network's
    file system whose server does not answer it would wait; so would everything else that needs the store.
    """

    def __init__(
        self,
        directory: str,
        octets: int,
        clock: Callable[[], float] = time.monotonic,
        statvfs: StatVFS = os.statvfs,
    ) -> None:
        """`octets` are to stay free, and `Disk.least_inodes`; 0: no matter how much is. `directory` need not be there
        yet: then the nearest one above counts. `clock` gives seconds and never goes back.
        """
        self._directory = os.path.abspath(directory)  # twistd changes the working directory later on
        self._octets = octets
        self._clock = clock
        self._statvfs = statvfs
        self._due = float("-inf")  # when to look again
        self._has_room = True
        self._told_octets = False  # was it told that there are too few?
        self._told_inodes = False
        self._unknown = False  # was it told that nothing can be seen?

    def has_room(self) -> bool:
        """Is more free than must be? Yes if that cannot be told: then the store finds out with the message."""
        if self._octets and (now := self._clock()) >= self._due:
            self._due = now + LOOK_SECONDS
            self._look()
        return self._has_room

    def _look(self) -> None:
        try:
            disk = disk_of(self._directory, self._statvfs)
        except OSError as error:
            self._has_room = True
            self._tell_unknown(error)
            return
        self._unknown = False
        self._has_room = disk.free_octets >= self._octets and not disk.lacks_inodes
        self._tell(disk)

    def _tell(self, disk: Disk) -> None:
        if disk.free_octets < self._octets and not self._told_octets:
            self._told_octets = True
            self._tell_few_octets(disk)
        if disk.lacks_inodes and not self._told_inodes:
            self._told_inodes = True
            self._tell_few_inodes(disk)
        if (self._told_octets or self._told_inodes) and self._is_over(disk):
            self._tell_over(disk)
            self._told_octets = self._told_inodes = False

    def _tell_few_octets(self, disk: Disk) -> None:
        log.error(
            "no mail is taken: {directory} has {free} free, less than its reserve of {reserve}; make room on its "
            "file system, or lower store.min_free. Mail can be fetched and deleted meanwhile",
            directory=self._directory,
            free=size(disk.free_octets),
            reserve=size(self._octets),
        )

    def _tell_few_inodes(self, disk: Disk) -> None:
        log.error(
            "no mail is taken: {directory} has {free} free inodes of {inodes}, fewer than {least}: remove many small "
            "files from its file system, or move it to one with more inodes. Mail can be fetched and deleted meanwhile",
            directory=self._directory,
            free=f"{disk.free_inodes:,}",
            inodes=f"{disk.inodes:,}",
            least=f"{disk.least_inodes:,}",
        )

    def _is_over(self, disk: Disk) -> bool:
        least = disk.least_inodes
        return disk.free_octets >= self._octets + self._octets // MARGIN and disk.free_inodes >= least + least // MARGIN

    def _tell_over(self, disk: Disk) -> None:
        inodes = f", and {disk.free_inodes:,} free inodes" if self._told_inodes and disk.inodes else ""
        log.info(
            "mail is taken again: {directory} has {free} free{inodes}",
            directory=self._directory,
            free=size(disk.free_octets),
            inodes=inodes,
        )

    def _tell_unknown(self, error: OSError) -> None:
        if not self._unknown:
            self._unknown = True
            log.error(
                "it cannot be seen how much room {directory} has, and mail is taken all the same: {reason}",
                directory=self._directory,
                reason=error.strerror or str(error),
            )
