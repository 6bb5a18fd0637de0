"""What may go wrong in a store: nothing else leaves it. The contracts in `interfaces` say who raises what, and when."""

from __future__ import annotations

from collections.abc import Sequence

from mailgate.mail import Entry


class StoreError(Exception):
    """What a store may raise. The message says what happened, for the log; the wire hears [SYS/TEMP] or 451."""


class StoreFull(StoreError):
    """There is no room (disk, quota): 452 4.3.1. The message says what to do."""


class NotCommitted(StoreError):
    """A commit did not come about. `visible` names the copies that exist all the same (in the store's words)."""

    def __init__(self, reason: str, visible: Sequence[str] = (), *, full: bool = False) -> None:
        super().__init__(reason)
        self.visible = tuple(visible)
        self.full = full  # for want of room


class InUse(StoreError):
    """Another session has the maildrop: -ERR [IN-USE]."""


class Gone(StoreError):
    """The message is no longer there: another program removed it."""


class LockLost(StoreError):
    """The lock was a lease, and it ran out: the session must end without removing anything."""


class NotRemoved(StoreError):
    """Some entries could not be removed, all others are. `entries` are those that remain."""

    def __init__(self, reason: str, entries: Sequence[Entry]) -> None:
        super().__init__(reason)
        self.entries = tuple(entries)
