"""Which lines of the log are wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Set
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


Names = frozenset[str]  # all that somebody may be called by
NOBODY: Final[Names] = frozenset()
AccountOf = Callable[[str], str | None]  # the account that a login name means


@frozen
class Filter:
    """All of it has to fit. Texts are casefolded; empty: any."""

    rank: int
    user: Names = NOBODY
    address: Names = NOBODY
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
            _has(fact, ("session",), {self.session} - {""})
            and _has(fact, _MESSAGES, {self.message} - {""})
            and _has(fact, _USERS, self.user)
            and _has(fact, _ADDRESSES, self.address)
        )


def filter_in(arguments: Arguments, account_of: AccountOf = lambda name: None) -> Filter:
    """What a call asks for. Who logs in may leave the domain out where there is one: `account_of` says who is meant,
    and lines with either name are wanted. Raises `CallError` "bad".
    """
    level, client = arguments.text("level", LEVEL), arguments.text("client")
    if level not in RANKS:
        raise CallError("bad", f"level has to be one of {', '.join(RANKS)}, not {level[:80]!r}")
    try:
        clients = Networks([client] if client else [])
    except ValueError as error:
        raise CallError("bad", f"client: {error}") from None
    user, address, session, message = (
        arguments.text(name).strip("<>").casefold() for name in ("user", "address", "session", "message")
    )
    return Filter(
        RANKS[level],
        user=_names_of(user, account_of),
        address=_names_of(address, account_of),
        clients=clients,
        session=session,
        message=message,
    )


def _names_of(text: str, account_of: AccountOf) -> Names:
    account = account_of(text) if text else None
    if account is None:
        return frozenset({text} - {""})
    short = account.rpartition("@")[0]
    return frozenset({text, account.casefold(), *([short.casefold()] if account_of(short) == account else [])})


def _has(fact: Fact, names: Collection[str], wanted: Set[str]) -> bool:
    return not wanted or any(_is(getattr(fact, name, ""), wanted) for name in names)


def _is(value: Any, wanted: Set[str]) -> bool:
    if isinstance(value, str):
        return value.casefold() in wanted
    return isinstance(value, tuple) and any(one.casefold() in wanted for one in value)  # of a sweep it is a number
