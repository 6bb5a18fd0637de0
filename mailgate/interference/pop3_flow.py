"""POP3 as faults see it: the user and the phases (RFC 1939 3; RFC 5034 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from mailgate.interference.exchange import Exchange
from mailgate.interference.phases import Parties, fold
from mailgate.interference.replies import DEFAULT_TEXT
from mailgate.pop3 import events
from mailgate.pop3.reply import Reply

_PHASES: Final[Mapping[type, str]] = {
    events.Connected: "greeting",
    events.Capa: "capa",
    events.Stls: "stls",
    events.Pass: "login",
    events.Stat: "stat",
    events.List: "list",
    events.Uidl: "uidl",
    events.Top: "top",
    events.Retr: "retr",
    events.Dele: "dele",
    events.Quit: "quit",
}

CUT_SHORT: Final = Reply(False, DEFAULT_TEXT, "SYS/TEMP", close=True)


class POP3Flow:
    """Implements `flow.Flow`."""

    silent: tuple[type, ...] = ()
    goodbye: Any = Reply(False, "something went wrong here, try again later", "SYS/TEMP", close=True)

    def __init__(self) -> None:
        self._exchange = Exchange()
        self._named: str | None = None  # by USER
        self._user: str | None = None  # who has logged in

    def begin(self, event: events.Event) -> Sequence[str]:
        if isinstance(event, events.Auth):
            self._exchange.begin(event.mechanism, event.initial)
        elif isinstance(event, events.Response):
            self._exchange.go_on(event.line)
        else:
            return (_PHASES[type(event)],) if type(event) in _PHASES else ()
        return () if self._exchange.name is None else ("login",)

    def parties(self, event: events.Event) -> Parties:
        name = self._user
        if isinstance(event, events.Pass):
            name = self._named
        elif isinstance(event, events.Auth | events.Response):
            name = self._exchange.name
        return Parties(user=None if name is None else fold(name))

    def behind(self, event: events.Event) -> str | None:
        return "updated" if isinstance(event, events.Quit) else None

    def told_instead(self, event: events.Event) -> events.Event | None:
        return event if isinstance(event, events.Connected) else None  # so that the log knows of the connection

    def refusal(self, event: events.Event, reply: Reply, own: Reply | None) -> Reply:
        # RFC 1939 3 has no -ERR for a greeting: who says it shows the client out.
        return evolve(reply, close=True) if isinstance(event, events.Connected) else reply

    def cut_short(self, event: events.Event) -> Reply | None:
        return CUT_SHORT if isinstance(event, events.Quit) else None

    def parts(self, event: events.Event, answer: Reply) -> Sequence[tuple[Reply, Parties]]:
        return [(answer, self.parties(event))]

    def learn(self, event: events.Event, answer: Reply) -> None:
        if not answer.ok or answer.challenge is not None:
            return
        match event:
            case events.User(name):
                self._named = name
            case events.Pass() | events.Auth() | events.Response():
                self._user = self.parties(event).user

    def secured(self) -> None:
        self._named = None  # RFC 2595 section 4
