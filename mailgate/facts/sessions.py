"""What happens to a client: it comes, is turned away or let in, logs in, and goes."""

from __future__ import annotations

from attrs import frozen

from mailgate.facts.fact import Fact


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
    """A session is over. `reason` says how it ended: "quit", "lost", "handshake" (lost before the TLS handshake was
    finished), "time-out", "stopped", "refused".
    """

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
class LoginThrottled(Fact):
    """A login was refused without a look at its password, after too many failures. `user` is what the client said;
    `reason` is for the log.
    """

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
    listener: str = ""
    helo: str = ""  # never to be trusted
    tls: str = ""  # empty: all in clear
    user: str = ""  # who has logged in
