"""Passwords that were right a moment ago, so that a client which polls does not cost a hash each time.

None is kept, only a keyed digest of it (HMAC, RFC 2104), over the account's name and its stored password too: so a
changed account is a stranger. The key lives in this process and nowhere else.
"""

from __future__ import annotations

import hmac
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from mailgate.accounts.users import Account

REMEMBERED_SECONDS: Final = 300.0
MAX_REMEMBERED: Final = 50_000  # accounts, some hundred octets each

_KEY_OCTETS: Final = 32
_LENGTH_OCTETS: Final = 8


class Remembered:
    """The last right password of each account, for `REMEMBERED_SECONDS` after it was verified."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MAX_REMEMBERED) -> None:
        """`clock` gives seconds, and never goes back. Beyond `most` accounts the one that logged in longest ago is
        forgotten.
        """
        self._clock = clock
        self._most = most
        self._key = os.urandom(_KEY_OCTETS)
        self._digests: OrderedDict[str, tuple[bytes, float]] = OrderedDict()  # and until when

    def knows(self, account: Account, password: bytes) -> bool:
        """Was it verified a moment ago, for this account as it is now? False says nothing of the password."""
        digest, until = self._digests.get(account.name, (b"", 0.0))
        given = self._digest(account, password)
        if not hmac.compare_digest(digest, given):
            return False
        if self._clock() >= until:
            del self._digests[account.name]
            return False
        self._digests.move_to_end(account.name)
        return True

    def note(self, account: Account, password: bytes) -> None:
        """It is right."""
        self._digests[account.name] = (self._digest(account, password), self._clock() + REMEMBERED_SECONDS)
        self._digests.move_to_end(account.name)
        while len(self._digests) > self._most:
            self._digests.popitem(last=False)

    def forget(self, name: str) -> None:
        """There is no such account any more."""
        self._digests.pop(name, None)

    def _digest(self, account: Account, password: bytes) -> bytes:
        parts = (account.name.encode(), account.password.scheme.encode(), account.password.value.encode(), password)
        # With lengths in front, so that no two accounts and passwords run together to the same octets.
        message = b"".join(len(part).to_bytes(_LENGTH_OCTETS) + part for part in parts)
        return hmac.digest(self._key, message, "sha256")
