"""What the sessions of an SMTP listener share."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from attrs import frozen
from twisted.cred.portal import Portal

from mailgate.facts import Bulletin
from mailgate.interfaces import IDelivery, IDirectory, IThrottle
from mailgate.mail import Destination, Envelope
from mailgate.pipeline import Pipeline
from mailgate.smtp.personality import Personality
from mailgate.spool import SpoolFactory


def no_limit(client: str) -> bool:
    """Let everybody name as many recipients as they like."""
    return True


def strict(client: str) -> bool:
    """Normalise nobody's content."""
    return False


def plenty() -> bool:
    """Take mail however little room there is."""
    return True


async def no_quotas(envelope: Envelope, destinations: Sequence[Destination]) -> None:
    """Let maildrops grow without end."""


@frozen(kw_only=True)
class Surroundings:
    """Made once a listener."""

    personality: Personality
    pipeline: Pipeline
    directory: IDirectory
    delivery: IDelivery
    portal: Portal | None  # None: nobody can log in
    spools: SpoolFactory
    bulletin: Bulletin
    new_id: Callable[[], str]
    now: Callable[[], float]  # Unix time, seconds
    elapsed: Callable[[], float] = time.monotonic  # seconds; a clock that is set does not move it
    may_name_recipient: Callable[[str], bool] = no_limit  # may the client with this address name one more now?
    normalises: Callable[[str], bool] = strict  # are line ends of the client with this address put right?
    has_room: Callable[[], bool] = plenty  # is there room for more mail? (`reserve.Reserve.has_room`)
    # May the message come to the destinations of a recipient? Raises `Refused` (`quotas.Quotas.check`).
    check_quotas: Callable[[Envelope, Sequence[Destination]], Awaitable[None]] = no_quotas
    throttle: IThrottle | None = None  # who slows and refuses guessed passwords; without one nobody does
