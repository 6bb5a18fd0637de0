"""What a protocol brings along to be served: a machine for the octets, a session for the decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

from mailgate.wire.output import Output

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
R_contra = TypeVar("R_contra", contravariant=True)
Ending = Literal["time-out", "stopped"]


class Machine(Protocol[R_contra]):
    """Bytes to events, replies to bytes. Never raises at the peer's fault."""

    @property
    def buffered(self) -> int:
        """Octets that have arrived and are not yet part of an event."""

    def receive(self, data: bytes) -> None:
        """Take octets from the peer."""

    def next_event(self) -> object | None:
        """The next event; None if more octets are needed first, or the last event waits for its reply."""

    def send(self, reply: R_contra) -> Output:
        """Put a reply into octets, and go where it leads."""


class Session(Protocol[R_co]):
    """Decisions: an event in, a reply out."""

    def seconds_left(self, silent_seconds: float) -> float:
        """How long the peer, silent for so long, may go on so; 0 or less: its time is up.

        While the peer does nothing this may only become less, and what it does may only make it more, STARTTLS
        excepted: the connection looks again when the time would be up that it was told last.
        """

    @property
    def at_rest(self) -> bool:
        """May the session be ended now? False while a message's content is coming in."""

    async def answer(self, event: Any) -> R_co | None:
        """The reply to an event; None for an event that wants none. Raises nothing but CancelledError."""

    def secured(self, tls: str) -> None:
        """TLS is up; `tls` says which."""

    def farewell(self, ending: Ending) -> R_co | None:
        """What to say, unasked, before the connection is closed; None: close in silence."""

    def lost(self) -> None:
        """The connection is gone; what `answer` is waiting for is cancelled next."""

    def ended(self, reason: str, octets_in: int, octets_out: int) -> None:
        """The connection is gone. Called exactly once, after the last `answer` is done."""


Build = Callable[[str, int], tuple[Machine[R], Session[R]]]  # for a client's address and port
