"""What happens, told once: a frozen class a fact, and the Bulletin that tells them to its readers.

A fact holds plain values. Strings that came from a client are as the client sent them: a reader that writes them
somewhere makes them harmless first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import evolve, frozen


@frozen(kw_only=True)
class Fact:
    """What all facts have; the Bulletin fills it in."""

    at: float = 0.0  # Unix time, seconds
    node: str = ""  # which gateway


@frozen(kw_only=True)
class Connected(Fact):
    """A client opened a session."""

    session: str
    listener: str
    client: str
    port: int


@frozen(kw_only=True)
class TurnedAway(Fact):
    """A connection was closed before it became a session: a limit was reached, or it did not say where it is from.
    `client` is a proxy's address where the client's own is not known.
    """

    listener: str
    client: str
    reason: str


@frozen(kw_only=True)
class Secured(Fact):
    """A session went over to TLS, or began with it."""

    session: str
    tls: str


@frozen(kw_only=True)
class Disconnected(Fact):
    """A session is over. `reason` says how it ended: "quit", "lost", "time-out", "stopped", "refused"."""

    session: str
    listener: str
    client: str
    user: str
    helo: str  # what an SMTP client called itself last; never to be trusted
    tls: str  # empty: all in clear
    reason: str
    commands: int
    octets_in: int
    octets_out: int
    seconds: float


@frozen(kw_only=True)
class MaildropClosed(Disconnected):
    """A POP3 session is over in which somebody had logged in, and what became of the messages."""

    messages: int  # how many the maildrop had when it was opened
    listed: int  # how many of them LIST or UIDL told of
    fetched: int  # by RETR, whole
    fetched_octets: int
    tops: int
    deleted: int


@frozen(kw_only=True)
class LoggedIn(Fact):
    """A password was right."""

    session: str
    listener: str
    client: str
    user: str


@frozen(kw_only=True)
class LoginFailed(Fact):
    """A login was refused. `user` is what the client said; `reason` is for the log, never for the wire."""

    session: str
    listener: str
    client: str
    user: str
    reason: str


@frozen(kw_only=True)
class LoginDeferred(Fact):
    """A login cannot be now: the maildrop is busy, or nothing could be found out. Never a sign of guessed passwords.

    `user` is what the client said; `reason` is for the log.
    """

    session: str
    listener: str
    client: str
    user: str
    reason: str


@frozen(kw_only=True)
class CommandRefused(Fact):
    """A client, its greeting, a sender or a recipient was refused; `phase` is "connect", "helo", "mail" or "rcpt"."""

    message: str  # its id; empty before MAIL
    session: str
    client: str
    phase: str
    sender: str
    recipient: str
    reply: str


@frozen(kw_only=True)
class Handled(Fact):
    """A handler gave its verdict: `result` is "passed", "refused" or "discarded"; "skipped" for one that failed or
    took too long and does not matter, "failed" or "timed out" for one that does; "cancelled" if the client went away.
    """

    message: str
    handler: str
    result: str
    detail: str
    seconds: float


@frozen(kw_only=True)
class Delivered(Fact):
    """A recipient's copies are on stable storage. `copies` are the store's words for them, for the log."""

    message: str
    recipient: str
    maildrops: tuple[str, ...]
    copies: tuple[str, ...]


@frozen(kw_only=True)
class NotDelivered(Fact):
    """A delivery did not come about. `visible` names the copies that exist all the same."""

    message: str
    reason: str
    visible: tuple[str, ...]


@frozen(kw_only=True)
class Relayed(Fact):
    """The smarthost has taken a message for `recipients`; `reply` is what it said."""

    message: str
    smarthost: str
    recipients: tuple[str, ...]
    reply: str


@frozen(kw_only=True)
class NotRelayed(Fact):
    """The smarthost has not taken a message; `reply` is what it said, or what the client hears instead. `reason` says
    what an administrator has to see to, where it is our own trouble; else it is empty.
    """

    message: str
    smarthost: str
    recipients: tuple[str, ...]
    reply: str
    reason: str


@frozen(kw_only=True)
class Accepted(Fact):
    """A message was answered with 250. Without `reply_sent` it is delivered, but the client does not know."""

    message: str
    session: str
    client: str
    sender: str
    recipients: tuple[str, ...]
    octets: int
    reply_sent: bool
    discarded: bool


@frozen(kw_only=True)
class MessageRefused(Fact):
    """A message was refused after its content had come."""

    message: str
    session: str
    client: str
    sender: str
    recipients: tuple[str, ...]
    octets: int
    reply: str


@frozen(kw_only=True)
class Fetched(Fact):
    """A message was sent whole by RETR."""

    session: str
    user: str
    message: str  # its id; empty for a message that another program delivered
    uid: str
    octets: int


@frozen(kw_only=True)
class Deleted(Fact):
    """A message was removed for good, at QUIT."""

    session: str
    user: str
    message: str
    uid: str


@frozen(kw_only=True)
class NotDeleted(Fact):
    """Messages that were marked could not be removed; they are still there."""

    session: str
    user: str
    uids: tuple[str, ...]
    reason: str


@frozen(kw_only=True)
class Expired(Fact):
    """A message was removed because its time was up."""

    user: str
    message: str
    uid: str
    to_trash: bool


@frozen(kw_only=True)
class Swept(Fact):
    """A sweep was at a maildrop, and removed messages by its retention, or from its trash; or had trouble there."""

    user: str
    messages: int
    octets: int
    spared: int  # how many more are to go, and wait for the next sweep
    emptied: int  # how many left the trash
    trouble: str  # why not all was done


@frozen(kw_only=True)
class SweepEnded(Fact):
    """A sweep has been through all maildrops."""

    maildrops: int
    messages: int
    octets: int
    seconds: float


@frozen(kw_only=True)
class SweepHeld(Fact):
    """There is no sweep although it is time for one; `reason` says what an administrator has to see to."""

    reason: str


@frozen(kw_only=True)
class Unavailable(Fact):
    """A maildrop or the accounts cannot be used as they are; `reason` says what an administrator has to see to."""

    session: str
    user: str  # before the login, what the client said
    where: str
    reason: str


@frozen(kw_only=True)
class Failed(Fact):
    """Something unexpected happened; `error` is the id under which the log has the traceback."""

    error: str
    session: str
    where: str
    reason: str


class Reader(Protocol):
    """Who reads facts (`interfaces.IFactReader` has the contract)."""

    def read(self, fact: Fact) -> None:
        """Take note of a fact."""


class Bulletin:
    """Tells every fact to every reader, once, at once. A reader that raises is reported and told no more."""

    def __init__(self, node: str, now: Callable[[], float], report: Callable[[Reader, Exception], None]) -> None:
        self.node = node
        self._now = now
        self._report = report
        self._readers: tuple[Reader, ...] = ()

    def add(self, reader: Reader) -> None:
        """From now on tell `reader`, too."""
        self._readers = (*self._readers, reader)

    def remove(self, reader: Reader) -> None:
        """Tell `reader` no more; nothing happens if it was not told."""
        self._readers = tuple(other for other in self._readers if other is not reader)

    def tell(self, fact: Fact) -> None:
        """Stamp `fact` with time and node, and tell it."""
        stamped = evolve(fact, at=self._now(), node=self.node)
        for reader in self._readers:
            try:
                reader.read(stamped)
            except Exception as error:  # noqa: BLE001 (a reader's bug must not cost a mail)
                self.remove(reader)
                self._report(reader, error)
