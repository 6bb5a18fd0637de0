"""Sizes and durations as people write them, "25 MiB" and "30d", and sizes as they read them. Knows no file and no key;
the caller says where.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Final, NewType

Octets = NewType("Octets", int)
Seconds = NewType("Seconds", float)

MAX_OCTETS: Final = (1 << 63) - 1  # what a file's size can be
MAX_SECONDS: Final = 36_500 * 86_400.0  # a hundred years; a reactor's timer takes no infinity

_BINARY: Final = {"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
_DECIMAL: Final = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_OCTETS: Final = {"b": 1, **_BINARY, **_DECIMAL}
_SECONDS: Final = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86_400),
    "w": Fraction(604_800),
}
_WORDS: Final = ("octets", "KiB", "MiB", "GiB", "TiB", "PiB")
_QUANTITY: Final = re.compile(r"(?P<number>[0-9]{1,20}(?:\.[0-9]{1,9})?) ?(?P<unit>[A-Za-z]{1,3})")

_SIZE_FORM: Final = 'expected a size, such as "25 MiB", "1GiB", "10 kB" or a whole number of octets'
_DURATION_FORM: Final = 'expected a duration, such as "30d", "1h", "5m", "90s", "250ms" or a number of seconds'


def parse_octets(value: object) -> Octets:
    """A size in octets from `"25 MiB"` or a whole number. The case of units does not matter; kB is 1000, KiB 1024.

    Raises ValueError with a message that says what is expected.
    """
    if isinstance(value, str):
        amount = _quantity(value, _OCTETS, value.lower(), _SIZE_FORM)
    elif isinstance(value, int) and not isinstance(value, bool):
        amount = Fraction(value)
    else:
        raise ValueError(_SIZE_FORM)
    if amount.denominator != 1:
        raise ValueError("not a whole number of octets")
    if not 0 <= amount <= MAX_OCTETS:
        raise ValueError(_SIZE_FORM)
    return Octets(int(amount))


def parse_seconds(value: object) -> Seconds:
    """A duration in seconds from `"5m"` or a number. Raises ValueError with a message that says what is expected."""
    if isinstance(value, str):
        amount = float(_quantity(value, _SECONDS, value, _DURATION_FORM))
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        amount = float(value)
    else:
        raise ValueError(_DURATION_FORM)
    if not 0 <= amount <= MAX_SECONDS:
        raise ValueError("a duration is between 0 and a hundred years")
    return Seconds(amount)


def size(octets: float) -> str:
    """Octets as people say them: "1.5 GiB", "512 octets". Rounded, so not for `parse_octets`."""
    for unit in _WORDS[:-1]:
        if octets < 1024:
            return f"{octets:.0f} {unit}" if unit == _WORDS[0] or octets >= 100 else f"{octets:.1f} {unit}"
        octets /= 1024
    return f"{octets:.1f} {_WORDS[-1]}"


def _quantity(written: str, units: dict[str, int] | dict[str, Fraction], folded: str, form: str) -> Fraction:
    match = _QUANTITY.fullmatch(folded)
    if match is None or match["unit"] not in units:
        raise ValueError(f"{written[:40]!r} is not understood: {form}")
    return Fraction(match["number"]) * units[match["unit"]]
