"""The reader of facts that counts them all. It is told every fact there is: a microsecond each, and nothing kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from zope.interface import implementer

from mailgate import facts
from mailgate.interfaces import IFactReader
from mailgate.metrics.families import Family
from mailgate.metrics.maildrops import Maildrops
from mailgate.metrics.messages import Messages
from mailgate.metrics.recent import HOUR_SECONDS, MINUTE_SECONDS, Recent
from mailgate.metrics.sessions import Sessions
from mailgate.metrics.trouble import Trouble

# What is also counted for the last minute and hour.
RATES: Final[Mapping[str, tuple[type[facts.Fact], ...]]] = {
    "messages": (facts.Accepted,),
    "refused": (facts.MessageRefused, facts.CommandRefused),
    "fetched": (facts.Fetched,),
    "logins": (facts.LoggedIn,),
    "wrong_logins": (facts.LoginFailed, facts.LoginThrottled),
    "not_delivered": (facts.NotDelivered,),
    "errors": (facts.Failed,),
}


@implementer(IFactReader)
class Counts:
    """One gateway's. Connections that were turned away are no matter of `read`, as few of them become facts that are
    told: `turned_away` wants all.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and never goes back."""
        self.sessions = Sessions()
        self.messages = Messages()
        self.maildrops = Maildrops()
        self.trouble = Trouble()
        self._recent = {name: Recent(clock) for name in RATES}
        self._of_rates = {kind: self._recent[name].add for name, kinds in RATES.items() for kind in kinds}
        self._reads = self._merged()

    @property
    def families(self) -> tuple[Family, ...]:
        """All that was counted."""
        return (*self.sessions.families, *self.messages.families, *self.maildrops.families, *self.trouble.families)

    def read(self, fact: facts.Fact) -> None:
        """Count it. A fact that nobody here knows is none to count."""
        kind = type(fact)
        count = self._reads.get(kind)
        if count is not None:
            count(fact)
            happened = self._of_rates.get(kind)
            if happened is not None:
                happened()

    def turned_away(self, fact: facts.TurnedAway) -> None:
        """Count a connection that was turned away."""
        self.sessions.turned_away.add((fact.listener,))

    def rates(self) -> dict[str, dict[str, int]]:
        """How often things happened within the last minute and hour, by the names of `RATES`."""
        return {
            name: {"minute": recent.last(MINUTE_SECONDS), "hour": recent.last(HOUR_SECONDS)}
            for name, recent in self._recent.items()
        }

    def _merged(self) -> Mapping[type[facts.Fact], Callable[[Any], None]]:
        """What to call, by a fact's own class. The end of a POP3 session is that of a session, too."""
        ends, closes = self.sessions.reads[facts.Disconnected], self.maildrops.reads[facts.MaildropClosed]

        def closed(fact: facts.MaildropClosed) -> None:
            ends(fact)
            closes(fact)

        reads = {**self.sessions.reads, **self.messages.reads, **self.maildrops.reads, **self.trouble.reads}
        return {**reads, facts.MaildropClosed: closed}
