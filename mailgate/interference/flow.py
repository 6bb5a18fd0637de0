"""What the decorated session has to know of its protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from mailgate.interference.phases import Parties


class Flow(Protocol):
    """Follows one client: who it is, what it wants, and what it was granted. Never asks the session."""

    silent: tuple[type, ...]  # events that want no reply
    goodbye: Any  # the reply that ends a session about which nothing is known any more

    def begin(self, event: Any) -> Sequence[str]:
        """The phases at which this event is, before the session is asked. Called once an event, and first."""

    def parties(self, event: Any) -> Parties:
        """Who is known at this event."""

    def behind(self, event: Any) -> str | None:
        """The phase at which this event is when the session has answered it well."""

    def told_instead(self, event: Any) -> Any | None:
        """What the session is to be asked where this event is kept from it; None: nothing."""

    def refusal(self, event: Any, reply: Any, own: Any) -> Any:
        """The answer by which `reply` refuses; `own` is the session's answer to what it was told instead."""

    def cut_short(self, event: Any) -> Any | None:
        """The refusal that is said, or begun, where the reply to this event is cut before the session was asked and
        the client could not hear what is done; None: it may be done all the same.
        """

    def parts(self, event: Any, answer: Any) -> Sequence[tuple[Any, Parties]]:
        """The single replies of an answer, and who is concerned by each."""

    def learn(self, event: Any, answer: Any) -> None:
        """The client hears this."""

    def secured(self) -> None:
        """TLS is up: what was known from before is forgotten."""
