"""What an administrator has decided for a maildrop: how long mail stays, how much there may be, what DELE means, how
soon one may come again.

Plain values. Where they are written is for `config` and `accounts` to know; the store and POP3 keep to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any, Final, Literal

from attrs import Attribute, field, frozen

from mailgate.mail import Entry

DAY_SECONDS: Final = 86_400
Deletion = Literal["expunge", "trash"]


def _not_negative(_: Any, attribute: Attribute[int], value: int) -> None:
    if value < 0:
        raise ValueError(f"{attribute.name} is negative: {value}")


@frozen(kw_only=True)
class Retention:
    """How long mail is kept. 0: there is no such rule; without any, mail stays until it is deleted.

    A day is 24 hours. Raises ValueError for negative numbers, and for `min_days` of 0: with it POP3 could not say
    truthfully for how long mail is safe.
    """

    days: int = field(default=0, validator=_not_negative)  # after the delivery
    fetched_days: int = field(default=0, validator=_not_negative)  # after it was first fetched whole by POP3
    messages: int = field(default=0, validator=_not_negative)  # how many may stay; the oldest go first
    octets: int = field(default=0, validator=_not_negative)  # how many octets on the wire may stay, as RETR sends them
    min_days: int = field(default=1)  # what is younger is no matter of `messages` and `octets`

    @min_days.validator
    def _check_min_days(self, _: Any, days: int) -> None:
        if days < 1:
            raise ValueError(f"min_days is less than 1: {days}")

    @property
    def expire_days(self) -> int | None:
        """The fewest days that mail is kept under any circumstances (RFC 2449 6.7); None: for ever."""
        days = [days for days in (self.days, self.fetched_days) if days]
        if self.messages or self.octets:
            days.append(self.min_days)
        return min(days, default=None)

    def expired(
        self, entries: Sequence[Entry], first_fetch: Callable[[Entry], int | None], now: float
    ) -> tuple[Entry, ...]:
        """Those of a snapshot's entries that are not to be kept at the Unix time `now`, in their order.

        `first_fetch` gives when an entry was first fetched, Unix time, or None.
        """
        if self.expire_days is None:
            return ()
        surplus = self._surplus(entries)
        return tuple(
            entry
            for number, entry in enumerate(entries)
            if self._is_too_old(entry, first_fetch, now)
            or (number < surplus and entry.seconds + self.min_days * DAY_SECONDS <= now)
        )

    def _is_too_old(self, entry: Entry, first_fetch: Callable[[Entry], int | None], now: float) -> bool:
        if self.days and entry.seconds + self.days * DAY_SECONDS <= now:
            return True
        fetched = first_fetch(entry) if self.fetched_days else None
        return fetched is not None and fetched + self.fetched_days * DAY_SECONDS <= now

    def _surplus(self, entries: Sequence[Entry]) -> int:
        """How many of the oldest are beyond the number, or the octets, that may stay."""
        beyond = max(0, len(entries) - self.messages) if self.messages else 0
        if self.octets:
            newest_first = accumulate(entry.octets for entry in reversed(entries))
            fitting = sum(octets <= self.octets for octets in newest_first)
            beyond = max(beyond, len(entries) - fitting)
        return beyond


@frozen(kw_only=True)
class Quota:
    """How much may be in a maildrop. 0: there is no such limit. Raises ValueError for negative numbers."""

    octets: int = field(default=0, validator=_not_negative)  # on the wire, as RETR sends them
    messages: int = field(default=0, validator=_not_negative)

    @property
    def is_set(self) -> bool:
        """Is there any limit?"""
        return self.octets > 0 or self.messages > 0

    def allows(self, messages: int, octets: int) -> bool:
        """May so many messages be there, of so many octets?"""
        within = not self.messages or messages <= self.messages
        return within and (not self.octets or octets <= self.octets)


NO_QUOTA: Final = Quota()


@frozen(kw_only=True)
class Rules:
    """All that was decided for one maildrop. Raises ValueError for what makes no sense."""

    retention: Retention = Retention()
    quota: Quota = NO_QUOTA
    dele: Deletion = "expunge"  # what becomes of a message that POP3 deletes: gone for good, or to the trash
    # How long what retention removes, or DELE puts into the trash, can still be had; 0: it is gone at once.
    removed_days: int = field(default=0, validator=_not_negative)
    login_delay_seconds: int = field(default=0, validator=_not_negative)  # from one login to the next (RFC 2449 6.5)

    @property
    def removes(self) -> bool:
        """Does mail ever go by itself, be it from the trash?"""
        return self.retention.expire_days is not None or self.removed_days > 0

    @removed_days.validator
    def _check_removed_days(self, _: Any, days: int) -> None:
        if self.dele == "trash" and not days:
            raise ValueError("a trash that keeps nothing: removed_days is 0")


NO_RULES: Final = Rules()


@frozen(kw_only=True)
class Promise:
    """What POP3 says to somebody who has not logged in yet, true for whoever that may turn out to be."""

    expire_days: int | None = None  # the fewest that any account has (RFC 2449 6.7); None: nobody's mail expires
    expire_differs: bool = False
    login_delay_seconds: int = 0  # the longest that any account has (RFC 2449 6.5)
    login_delay_differs: bool = False

    @classmethod
    def of(cls, everybody: Iterable[Rules]) -> Promise:
        """The promise for all of these accounts."""
        rules = set(everybody)
        expire = {each.retention.expire_days for each in rules}
        delays = {each.login_delay_seconds for each in rules}
        return cls(
            expire_days=min((days for days in expire if days is not None), default=None),
            expire_differs=len(expire) > 1,
            login_delay_seconds=max(delays, default=0),
            login_delay_differs=len(delays) > 1,
        )
