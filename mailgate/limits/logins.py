"""Slows and refuses guessed passwords, for all protocols together, and lets users in all the while.

What counts is how many different passwords were wrong for an account, and how many different names were tried in vain
from a network, both within an hour. First logins wait, then they are refused without a look. Three things see to it
that this harms the guesser and nobody else:

- A pair of network and account that logged in within a day is exempt. Its right password passes at once; another one is
  judged by what was wrong from there alone, and counts for all like any.
- A network that is new to an account under attack is heard once, some of them an hour.
- A network with too many names in vain is heard a few times a minute.

Whether an account exists has no part in any of it: a name that nobody has counts and waits as an account does. So names
in vain are those of accounts too, until they log in from there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from mailgate.interfaces import IAttempt, IThrottle
from mailgate.limits.admission import CLIENTS_PER_SITE
from mailgate.limits.delays import MAX_SECONDS, delay_after
from mailgate.limits.guess import AccountOf, Guess, Guesses
from mailgate.limits.ledger import Ledger
from mailgate.limits.proofs import Proofs
from mailgate.limits.throttled import Throttled
from mailgate.limits.under_way import UnderWay

WRONG_PASSWORDS: Final = 10  # different ones, for an account, an hour
UNKNOWN_USERS: Final = 10  # different names in vain, from a network, an hour
NEWCOMERS: Final = 10  # networks that are new to an account under attack, an hour
LOOKS: Final = 2  # a minute, at passwords from a network with too many names in vain


@implementer(IThrottle)
class LoginThrottle:
    """One for all listeners."""

    def __init__(
        self,
        ledger: Ledger,
        account_of: AccountOf,
        clock: IReactorTime,
        *,
        wrong_passwords: int = WRONG_PASSWORDS,
        unknown_users: int = UNKNOWN_USERS,
    ) -> None:
        """`account_of` never raises; what it does not know counts as a name that nobody has. Limits are at least 1."""
        self.ledger = ledger
        self.wrong_passwords = wrong_passwords
        self.unknown_users = unknown_users
        self.looked_at = 0  # how many passwords there was leave to look at, so far
        self.refused = 0  # how many there was none
        self._guesses = Guesses(account_of)
        self._clock = clock
        self._proofs = Proofs()
        self._under_way = UnderWay()

    @property
    def under_way(self) -> int:
        """How many logins wait, or are looked at."""
        return self._under_way.count

    async def begin(self, client: str, account: str, password: bytes) -> IAttempt:
        """As `IThrottle` has it."""
        guess = self._guesses.make(client, account, password)
        self._under_way.enter(guess)
        try:
            await self._wait(guess)
        except BaseException as error:
            self._under_way.leave(guess)
            self.refused += isinstance(error, Throttled)
            raise
        self.looked_at += 1
        return _Attempt(guess, self.ledger, self._proofs, lambda: self._under_way.leave(guess))

    async def _wait(self, guess: Guess) -> None:
        seconds = await self._seconds(guess)
        if seconds > 0:
            await deferLater(self._clock, seconds)  # no thread, and no hash, is held meanwhile

    async def _seconds(self, guess: Guess) -> float:
        """How long it has to wait. Raises `Throttled`."""
        if await self.ledger.is_exempt(guess):
            return 0.0 if self._proofs.has(guess) else await self._as_known(guess)
        return await self._as_anybody(guess)

    async def _as_known(self, guess: Guess) -> float:
        """Of an exempt pair, with a password that is not known to be right: a new one, or the first after a restart."""
        wrong = _counted(guess, await self.ledger.wrong_from_here(guess), self._under_way.from_here(guess))
        if len(wrong) >= self.wrong_passwords:
            raise Throttled(f"{len(wrong)} wrong passwords for the account from this network")
        return delay_after(len(wrong - {guess.digest}))

    async def _as_anybody(self, guess: Guess) -> float:
        wrong = _counted(guess, await self.ledger.wrong(guess), self._under_way.of(guess))
        names, too_many_names = await self._names(guess)
        under_attack = len(wrong) >= self.wrong_passwords
        if under_attack:
            await self._check_newcomer(guess, wrong)
        if too_many_names:
            await self._check_look(guess, names)
        if under_attack:  # only now: what is refused takes nobody's place
            await self.ledger.note_newcomer(guess)
            return MAX_SECONDS
        return max(delay_after(len(wrong - {guess.digest})), delay_after(names))

    async def _names(self, guess: Guess) -> tuple[int, bool]:
        """How many other names were tried in vain from the network; and are they, or those of its site, too many?"""
        own = len((await self.ledger.names_in_vain(guess.network)).keys() - {guess.account})
        if guess.origin == guess.network:
            return own, own >= self.unknown_users
        site = len((await self.ledger.names_in_vain(guess.origin)).keys() - {guess.account})
        return own, own >= self.unknown_users or site >= self.unknown_users * CLIENTS_PER_SITE

    async def _check_newcomer(self, guess: Guess, wrong: Collection[str]) -> None:
        """Raises `Throttled`, unless it comes from where nobody has tried this account, and such are few."""
        from_here = _counted(guess, await self.ledger.wrong_from_here(guess), self._under_way.from_here(guess))
        if guess.digest in wrong or from_here or await self.ledger.newcomers(guess) >= NEWCOMERS:
            raise Throttled(f"{len(wrong)} wrong passwords for the account")

    async def _check_look(self, guess: Guess, names: int) -> None:
        """Raises `Throttled`, unless the network was heard rarely within the last minute."""
        if await self.ledger.looks(guess) >= LOOKS:
            raise Throttled(f"{names} names in vain from this network")
        await self.ledger.note_look(guess)


def _counted(guess: Guess, noted: Iterable[str], under_way: Iterable[str]) -> set[str]:
    """What counts against a guess: itself if it is known to be wrong, but not because it is under way."""
    return {*noted, *({*under_way} - {guess.digest})}


@implementer(IAttempt)
class _Attempt:
    def __init__(self, guess: Guess, ledger: Ledger, proofs: Proofs, leave: Callable[[], None]) -> None:
        self._guess = guess
        self._ledger = ledger
        self._proofs = proofs
        self._leave = leave

    async def right(self) -> None:
        """As `IAttempt` has it."""
        self._proofs.note(self._guess)
        await self._ledger.note_right(self._guess)
        self._leave()

    async def wrong(self) -> None:
        """As `IAttempt` has it."""
        self._proofs.forget(self._guess)
        await self._ledger.note_wrong(self._guess)
        self._leave()  # now: until it was noted it had to count

    def undecided(self) -> None:
        """As `IAttempt` has it."""
        self._leave()
