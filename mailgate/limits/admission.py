"""Who may come in: connections in all and for each client, and how many new ones a minute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mailgate.clients import network_of, site_of
from mailgate.limits.networks import LOCAL, Network, Networks
from mailgate.limits.rates import Rate

CONNECTIONS: Final = 1_000
CONNECTIONS_PER_CLIENT: Final = 30
CONNECTIONS_PER_MINUTE: Final = 120  # new ones, for each client
EXEMPT: Final = (Network("127.0.0.0/8"), Network("::1/128"), LOCAL)

MX: Final = "smtp"  # the listener that anybody on the Internet may try
MX_PERCENT: Final = 75  # of `connections`, for strangers on it; the rest is for users: submission, POP3
RESERVED_PERCENT: Final = 10  # of `connections`, besides them, for those in `exempt` alone
MIN_RESERVED: Final = 20
CLIENTS_PER_SITE: Final = 4  # an IPv6 site (a /48) may take as much as so many clients (/64s)

# How the reasons begin: which of the two a client should hear, whatever the numbers behind it are.
TOO_MANY: Final = "too many connections"
TOO_MANY_NEW: Final = "too many new connections"

_MINUTE_SECONDS: Final = 60.0

Leave = Callable[[], None]


class Admission:
    """Counts the connections of all listeners that share it. A limit of 0 is none.

    A client is a network as `network_of` gives it; an IPv6 site counts as well, with a larger bound, as it has 65,536
    of these. Clients in `exempt` have no limit of their own. Some room is theirs alone, so strangers never shut them
    out; beyond it they take from `connections` like others, so they cannot exhaust the process either. Strangers on
    the MX's listener may not take all of `connections`.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        connections: int = CONNECTIONS,
        connections_per_client: int = CONNECTIONS_PER_CLIENT,
        connections_per_minute: int = CONNECTIONS_PER_MINUTE,
        exempt: Networks | None = None,
    ) -> None:
        """`clock` counts seconds and never goes back. `exempt` is `EXEMPT` if not given."""
        self._connections = connections
        self._reserved = max(connections * RESERVED_PERCENT // 100, MIN_RESERVED)
        self._on_mx = connections - connections * (100 - MX_PERCENT) // 100  # one at least
        self._per_client = connections_per_client
        self._per_minute = connections_per_minute
        self._rate = Rate(connections_per_minute, _MINUTE_SECONDS, clock)
        self._site_rate = Rate(connections_per_minute * CLIENTS_PER_SITE, _MINUTE_SECONDS, clock)
        self._exempt = Networks(EXEMPT) if exempt is None else exempt
        self._clients: dict[str, int] = {}
        self._sites: dict[str, int] = {}  # without those that are exempt: their neighbours would pay for them
        self._exempt_total = 0
        self._mx_total = 0  # strangers on it
        self.total = 0  # how many there are
        self.refused = 0  # how many were not let in, so far

    @property
    def clients(self) -> Mapping[str, int]:
        """How many connections each client has now."""
        return MappingProxyType(self._clients)

    @property
    def most(self) -> int:
        """How many connections there can be at a time; 0: there is no limit."""
        return self._connections and self._connections + self._reserved

    def enter(self, client: str, listener: str) -> Leave | str:
        """Let a client in, and give what to call when it leaves (once counts), or say why it cannot come in: a text
        that begins with `TOO_MANY` or `TOO_MANY_NEW`. `listener` is the section of the configuration: "smtp", "pop3".
        """
        is_exempt = self._exempt.contains(client)
        network, site = network_of(client), "" if is_exempt else site_of(client)
        on_mx = listener == MX and not is_exempt
        objection = self._exempt_objection() if is_exempt else self._objection(network, site, on_mx=on_mx)
        if objection:
            self.refused += 1
            return objection
        self._count(1, network, site, is_exempt=is_exempt, on_mx=on_mx)
        present = True

        def leave() -> None:
            nonlocal present
            if present:
                present = False
                self._count(-1, network, site, is_exempt=is_exempt, on_mx=on_mx)

        return leave

    def _exempt_objection(self) -> str:
        if self._exempt_total < self._reserved or not self._is_full():
            return ""
        return f"{TOO_MANY} in all ({self.most})"

    def _objection(self, network: str, site: str, *, on_mx: bool) -> str:
        if self._is_full():
            return f"{TOO_MANY} in all ({self._connections})"
        if self._connections and on_mx and self._mx_total >= self._on_mx:
            return f"{TOO_MANY} of strangers ({self._on_mx})"
        if self._per_client and self._clients.get(network, 0) >= self._per_client:
            return f"{TOO_MANY} of its own ({self._per_client})"
        if self._per_client and self._sites.get(site, 0) >= (most := self._per_client * CLIENTS_PER_SITE):
            return f"{TOO_MANY} of its site {site} ({most})"
        return self._haste(network, site)  # last: what is refused for another reason does not count

    def _haste(self, network: str, site: str) -> str:
        if site and not self._site_rate.fits(site):  # only asked, as the client's own rate may refuse it yet
            return f"{TOO_MANY_NEW} of its site {site} in a minute ({self._per_minute * CLIENTS_PER_SITE})"
        if not self._rate.take(network):
            return f"{TOO_MANY_NEW} in a minute ({self._per_minute})"
        if site:
            self._site_rate.take(site)
        return ""

    def _is_full(self) -> bool:
        """Is what all share taken: by strangers, and by those exempt who are more than the room of their own?"""
        if not self._connections:
            return False
        strangers = self.total - self._exempt_total
        return strangers + max(0, self._exempt_total - self._reserved) >= self._connections

    def _count(self, one: int, network: str, site: str, *, is_exempt: bool, on_mx: bool) -> None:
        self.total += one
        self._exempt_total += one * is_exempt
        self._mx_total += one * on_mx
        _add(self._clients, network, one)
        if site:
            _add(self._sites, site, one)


def _add(counts: dict[str, int], key: str, one: int) -> None:
    counts[key] = counts.get(key, 0) + one
    if not counts[key]:
        del counts[key]
