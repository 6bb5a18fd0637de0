"""What may go wrong with a maildrop: nothing else leaves a store. The contracts in `interfaces` say who raises what,
and when.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailgate.mail import Entry


class StoreError(Exception):
    """What a store may raise. The message says what happened, for the log; the wire hears [SYS/TEMP] or 451."""


class Unrepaired(StoreError):
    """It will not go away by itself: somebody has to repair it (permissions, a file in place of a directory). POP3 says
    [SYS/PERM] (RFC 3206 section 4); mail is put off all the same. The message says what to do.
    """


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


class TooSoon(StoreError):
    """The account has logged in a moment ago, and is to wait: -ERR [LOGIN-DELAY]. The password was right."""


class Gone(StoreError):
    """The message is no longer there: another program removed it."""


class LockLost(StoreError):
    """The lock was a lease, and it ran out: the session must end without removing anything."""


class NotRemoved(StoreError):
    """Some entries could not be removed, all others are. `entries` are those that remain."""

    def __init__(self, reason: str, entries: Sequence[Entry]) -> None:
        super().__init__(reason)
        self.entries = tuple(entries)
