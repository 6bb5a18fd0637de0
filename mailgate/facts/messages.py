"""What happens to a message on its way in."""

from __future__ import annotations

from attrs import frozen

from mailgate.facts.fact import Fact


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
    message_id: str = ""  # what the Message-ID field says, without its brackets
    listener: str = ""
    helo: str = ""  # never to be trusted
    tls: str = ""  # empty: all in clear
    user: str = ""  # who has logged in


@frozen(kw_only=True)
class Abandoned(Fact):
    """A transaction ended before its message was answered, and nothing of it was delivered.

    `phase` is how far it had come: "mail", "rcpt", "content", or "answer" when all content was there. `reason` is
    "lost", "time-out" or "stopped"; "shown out" for a client that heard our 421; or what the client did of its own
    will: "quit", "reset", "hello", "starttls".
    """

    message: str
    session: str
    client: str
    sender: str
    recipients: tuple[str, ...]  # that were accepted so far
    octets: int  # of content that came; after a fault no more are counted
    phase: str
    reason: str
    reply: str = ""  # what the client would have heard at the end; empty: nothing was wrong so far
    message_id: str = ""  # what the Message-ID field says, without its brackets, if it had come by then
    listener: str = ""
    helo: str = ""  # never to be trusted
    tls: str = ""  # empty: all in clear
    user: str = ""  # who has logged in


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
    message_id: str = ""  # what the Message-ID field says, without its brackets, if it had come by then
    listener: str = ""
    helo: str = ""  # never to be trusted
    tls: str = ""  # empty: all in clear
    user: str = ""  # who has logged in
