"""Room that is kept free on the store's file system: mail is refused before the disk is full.

What is left then is for the messages that are under way, for what POP3 writes down, and for whoever has to repair it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from mailgate.filesystem import StatVFS, disk_of
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
        """`octets` are to stay free; 0: no matter how much is. `directory` need not be there yet: then the nearest one
        above counts. `clock` gives seconds and never goes back.
        """
        self._directory = os.path.abspath(directory)  # twistd changes the working directory later on
        self._octets = octets
        self._clock = clock
        self._statvfs = statvfs
        self._due = float("-inf")  # when to look again
        self._has_room = True
        self._short = False  # was it told that there is too little?
        self._unknown = False  # was it told that nothing can be seen?

    def has_room(self) -> bool:
        """Is more free than must be? Yes if that cannot be told: then the store finds out with the message."""
        if self._octets and (now := self._clock()) >= self._due:
            self._due = now + LOOK_SECONDS
            self._look()
        return self._has_room

    def _look(self) -> None:
        try:
            free = self._free_octets()
        except OSError as error:
            self._has_room = True
            self._tell_unknown(error)
            return
        self._unknown = False
        self._has_room = free >= self._octets
        self._tell(free)

    def _free_octets(self) -> int:
        """What is free for users who are not root. Raises OSError."""
        return disk_of(self._directory, self._statvfs).free_octets

    def _tell(self, free: int) -> None:
        if not self._has_room and not self._short:
            self._short = True
            log.error(
                "no mail is taken: {directory} has {free} free, less than its reserve of {reserve}; make room on its "
                "file system, or lower store.min_free. Mail can be fetched and deleted meanwhile",
                directory=self._directory,
                free=size(free),
                reserve=size(self._octets),
            )
        elif self._short and free >= self._octets + self._octets // MARGIN:
            self._short = False
            log.info("mail is taken again: {directory} has {free} free", directory=self._directory, free=size(free))

    def _tell_unknown(self, error: OSError) -> None:
        if not self._unknown:
            self._unknown = True
            log.error(
                "it cannot be seen how much room {directory} has, and mail is taken all the same: {reason}",
                directory=self._directory,
                reason=error.strerror or str(error),
            )
