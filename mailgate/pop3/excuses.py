"""What a client hears of trouble that is not its own: a response code, and nothing of the inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mailgate.failures import InUse, StoreError, TooSoon, Unrepaired
from mailgate.pop3.reply import Reply, negative

IN_USE: Final = negative("another session has the maildrop", code="IN-USE")  # RFC 2449 section 8.1.2
TOO_SOON: Final = negative("the last login was a moment ago, wait a little", code="LOGIN-DELAY")  # the same, 8.1.1
# RFC 3206 section 4: the client may try again by itself, and need not ask its user for another password
TOO_MANY_WRONG: Final = negative("too many wrong passwords, try again later", code="SYS/TEMP")
# The same: what goes away by itself, and what does not
UNAVAILABLE: Final = negative("not possible just now, try again later", code="SYS/TEMP")
UNREPAIRED: Final = negative("not possible until the administrator has seen to it", code="SYS/PERM")

_REPLIES: Final[Mapping[type[StoreError], Reply]] = {
    InUse: IN_USE,
    TooSoon: TOO_SOON,
    Unrepaired: UNREPAIRED,
}


def excuse(error: StoreError) -> Reply:
    """The reply that says what kind of trouble it is."""
    return next((reply for kind, reply in _REPLIES.items() if isinstance(error, kind)), UNAVAILABLE)


def not_removed(count: int) -> Reply:
    """Some messages that were marked as deleted were not removed (RFC 1939 section 6)."""
    if count == 1:
        return negative("1 message not removed", code="SYS/TEMP")
    return negative("{count} messages not removed", code="SYS/TEMP", count=count)
