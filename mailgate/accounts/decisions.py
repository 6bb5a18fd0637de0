"""What may be decided of a maildrop, key by key, by each of those who may decide: the default, a domain, a user.

The keys, and how their values are written, are the same everywhere. Who comes before whom is for `ruling` to say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from attrs import converters, field, frozen

from mailgate.rules import Deletion, Quota, Retention, Rules
from mailgate.units import Octets, parse_octets, parse_seconds

MAX_DAYS: Final = 36_500  # a hundred years
MAX_MESSAGES: Final = 1_000_000_000
MAX_LOGIN_DELAY_SECONDS: Final = 86_400  # whoever waits longer thinks that the account is dead

# How long what was removed is kept where the trash that it goes to would keep nothing: for want of a number that makes
# sense, long enough for somebody to miss it.
SAFE_REMOVED_DAYS: Final = 30

_DIGITS: Final = re.compile(r"[0-9]{1,18}")


def parse_days(value: object) -> int:
    """Days from a whole number, or from its digits. Raises ValueError with a message that says what is expected, as
    all of these do.
    """
    return _whole(value, 0, MAX_DAYS)


def parse_min_days(value: object) -> int:
    """The same, but not 0."""
    return _whole(value, 1, MAX_DAYS)


def parse_messages(value: object) -> int:
    """A number of messages."""
    return _whole(value, 0, MAX_MESSAGES)


def parse_size(value: object) -> Octets:
    """A size as `units.parse_octets` reads it, or digits alone."""
    return parse_octets(_number(value))


def parse_deletion(value: object) -> Deletion:
    """What DELE means."""
    if value == "expunge":
        return "expunge"
    if value == "trash":
        return "trash"
    raise ValueError('expected "expunge" or "trash"')


def parse_login_delay(value: object) -> int:
    """A duration as `units.parse_seconds` reads it, or digits alone, in whole seconds: RFC 2449 6.5 has no others."""
    seconds = math.ceil(parse_seconds(_number(value)))
    if seconds > MAX_LOGIN_DELAY_SECONDS:
        raise ValueError("a login delay is between 0 and a day")
    return seconds


def _whole(value: object, least: int, most: int) -> int:
    number = _number(value)
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise ValueError(f"expected a whole number from {least} to {most}")
    return number


def _number(value: object) -> object:
    """Digits alone, as a file without types has them, are a number."""
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) is not None else value


# Every key, and how its value is read from what somebody wrote, a string or a number.
KEYS: Final[Mapping[str, Callable[[object], int | str]]] = {
    "keep_days": parse_days,
    "keep_fetched_days": parse_days,
    "keep_messages": parse_messages,
    "keep_octets": parse_size,
    "keep_min_days": parse_min_days,
    "dele": parse_deletion,
    "removed_days": parse_days,
    "login_delay": parse_login_delay,
    "quota": parse_size,
    "quota_messages": parse_messages,
}


@frozen(kw_only=True)
class Decisions:
    """What one of them said. None: it said nothing; 0: there is to be no such rule.

    Values may be given as they are written ("1 GiB", "90s"). Raises ValueError for what `KEYS` does not read.
    """

    keep_days: int | None = field(default=None, converter=converters.optional(parse_days))
    keep_fetched_days: int | None = field(default=None, converter=converters.optional(parse_days))
    keep_messages: int | None = field(default=None, converter=converters.optional(parse_messages))
    keep_octets: int | None = field(default=None, converter=converters.optional(parse_size))
    keep_min_days: int | None = field(default=None, converter=converters.optional(parse_min_days))
    dele: Deletion | None = field(default=None, converter=converters.optional(parse_deletion))
    removed_days: int | None = field(default=None, converter=converters.optional(parse_days))
    login_delay: int | None = field(default=None, converter=converters.optional(parse_login_delay))  # seconds
    quota: int | None = field(default=None, converter=converters.optional(parse_size))
    quota_messages: int | None = field(default=None, converter=converters.optional(parse_messages))

    def over(self, below: Decisions) -> Decisions:
        """These, and where nothing is said, what is said `below`."""
        return Decisions(**{key: getattr(below, key) if (own := getattr(self, key)) is None else own for key in KEYS})

    @property
    def contradiction(self) -> str:
        """What makes no sense in that which is said here, in a sentence; empty if all does."""
        if self.dele == "trash" and self.removed_days == 0:
            return 'dele is "trash", and removed_days is 0: a trash that keeps nothing'
        return ""

    def rules(self) -> Rules:
        """What follows where nobody else has anything to say. Raises nothing: a trash that would keep nothing keeps
        what was removed for `SAFE_REMOVED_DAYS`.
        """
        dele, removed_days = self.dele or "expunge", self.removed_days or 0
        return Rules(
            retention=Retention(
                days=self.keep_days or 0,
                fetched_days=self.keep_fetched_days or 0,
                messages=self.keep_messages or 0,
                octets=self.keep_octets or 0,
                min_days=self.keep_min_days or 1,
            ),
            quota=Quota(octets=self.quota or 0, messages=self.quota_messages or 0),
            dele=dele,
            removed_days=SAFE_REMOVED_DAYS if dele == "trash" and not removed_days else removed_days,
            login_delay_seconds=self.login_delay or 0,
        )


NOTHING_SAID: Final = Decisions()
