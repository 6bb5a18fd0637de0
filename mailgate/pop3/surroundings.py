"""What the sessions of a POP3 listener are given."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from attrs import field, frozen
from twisted.cred.portal import Portal

from mailgate.facts import Bulletin
from mailgate.interfaces import ITally, IThrottle
from mailgate.pop3.listings import Listings
from mailgate.pop3.personality import Personality
from mailgate.pop3.surrogates import SurrogateSizes
from mailgate.rules import Promise
from mailgate.waits import no_pause


@frozen(kw_only=True)
class Surroundings:
    """One value a listener, shared by its sessions."""

    personality: Personality
    portal: Portal
    bulletin: Bulletin
    new_id: Callable[[], str]  # names unexpected errors
    now: Callable[[], float]  # counts seconds; only differences matter
    clock: Callable[[], float] = time.time  # Unix time, seconds
    pause: Callable[[], Awaitable[None]] = no_pause  # waits until others have had their turn
    promise: Callable[[], Promise] = Promise  # what CAPA says before the login, true for all accounts
    tally: ITally | None = None  # who has logged in lately; without one nobody has to wait between logins
    throttle: IThrottle | None = None  # who slows and refuses guessed passwords; without one nobody does
    listings: Listings = field(factory=Listings)
    surrogate_sizes: SurrogateSizes = field(factory=SurrogateSizes)
