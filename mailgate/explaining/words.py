"""Lists, sizes and days as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

MAX_LISTED: Final = 8  # of more names the rest is counted
_UNITS: Final = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def listed(names: Sequence[str], most: int = MAX_LISTED) -> str:
    """The names with commas, and "and" in front of the last; empty for none."""
    shown = list(names) if len(names) <= most else [*names[:most], f"{len(names) - most} others"]
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)


def size(octets: int) -> str:
    """In the largest unit of which there is one at least."""
    for unit, of in _UNITS:
        if octets >= of:
            return f"{octets / of:.1f} {unit}".replace(".0 ", " ")
    return counted(octets, "octet")


def counted(number: int, what: str) -> str:
    """ "1 message", "2 messages"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def day(seconds: float) -> str:
    """The day of a Unix time, in UTC, as ISO 8601 has it."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):  # a hundred years, by a clock that can say anything
        return f"{seconds:.0f} seconds after 1970"
