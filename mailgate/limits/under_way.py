"""Guesses whose outcome is not known yet: they count as wrong until it is, else many at a time would be looked at for
the count of one.
"""

from __future__ import annotations

from mailgate.limits.guess import Guess


class UnderWay:
    """By account. As many as there are logins under way, which connections bound."""

    def __init__(self) -> None:
        self._guesses: dict[str, list[Guess]] = {}
        self.count = 0

    def enter(self, guess: Guess) -> None:
        """It has begun."""
        self._guesses.setdefault(guess.account, []).append(guess)
        self.count += 1

    def leave(self, guess: Guess) -> None:
        """It is over; once for each `enter`."""
        guesses = self._guesses[guess.account]
        guesses.remove(guess)
        if not guesses:
            del self._guesses[guess.account]
        self.count -= 1

    def of(self, guess: Guess) -> set[str]:
        """The digests of all that are under way for its account."""
        return {each.digest for each in self._guesses.get(guess.account, ())}

    def from_here(self, guess: Guess) -> set[str]:
        """Of those, the ones from its origin."""
        return {each.digest for each in self._guesses.get(guess.account, ()) if each.origin == guess.origin}
