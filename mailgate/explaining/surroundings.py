"""What an explanation is made from: the rooms that mail goes through, as far as they can be asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from attrs import field, frozen
from twisted.internet.interfaces import IReactorTime

from mailgate.accounts.domains import Domains
from mailgate.accounts.ruling import Rulebook
from mailgate.interfaces import IDirectory
from mailgate.limits.admission import (
    CONNECTIONS,
    CONNECTIONS_PER_CLIENT,
    CONNECTIONS_PER_MINUTE,
    EXEMPT,
    Admission,
)
from mailgate.limits.networks import Networks
from mailgate.pipeline import TOTAL_SECONDS
from mailgate.pipeline import Step as Judge
from mailgate.smtp.personality import MAX_HOPS, MAX_LINE_OCTETS, MAX_MESSAGE_OCTETS
from mailgate.sweeping.schedule import Schedule


def _always() -> bool:
    return True


@frozen(kw_only=True)
class Limits:
    """Who may come in. 0 is no limit."""

    connections: int = CONNECTIONS
    connections_per_client: int = CONNECTIONS_PER_CLIENT
    connections_per_minute: int = CONNECTIONS_PER_MINUTE
    exempt: Networks = field(factory=lambda: Networks(EXEMPT))
    admission: Admission | None = None  # who is there now; None: no gateway runs here


@frozen(kw_only=True)
class Surroundings:
    """Plain arguments of one gateway. Nothing is asked that would change anything."""

    hostname: str
    directory: IDirectory
    rulebook: Rulebook
    domains: Domains | None  # what `directory` goes by; None: anybody is somebody (development)
    usage: Callable[[str], Awaitable[tuple[int, int]]]  # as `abilities.IUsage` has it
    place: Callable[[str], str]  # a maildrop's directory; raises `StoreError` for a name that makes none
    schedule: Schedule
    now: Callable[[], float]  # Unix time, in seconds
    new_id: Callable[[], str]
    judges: Sequence[Judge] = ()  # policies and handlers, in their order
    judges_seconds: float = TOTAL_SECONDS  # for all of a message together
    clock: IReactorTime | None = None  # the running reactor's; None: nothing here can wait
    permanent: bool = False  # is a full maildrop refused with 552?
    relays: bool = False  # is mail of users for other systems taken?
    has_room: Callable[[], bool] = _always  # is the disk not too full?
    max_message_octets: int = MAX_MESSAGE_OCTETS  # on the wire
    max_line_octets: int = MAX_LINE_OCTETS
    max_hops: int = MAX_HOPS
    limits: Limits = field(factory=Limits)
