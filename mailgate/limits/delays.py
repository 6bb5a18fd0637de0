"""How long a login waits before its password is looked at."""

from __future__ import annotations

from typing import Final

FREE: Final = 3  # so many failures cost nothing: people mistype
FIRST_SECONDS: Final = 1.0
MAX_SECONDS: Final = 8.0  # clients give up after half a minute


def delay_after(failures: int) -> float:
    """In seconds: nothing at first, then 1, 2, 4, and 8 from there on."""
    if failures < FREE:
        return 0.0
    doublings = min(failures - FREE, 32)
    return min(FIRST_SECONDS * 2.0**doublings, MAX_SECONDS)
