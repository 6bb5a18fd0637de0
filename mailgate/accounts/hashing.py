"""Checks of passwords that wait for a thread: so many at a time, and no queue beyond them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from mailgate.failures import StoreError
from mailgate.interfaces import Offload
from mailgate.waits import uncut

# What two threads get through in less than a second, with hashes of our own. Nobody fills it alone: a session checks
# one password at a time, and how many sessions a client may have is limited in front of the protocols.
MAX_CHECKS: Final = 64


class Undecided(StoreError):
    """It cannot be found out for now whether name and password belong together, so nobody is wrong. The message says
    why, for the log.
    """


class Busy(Undecided):
    """Too many passwords are being checked already."""


class Hashing:
    """An `Offload` for checks that refuses work instead of letting it pile up."""

    def __init__(self, offload: Offload, most: int = MAX_CHECKS) -> None:
        """`most` is how many checks may wait or run."""
        self._offload = offload
        self._most = most
        self._under_way = 0

    async def check(self, work: Callable[[], bool]) -> bool:
        """What `work` gives. Raises what it raises, and `Busy`, with nothing begun.

        The wait may be cancelled; the check keeps its place all the same, as no thread can be stopped.
        """
        if self._under_way >= self._most:
            raise Busy(f"{self._most} passwords are being checked already")
        checking = Deferred.fromCoroutine(self._run(work))
        return await uncut(checking, lambda: _abandon(checking))

    async def _run(self, work: Callable[[], bool]) -> bool:
        self._under_way += 1
        try:
            return await self._offload(work)
        finally:
            self._under_way -= 1


def _abandon(checking: Deferred[bool]) -> None:
    checking.addErrback(lambda _: None)  # nobody waits for it any more, so nobody is to be told
