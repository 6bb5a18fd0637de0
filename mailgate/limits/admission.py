"""Who may come in: connections in all and for each client, and how many new ones a minute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mailgate.limits.networks import LOCAL, Network, Networks, network_of
from mailgate.limits.rates import Rate

CONNECTIONS: Final = 1_000
CONNECTIONS_PER_CLIENT: Final = 30
CONNECTIONS_PER_MINUTE: Final = 120  # new ones, for each client
EXEMPT: Final = (Network("127.0.0.0/8"), Network("::1/128"), LOCAL)
_MINUTE_SECONDS: Final = 60.0

Leave = Callable[[], None]


class Admission:
    """Counts the connections of all listeners that share it. A limit of 0 is none.

    A client is a network as `network_of` gives it. Clients in `exempt` have no limit of their own, and count in all.
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
        self._per_client = connections_per_client
        self._per_minute = connections_per_minute
        self._rate = Rate(connections_per_minute, _MINUTE_SECONDS, clock)
        self._exempt = Networks(EXEMPT) if exempt is None else exempt
        self._clients: dict[str, int] = {}
        self.total = 0  # how many there are
        self.refused = 0  # how many were not let in, so far

    @property
    def clients(self) -> Mapping[str, int]:
        """How many connections each client has now."""
        return MappingProxyType(self._clients)

    def enter(self, client: str) -> Leave | str:
        """Let a client in, and give what to call when it leaves (once counts), or say why it cannot come in."""
        network = network_of(client)
        if reason := self._objection(client, network):
            self.refused += 1
            return reason
        self.total += 1
        self._clients[network] = self._clients.get(network, 0) + 1
        present = True

        def leave() -> None:
            nonlocal present
            if present:
                present = False
                self._leave(network)

        return leave

    def _objection(self, client: str, network: str) -> str:
        if self._connections and self.total >= self._connections:
            return f"too many connections in all ({self._connections})"
        if self._exempt.contains(client):
            return ""
        if self._per_client and self._clients.get(network, 0) >= self._per_client:
            return f"too many connections of its own ({self._per_client})"
        if not self._rate.take(network):  # last: what is refused for another reason does not count
            return f"too many new connections in a minute ({self._per_minute})"
        return ""

    def _leave(self, network: str) -> None:
        self.total -= 1
        self._clients[network] -= 1
        if not self._clients[network]:
            del self._clients[network]
