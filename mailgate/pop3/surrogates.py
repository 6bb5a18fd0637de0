"""Mail that was received with SMTPUTF8, for clients that have not said UTF8: its surrogates, and how large they are.

RFC 6856 section 2.1: without UTF-8 mode such a message must not be sent as it is; a surrogate (RFC 6858) is sent in its
place, and LIST should tell the surrogate's size. That is known only after reading, so it is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Final

from attrs import field, frozen
from twisted.internet.defer import CancelledError
from zope.interface import implementer

from mailgate.failures import Gone, LockLost
from mailgate.interfaces import IContent, IMaildrop
from mailgate.mail import Entry, Snapshot
from mailgate.pop3.recent import Recent
from mailgate.wire.dots import WireCounter
from mailgate.wire.surrogate import Surrogate

REMEMBERED_SIZES: Final = 250_000  # of one listener's maildrops together, some 250 octets each

Trouble = Callable[[Entry, Exception], None]


@frozen
class Surrogates:
    """Which messages of a snapshot are sent as surrogates, and how large those are."""

    octets: Mapping[int, int] = field(factory=dict, repr=False)  # by the message's number, as RETR sends it
    difference: int = 0  # between the surrogates together and the messages that they stand for
    complete: bool = True  # False: some could not be read, and their own sizes are told
    wanted: bool = True  # False: the client has said UTF8


AS_THEY_ARE: Final = Surrogates(wanted=False)


class SurrogateSizes:
    """Measures surrogates, and remembers their sizes for all sessions of a listener."""

    def __init__(self, limit: int = REMEMBERED_SIZES) -> None:
        """`limit` is how many sizes are remembered."""
        self._of_snapshots: Recent[Hashable, Surrogates] = Recent(limit, lambda all_: 1 + len(all_.octets))
        self._of_messages: Recent[tuple[str, str, int], int] = Recent(limit, lambda octets: 1)

    async def measure(self, maildrop: IMaildrop, snapshot: Snapshot, trouble: Trouble) -> Surrogates:
        """The surrogates of a maildrop that is open: one message after the other is read, once, by block.

        What cannot be read keeps the size that it has; `trouble` is told, except of messages that are gone. Raises
        `LockLost`. May be cancelled.
        """
        known = self._of_snapshots.get(snapshot.revision)
        if known is None:
            known = await self._measure_all(maildrop, snapshot, trouble)
            if known.complete:
                self._of_snapshots.keep(snapshot.revision, known)
        return known

    async def _measure_all(self, maildrop: IMaildrop, snapshot: Snapshot, trouble: Trouble) -> Surrogates:
        octets: dict[int, int] = {}
        difference, complete = 0, True
        for number, entry in enumerate(snapshot.entries, 1):
            if not entry.smtputf8:
                continue
            size = await self._measure(maildrop, entry, trouble)
            if size is None:
                complete = False
            else:
                octets[number] = size
                difference += size - entry.octets
        return Surrogates(octets, difference, complete)

    async def _measure(self, maildrop: IMaildrop, entry: Entry, trouble: Trouble) -> int | None:
        # A UID is never another message's (RFC 1939 section 7, UIDL); should another program not keep to that, the size
        # mostly tells.
        message = maildrop.name, entry.uid, entry.octets
        size = self._of_messages.get(message)
        if size is None:
            try:
                size = await _read_through(SurrogateContent(await maildrop.read(entry)))
            except (CancelledError, LockLost):
                raise
            except Gone:
                return None
            except Exception as error:  # noqa: BLE001 (no message may keep its owner out of the maildrop)
                trouble(entry, error)
                return None
            self._of_messages.keep(message, size)
        return size


@implementer(IContent)
class SurrogateContent:
    """A message's surrogate instead of the message. Its blocks may be larger than those of a store."""

    whole = None

    def __init__(self, content: IContent) -> None:
        """Closes `content` when it is closed."""
        self._content = content
        self._surrogate = Surrogate()
        self._ended = False

    async def read_block(self) -> bytes:
        """See `IContent`."""
        while not self._ended:
            block = await next_block(self._content)
            self._ended = not block
            if octets := self._surrogate.feed(block) if block else self._surrogate.finish():
                return octets
        return b""

    def close(self) -> None:
        """See `IContent`."""
        self._content.close()


async def next_block(content: IContent) -> bytes:
    """The next octets of a content, now or later."""
    block = content.read_block()
    return block if isinstance(block, bytes) else await block


async def _read_through(content: IContent) -> int:
    counter = WireCounter()
    try:
        while block := await next_block(content):
            counter.feed(block)
    finally:
        content.close()
    return counter.finish()
