"""Counts what becomes of clients: sessions, and logins. Knows which sessions are open, and at which listener."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import define

from mailgate import facts
from mailgate.metrics.families import Counter, Family, Gauge, Labels

IN_CLEAR: Final = "none"  # the label of a session without TLS
MAX_OPEN: Final = 100_000  # more than a gateway can have; the oldest are forgotten then


@define
class _Open:
    listener: str
    tls: str


class Sessions:
    """`reads` says what to call for which fact."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}  # by the session's id
        self.begun = Counter("mailgate_sessions_total", "Sessions that began.", "listener")
        self.secured = Counter(
            "mailgate_sessions_secured_total", "Sessions that went over to TLS or began with it.", "listener", "tls"
        )
        self.ended = Counter("mailgate_sessions_ended_total", "Sessions that ended.", "listener", "tls", "reason")
        self.seconds = Counter("mailgate_session_seconds_total", "How long ended sessions lasted.", "listener")
        self.octets = Counter(
            "mailgate_session_bytes_total", "What went over the wire in ended sessions.", "listener", "direction"
        )
        self.turned_away = Counter(
            "mailgate_turned_away_total", "Connections that were closed before there was a session.", "listener"
        )
        self.logins = Counter(
            "mailgate_logins_total",
            "Logins: right, wrong, throttled (refused without a look), deferred (through no fault of the client).",
            "listener",
            "result",
        )
        self.reads: Mapping[type[facts.Fact], Callable[[Any], None]] = {
            facts.Connected: self._connected,
            facts.Secured: self._secured,
            facts.Disconnected: self._disconnected,
            facts.LoggedIn: lambda fact: self.logins.add((fact.listener, "right")),
            facts.LoginFailed: lambda fact: self.logins.add((fact.listener, "wrong")),
            facts.LoginThrottled: lambda fact: self.logins.add((fact.listener, "throttled")),
            facts.LoginDeferred: lambda fact: self.logins.add((fact.listener, "deferred")),
        }

    @property
    def families(self) -> tuple[Family, ...]:
        """What there is to tell."""
        now = Gauge("mailgate_sessions_open", "Sessions that are open.", ("listener", "tls"), self.now)
        return (self.begun, self.secured, self.ended, self.seconds, self.octets, self.turned_away, self.logins, now)

    def now(self) -> Mapping[Labels, int]:
        """How many are open, by listener and TLS; a listener that has none just now is there with 0."""
        count: dict[Labels, int] = {(listener, IN_CLEAR): 0 for (listener,) in self.begun.values}
        for known in self._open.values():
            labels = (known.listener, known.tls)
            count[labels] = count.get(labels, 0) + 1
        return count

    def _connected(self, fact: facts.Connected) -> None:
        self.begun.add((fact.listener,))
        if len(self._open) >= MAX_OPEN:
            del self._open[next(iter(self._open))]
        self._open[fact.session] = _Open(fact.listener, IN_CLEAR)

    def _secured(self, fact: facts.Secured) -> None:
        known = self._open.get(fact.session)
        if known is not None:
            known.tls = _version(fact.tls)
            self.secured.add((known.listener, known.tls))

    def _disconnected(self, fact: facts.Disconnected) -> None:
        self._open.pop(fact.session, None)
        listener = fact.listener
        self.ended.add((listener, _version(fact.tls), fact.reason))
        self.seconds.add((listener,), fact.seconds)
        self.octets.add((listener, "in"), fact.octets_in)
        self.octets.add((listener, "out"), fact.octets_out)


def _version(tls: str) -> str:
    """Of "TLSv1.3 TLS_AES_256_GCM_SHA384" the first."""
    return tls.partition(" ")[0] or IN_CLEAR
