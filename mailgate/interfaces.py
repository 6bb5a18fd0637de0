"""Every extension point of mailgate, with its contract, and nothing else.

Where a method's result is written `T | Awaitable[T]`, the method may be plain or `async`; where it is
`Awaitable[T]`, a coroutine or a Deferred is expected. Coroutines await Deferreds only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from zope.interface import Attribute, Interface

from mailgate.facts import Fact
from mailgate.mail import Copy, Destination, Entry, Envelope, Message, Outcome, Path, Reply, Session, Snapshot, Verdict
from mailgate.rules import NO_RULES, Rules

T = TypeVar("T")


class Offload(Protocol):
    """Runs blocking work off the reactor; tests pass one that runs it at once."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Give what `work` gives, or raise what it raises."""
        raise NotImplementedError


# Policies and handlers. One object may provide several; the pipeline asks `providedBy`. Each may raise `mail.Refused`.
# Anything else that is raised, and a time-out, goes by the step's error policy (451 unless configured otherwise).


class IConnectPolicy(Interface):
    """May refuse a client before the greeting."""

    def check_connect(session: Session) -> Awaitable[None] | None:
        """Return to let it in; raise `Refused` with 421 or 554 to show it out."""


class IHeloPolicy(Interface):
    """May refuse what EHLO or HELO said."""

    def check_helo(session: Session) -> Awaitable[None] | None:
        """`session.helo` has the name. Return or raise `Refused`."""


class ISenderPolicy(Interface):
    """May refuse a reverse-path."""

    def check_sender(envelope: Envelope) -> Awaitable[None] | None:
        """The envelope has no recipients yet. Return or raise `Refused`."""


class IRecipientPolicy(Interface):
    """May refuse a forward-path: the place to refuse one recipient of several."""

    def check_recipient(envelope: Envelope, path: Path) -> Awaitable[None] | None:
        """The envelope has the recipients accepted so far; `path` exists. Return or raise `Refused`."""


class IMessageHandler(Interface):
    """Gives a verdict on a message whose content has come."""

    def handle(message: Message) -> Verdict | Awaitable[Verdict]:
        """Give a `Verdict` (`mail.PASS` to pass as it is), or raise `Refused` or `Discarded` for the whole.

        The body may be opened and read, never changed. In an `async` handler the await may be cancelled: the client
        has gone, or the time is up.
        """


class IHandlerInTurn(IMessageHandler):
    """A handler that works on so many messages at a time; the others wait their turn.

    The step's time-out begins with the turn. Until then the common limit of all handlers counts alone, and a message
    that had to wait is never let through for want of time: it is put off, whatever the step's error policy.
    """

    def turn(message: Message) -> IMessageHandler | Awaitable[IMessageHandler]:
        """What is to be asked about this message, once, as soon as it is given: at once, or when the turn has come.

        Raises `Refused` if it will not come in time. The await may be cancelled: it leaves the line.
        """


class IRehearsal(Interface):
    """A handler that `explain` may ask without consequences."""

    def rehearse(message: Message) -> str | Awaitable[str]:
        """What would be said of the message, in a sentence; nothing is written, counted or sent."""


# Who is who.


class IDirectory(Interface):
    """Knows where forward-paths lead."""

    def resolve(path: Path) -> Awaitable[tuple[Destination, ...]]:
        """Where `path` leads: `Local`s, or one `Relay` if its domain is not ours; empty: nobody has that name.

        The directory normalises (case, Unicode, aliases); the caller passes the path as it came. Raises `Refused`
        for a path that is known and takes no mail now. Whether somebody may be relayed for is not decided here.
        """


class ISubmitter(Interface):
    """The avatar of SMTP AUTH: an account that may send. Takes no lock."""

    user: str = Attribute("The account's name: local-part@domain.")

    def may_send_as(path: Path) -> bool:
        """May this account use `path` as its reverse-path? It may always use the null path, while it may send at all:
        an account can be taken away, or disabled, while somebody is logged in.
        """


# Delivery and store.


class IDelivery(Interface):
    """The MDA: brings a message to its recipients' destinations."""

    def deliver(message: Message, *, partial: bool = False) -> Awaitable[tuple[Outcome, ...]]:
        """Deliver, and give one outcome a recipient, in RCPT order. When it returns, what the outcomes call delivered
        is durable: 250 may be said.

        One copy a maildrop is made even if two recipients lead there. All or none: where one copy cannot be made, no
        recipient has it, and the outcomes say so. With `partial` each maildrop stands by itself, which LMTP wants
        (RFC 2033 4.2): copies that can be made are committed together, each other has its own outcome.

        Expected failures are outcomes, not exceptions. If the wait is cancelled before the commit, nothing is
        delivered and CancelledError is raised; a commit that has begun is finished and its outcomes are returned,
        cancelled or not.
        """


class ISmarthost(Interface):
    """Takes mail for other systems from our own users, and passes it on."""

    def send(message: Message, paths: Sequence[Path]) -> Awaitable[Reply]:
        """Hand the message over for all of `paths`; give the positive reply that the smarthost gave to its end.

        All or none: if one path is refused, nothing is sent. Raises `Refused` with the reply that the client is to
        hear: the smarthost's own code and status, or 451 where it cannot be reached, or does not show who it is.
        Cancelling it before the final dot is out sends nothing; after that the caller must wait for the answer.
        """


class IStaged(Interface):
    """Copies that are written and not yet visible."""

    def commit() -> Awaitable[tuple[str, ...]]:
        """Make all copies durable and visible, as one; give a name for each, for the log, in the order of the copies.

        Raises `NotCommitted` if that did not come about; then nothing is visible but what it names. Call it once.
        """

    def discard() -> None:
        """Throw away what is not committed. May be called at any time and any number of times; never raises."""


class IMailStore(Interface):
    """Keeps maildrops. A maildrop's name is an opaque value which the directory gives: `local-part@domain`."""

    def stage(message: Message, copies: Sequence[Copy]) -> Awaitable[IStaged]:
        """Write `copies` of the message out of sight. Makes maildrops that are not there yet.

        Each file is the copy's fields, the message's fields, the content. Raises `StoreFull` or `StoreError`;
        then, and if it is cancelled, nothing is left behind. A store may put the writing off until the commit, whose
        `NotCommitted` then says what went wrong.
        """

    def open(maildrop: str, rules: Rules = NO_RULES) -> Awaitable[IMaildrop]:
        """Open a maildrop for one session, or for sweeping; what opens carries its `rules`. Raises `InUse` if somebody
        else, here or in another process, has it, and `StoreError`.
        """


class IMaildrop(Interface):
    """A maildrop that is open, and locked until `release`: the avatar of POP3."""

    name: str = Attribute("The maildrop's name, as the directory gives it.")
    rules: Rules = Attribute("What was decided for it; whoever has it open keeps to them.")

    def snapshot() -> Awaitable[Snapshot]:
        """The messages that are there now, oldest first; asked for the first time, perhaps those that were there when
        the maildrop was opened. Raises `StoreError`.
        """

    def read(entry: Entry) -> Awaitable[IContent]:
        """Open a message of a snapshot. Raises `Gone` or `StoreError`."""

    def remove(entries: Sequence[Entry], *, to_trash: bool = False) -> Awaitable[None]:
        """Remove messages for good, or put them where nobody but an administrator finds them (`ITrash`); durable when
        it returns. One that is gone already counts as removed.

        All are tried; raises `NotRemoved` naming what remains, or `LockLost`, having removed nothing.
        """

    def release() -> None:
        """Give the lock back. May be called any number of times; never raises."""


class IContent(Interface):
    """A message's octets, to be read once from beginning to end."""

    whole: bytes | None = Attribute("All octets, if they are in memory and fit a block; then nobody has to read them.")

    def read_block() -> bytes | Awaitable[bytes]:
        """The next octets, `mail.BLOCK_OCTETS` at most, with the line ends that the file has; empty at the end.

        Raises `StoreError`.
        """

    def close() -> None:
        """Done with it, at the end or before. May be called any number of times; never raises."""


class IFetchLog(Interface):
    """A maildrop, open and locked, that remembers what was fetched, and when."""

    def fetched(entry: Entry, seconds: int) -> None:
        """Note that it was fetched whole at that Unix time; only the first time is kept. Never raises."""

    def first_fetch(entry: Entry) -> int | None:
        """When the entry was first fetched, Unix time; None: never, as far as is known. May block, unless the rules
        with which the maildrop was opened want to know.
        """

    def remember() -> Awaitable[None]:
        """Write down what was noted, for sessions to come. Never raises: what cannot be written is told to the log,
        and kept longer. Whoever releases the maildrop without it has it written behind his back.
        """


# Shared counts.


class ITally(Interface):
    """Counts that sessions, and later processes, share. Windows and times to live are in seconds."""

    def add(key: str, n: int, window: float) -> Awaitable[int]:
        """Add `n` to a count and give its sum over the last `window`."""

    def distinct(key: str, member: str, window: float) -> Awaitable[int]:
        """Note `member` and give how many different ones were noted over the last `window`."""

    def members(key: str) -> Awaitable[Mapping[str, float]]:
        """Which members are noted, and for how many seconds more; notes nothing."""

    def drop(key: str, member: str) -> Awaitable[None]:
        """Count `member` no longer; nothing happens if it is not noted."""

    def keys(prefix: str) -> Awaitable[Sequence[str]]:
        """The keys of noted members that begin so, in any order. May look at every key there is."""

    def once(key: str, ttl: float) -> Awaitable[bool]:
        """Is this the first time within `ttl`?"""

    def forget(prefix: str) -> Awaitable[None]:
        """Drop every count whose key begins so."""


class IAttempt(Interface):
    """A password that may be looked at now. One of these is called in the end, whether the client is still there or
    not, and once.
    """

    def right() -> Awaitable[None]:
        """It was the account's."""

    def wrong() -> Awaitable[None]:
        """It was not, or there is no such account."""

    def undecided() -> None:
        """It could not be found out."""


class IThrottle(Interface):
    """Slows and refuses logins; stands on `ITally`. All protocols share one."""

    def begin(client: str, account: str, password: bytes) -> Awaitable[IAttempt]:
        """Give leave to look at a password, after as long as it has to wait.

        `client` is an address as `mail.Session` has it, `account` is what the client typed. Neither the time nor the
        outcome may tell whether there is such an account. Raises `limits.throttled.Throttled`: it is not looked at.
        If the wait is cancelled, it was not looked at either.
        """


# Readers.


class IFactReader(Interface):
    """Reads what happens."""

    def read(fact: Fact) -> None:
        """Take note of a fact: at once, without blocking, without raising. Who writes, writes from a bounded queue,
        and counts what it has to drop.
        """
