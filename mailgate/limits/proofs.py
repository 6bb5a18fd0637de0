"""Which passwords were right, by their digests: so that an exempt pair's right password is known from its wrong ones
before anybody looks at it. In memory alone: written down, they would be worth more to a thief than the hashes.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from mailgate.limits.guess import Guess

MAX_PAIRS: Final = 20_000
MAX_DIGESTS: Final = 8  # of a pair: several devices behind one address, each with a password of its own


class Proofs:
    """The last right passwords of each pair of account and network."""

    def __init__(self, max_pairs: int = MAX_PAIRS) -> None:
        """Beyond so many pairs, the one that logged in longest ago is forgotten."""
        self._max_pairs = max_pairs
        self._digests: OrderedDict[tuple[str, str], tuple[str, ...]] = OrderedDict()

    def __len__(self) -> int:
        """How many pairs are remembered."""
        return len(self._digests)

    def has(self, guess: Guess) -> bool:
        """Was this one right the last time?"""
        return guess.digest in self._digests.get(_pair(guess), ())

    def note(self, guess: Guess) -> None:
        """It is right."""
        others = self._without(guess)
        self._digests[_pair(guess)] = (*others, guess.digest)[-MAX_DIGESTS:]
        self._digests.move_to_end(_pair(guess))
        if len(self._digests) > self._max_pairs:
            self._digests.popitem(last=False)

    def forget(self, guess: Guess) -> None:
        """It is right no longer."""
        if others := self._without(guess):
            self._digests[_pair(guess)] = others
        else:
            self._digests.pop(_pair(guess), None)

    def _without(self, guess: Guess) -> tuple[str, ...]:
        return tuple(digest for digest in self._digests.get(_pair(guess), ()) if digest != guess.digest)


def _pair(guess: Guess) -> tuple[str, str]:
    return guess.account, guess.network
