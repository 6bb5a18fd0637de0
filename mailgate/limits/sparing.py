"""Tells of connections that were turned away, sparingly: a flood of them must not become a flood of the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mailgate.clients import network_of
from mailgate.facts import Fact, TurnedAway
from mailgate.limits.rates import Rate

WINDOW_SECONDS: Final = 60.0
PER_CLIENT: Final = 1  # for each reason
IN_ALL: Final = 60


class Sparing:
    """Passes on one fact a minute for each client and reason, and sixty in all."""

    def __init__(self, tell: Callable[[Fact], None], clock: Callable[[], float]) -> None:
        """`clock` counts seconds and never goes back."""
        self._tell = tell
        self._per_client = Rate(PER_CLIENT, WINDOW_SECONDS, clock)
        self._in_all = Rate(IN_ALL, WINDOW_SECONDS, clock, max_keys=1)
        self.untold = 0  # how many were kept back, so far

    def tell(self, fact: TurnedAway) -> None:
        """Tell it, or only count it."""
        key = f"{network_of(fact.client)} {fact.listener} {fact.reason}"
        if self._per_client.take(key) and self._in_all.take(""):
            self._tell(fact)
        else:
            self.untold += 1
