"""What the sessions of a POP3 listener are given."""

from __future__ import annotations

import time
from collections.abc import Callable

from attrs import field, frozen
from twisted.cred.portal import Portal

from mailgate.facts import Bulletin
from mailgate.interfaces import ITally, IThrottle
from mailgate.pop3.listings import Listings
from mailgate.pop3.personality import Personality
from mailgate.pop3.surrogates import SurrogateSizes
from mailgate.rules import Promise


@frozen(kw_only=True)
class Surroundings:
    """One value a listener, shared by its sessions."""

    personality: Personality
    portal: Portal
    bulletin: Bulletin
    new_id: Callable[[], str]  # names unexpected errors
    now: Callable[[], float]  # counts seconds; only differences matter
    clock: Callable[[], float] = time.time  # Unix time, seconds
    promise: Callable[[], Promise] = Promise  # what CAPA says before the login, true for all accounts
    tally: ITally | None = None  # who has logged in lately; without one nobody has to wait between logins
    throttle: IThrottle | None = None  # who slows and refuses guessed passwords; without one nobody does
    listings: Listings = field(factory=Listings)
    surrogate_sizes: SurrogateSizes = field(factory=SurrogateSizes)
