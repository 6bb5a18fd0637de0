"""What is remembered of logins: which passwords were wrong, which names were tried in vain, who logs in from where.

Three tallies, so that nobody drives out what is not theirs: names that nobody has can be made up by the thousand, and
stand apart from the accounts; and the pairs of network and account that logged in stand apart from all failures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mailgate.interfaces import ITally
from mailgate.limits.guess import Guess
from mailgate.rules import DAY_SECONDS

HOUR_SECONDS: Final = 3_600.0
MINUTE_SECONDS: Final = 60.0
EXEMPT_SECONDS: Final = float(DAY_SECONDS)  # after its last login
MAX_NETWORKS: Final = 50  # exempt for one account; a user's own logins drive out nobody else's

# What keys begin with. A name has no line breaks, so one account's keys are nobody else's beginning.
WRONG, HERE, NEWCOMERS, VAIN, LOOKS, PAIRS = "wrong\n", "here\n", "newcomers\n", "vain\n", "looks\n", "pairs\n"


class Ledger:
    """Counts on tallies. Windows are an hour, unless something else is said."""

    def __init__(self, accounts: ITally, strangers: ITally, pairs: ITally) -> None:
        """Of accounts that exist; of names that nobody has, and networks; of who logged in from where."""
        self.accounts = accounts
        self.strangers = strangers
        self.pairs = pairs

    # Failures.

    async def wrong(self, guess: Guess) -> Mapping[str, float]:
        """The digests of the account's wrong passwords, and for how many seconds each counts."""
        return await self._of(guess).members(_wrong(guess.account))

    async def wrong_from_here(self, guess: Guess) -> Mapping[str, float]:
        """The same, of those that came from the guess's origin."""
        return await self._of(guess).members(_here(guess.account, guess.origin))

    async def names_in_vain(self, network: str) -> Mapping[str, float]:
        """The names that were tried in vain from a network or site, and have not logged in there since."""
        return await self.strangers.members(_vain(network))

    async def note_wrong(self, guess: Guess) -> None:
        """The password was wrong. Whether the account exists makes no difference that could be seen."""
        tally = self._of(guess)
        await tally.distinct(_wrong(guess.account), guess.digest, HOUR_SECONDS)
        await tally.distinct(_here(guess.account, guess.origin), guess.digest, HOUR_SECONDS)
        for network in {guess.network, guess.origin}:
            await self.strangers.distinct(_vain(network), guess.account, HOUR_SECONDS)

    # What is let through all the same.

    async def newcomers(self, guess: Guess) -> int:
        """How many origins were new to the account while it was under attack, and were heard all the same."""
        return await self._of(guess).add(_newcomers(guess.account), 0, HOUR_SECONDS)

    async def note_newcomer(self, guess: Guess) -> None:
        """One more is heard."""
        await self._of(guess).add(_newcomers(guess.account), 1, HOUR_SECONDS)

    async def looks(self, guess: Guess) -> int:
        """How often within the last minute an origin with too many names in vain was heard all the same."""
        return await self.strangers.add(_looks(guess.origin), 0, MINUTE_SECONDS)

    async def note_look(self, guess: Guess) -> None:
        """It is heard once more."""
        await self.strangers.add(_looks(guess.origin), 1, MINUTE_SECONDS)

    # Successes.

    async def is_exempt(self, guess: Guess) -> bool:
        """Has the account logged in from this network within a day?"""
        return guess.network in await self.pairs.members(_pairs(guess.account))

    async def note_right(self, guess: Guess) -> None:
        """The password was right. The account's wrong ones still count: they were not its user's, for all we know."""
        key = _pairs(guess.account)
        if await self.pairs.distinct(key, guess.network, EXEMPT_SECONDS) > MAX_NETWORKS:
            networks = await self.pairs.members(key)
            await self.pairs.drop(key, min(networks, key=networks.__getitem__))
        await self._of(guess).drop(_wrong(guess.account), guess.digest)  # it was wrong until it was set
        for network in {guess.network, guess.origin}:
            await self.strangers.drop(_vain(network), guess.account)

    # What an administrator takes back.

    async def clear_account(self, account: str) -> None:
        """Forget the failures of an account, or of a name that nobody has."""
        for tally in (self.accounts, self.strangers):
            for key in (_wrong(account), _here(account, ""), _newcomers(account)):
                await tally.forget(key)

    async def clear_network(self, network: str) -> None:
        """Forget the names that were tried in vain from a network or site."""
        await self.strangers.forget(_vain(network))
        await self.strangers.forget(_looks(network))

    async def clear_all(self) -> None:
        """Forget all failures."""
        await self.accounts.forget("")
        await self.strangers.forget("")

    def _of(self, guess: Guess) -> ITally:
        return self.accounts if guess.exists else self.strangers


def _wrong(account: str) -> str:
    return f"{WRONG}{account}\n"


def _here(account: str, origin: str) -> str:
    return f"{HERE}{account}\n{origin}"


def _newcomers(account: str) -> str:
    return f"{NEWCOMERS}{account}\n"


def _vain(network: str) -> str:
    return f"{VAIN}{network}\n"


def _looks(origin: str) -> str:
    return f"{LOOKS}{origin}\n"


def _pairs(account: str) -> str:
    return f"{PAIRS}{account}\n"
