"""Which lines of the log are wanted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from attrs import frozen

from mailgate.control.calls import Arguments, CallError
from mailgate.control.log_rendering import RANKS, Event, level_of
from mailgate.facts import Fact
from mailgate.limits.networks import Networks

FILTERS: Final = ("level", "user", "address", "client", "session", "message")
LEVEL: Final = "info"
ANYWHERE: Final = Networks()
# Where facts have what is asked for: a text, or a tuple of them.
_USERS: Final = ("user", "maildrops")
_ADDRESSES: Final = ("user", "maildrops", "sender", "recipient", "recipients")
_MESSAGES: Final = ("message", "message_id")


@frozen
class Filter:
    """All of it has to fit. Texts are casefolded; empty: any."""

    rank: int
    user: str = ""
    address: str = ""
    clients: Networks = ANYWHERE
    session: str = ""
    message: str = ""

    def fits(self, content: Fact | Event) -> bool:
        """Is it wanted? What is no fact belongs to nobody: it is wanted by who asks for nothing but a level."""
        if RANKS.get(level_of(content), RANKS[LEVEL]) < self.rank:
            return False
        if not (self.user or self.address or self.clients or self.session or self.message):
            return True
        return isinstance(content, Fact) and self._is_about(content)

    def _is_about(self, fact: Fact) -> bool:
        if self.clients and not self.clients.contains(getattr(fact, "client", "")):
            return False
        return (
            _has(fact, ("session",), self.session)
            and _has(fact, _MESSAGES, self.message)
            and _has(fact, _USERS, self.user)
            and _has(fact, _ADDRESSES, self.address)
        )


def filter_in(arguments: Arguments) -> Filter:
    """What a call asks for. Raises `CallError` "bad"."""
    level, client = arguments.text("level", LEVEL), arguments.text("client")
    if level not in RANKS:
        raise CallError("bad", f"level has to be one of {', '.join(RANKS)}, not {level[:80]!r}")
    try:
        clients = Networks([client] if client else [])
    except ValueError as error:
        raise CallError("bad", f"client: {error}") from None
    texts = {name: arguments.text(name).strip("<>").casefold() for name in ("user", "address", "session", "message")}
    return Filter(RANKS[level], clients=clients, **texts)


def _has(fact: Fact, names: Collection[str], wanted: str) -> bool:
    return not wanted or any(_is(getattr(fact, name, ""), wanted) for name in names)


def _is(value: Any, wanted: str) -> bool:
    if isinstance(value, str):
        return value.casefold() == wanted
    return isinstance(value, tuple) and any(one.casefold() == wanted for one in value)  # of a sweep it is a number
