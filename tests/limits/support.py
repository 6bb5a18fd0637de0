"""What the tests of throttled logins share: a throttle on a clock, and throttles that do one thing."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from mailgate.interfaces import IAttempt, IThrottle
from mailgate.limits.guess import Guess
from mailgate.limits.ledger import Ledger
from mailgate.limits.logins import LoginThrottle
from mailgate.limits.throttled import Throttled
from mailgate.tally import Tally
from tests.support import outcome_of, result_of, started

ALICE, BOB = "alice@example.test", "bob@example.test"
EXISTING = {"alice": ALICE, "ALICE": ALICE, ALICE: ALICE, "bob": BOB, BOB: BOB}
HOME, CAFE, EVIL = "192.0.2.1", "198.51.100.7", "203.0.113.66"


def a_guess(account: str = ALICE, *, exists: bool = True, network: str = HOME, digest: str = "d") -> Guess:
    """A guess from a network that is its own origin."""
    return Guess(account, exists, network, network, digest)


def account_of(typed: str) -> str | None:
    """alice and bob are there."""
    return EXISTING.get(typed)


class Door:
    """A throttle, and logins at it. Passwords are right if they say so."""

    def __init__(self, **limits: Any) -> None:
        self.clock = Clock()
        self.accounts, self.strangers, self.pairs = (Tally(self.clock.seconds) for _ in range(3))
        self.limits = limits
        self.throttle = self.made()

    def made(self) -> LoginThrottle:
        """Another one on the same tallies, as after a restart."""
        return LoginThrottle(Ledger(self.accounts, self.strangers, self.pairs), account_of, self.clock, **self.limits)

    def begin(self, client: str, account: str, password: str) -> Deferred[IAttempt]:
        return started(self.throttle.begin(client, account, password.encode()))

    def log_in(self, client: str, account: str, password: str) -> float | str:
        """How many seconds it had to wait, or why it was refused; a whole login."""
        began = self.clock.seconds()
        attempt = self.begin(client, account, password)
        while not attempt.called:
            self.clock.advance(1)
        try:
            begun = outcome_of(attempt)
        except Throttled as refusal:
            return str(refusal)
        result_of(begun.right() if password.startswith("right") else begun.wrong())
        return self.clock.seconds() - began

    def guess(self, client: str, account: str, count: int, first: int = 0) -> list[float | str]:
        """So many wrong passwords, one after the other."""
        return [self.log_in(client, account, f"wrong {number}") for number in range(first, first + count)]


@implementer(IThrottle)
class Refusing:
    """Refuses everybody."""

    async def begin(self, client: str, account: str, password: bytes) -> IAttempt:
        raise Throttled("10 wrong passwords for the account")


@implementer(IAttempt)
class Noted:
    """An attempt that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def right(self) -> None:
        self.told.append("right")

    async def wrong(self) -> None:
        self.told.append("wrong")

    def undecided(self) -> None:
        self.told.append("undecided")


@implementer(IThrottle)
class Slow:
    """Gives leave when its gate opens."""

    def __init__(self) -> None:
        self.gate: Deferred[None] | None = None
        self.asked: list[tuple[str, str, bytes]] = []
        self.attempt = Noted()

    async def begin(self, client: str, account: str, password: bytes) -> IAttempt:
        self.asked.append((client, account, password))
        if self.gate is not None:
            await self.gate
        return self.attempt
