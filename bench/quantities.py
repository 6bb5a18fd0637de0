"""Figures as people read them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final

NOTHING: Final = "-"  # there is no figure


def figure(value: float | None, digits: int) -> str:
    """With thousands set apart."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def spread(values: Sequence[float], digits: int) -> str:
    """The median and the range."""
    if not values:
        return NOTHING
    median = figure(statistics.median(values), digits)
    if len(values) == 1:
        return median
    return f"{median} ({figure(min(values), digits)} to {figure(max(values), digits)})"


def times(ratio: float | None) -> str:
    """How many times."""
    return NOTHING if ratio is None else f"{ratio:.2f}x" if ratio < 10 else f"{ratio:.0f}x"
