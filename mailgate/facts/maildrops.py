"""What happens to mail that is kept: it is fetched, deleted, restored, or its time is up."""

from __future__ import annotations

from attrs import frozen

from mailgate.facts.fact import Fact
from mailgate.facts.sessions import Disconnected


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
class Fetched(Fact):
    """A message was sent whole by RETR."""

    session: str
    user: str
    message: str  # its id; empty for a message that another program delivered
    uid: str
    octets: int
    client: str = ""


@frozen(kw_only=True)
class Deleted(Fact):
    """A message was removed for good, at QUIT."""

    session: str
    user: str
    message: str
    uid: str
    client: str = ""


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
class Restored(Fact):
    """A message came back into a maildrop from a backup."""

    user: str
    message: str  # its id; empty for a message that another program delivered
    uid: str  # by which the maildrop has it now
    clashed: str  # the UID that it had, which another message has; empty: it has kept its own
    backup: str  # the backup's directory
    made: float  # when the backup was made: Unix time, seconds


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
