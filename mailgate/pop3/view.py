"""A maildrop as one session sees it: message numbers, sizes and marks, and what the client was told of."""

from __future__ import annotations

from collections.abc import Iterable

from mailgate.mail import Entry, Snapshot
from mailgate.pop3.listings import Listings
from mailgate.pop3.surrogates import AS_THEY_ARE, Surrogates


class View:
    """A snapshot, fixed for the session, minus what the session has marked as deleted (RFC 1939 sections 4 and 5).

    The first message is number 1. Nothing here touches the maildrop. Without marks nothing takes longer for a larger
    one, once its listings are there.
    """

    def __init__(self, snapshot: Snapshot, listings: Listings, surrogates: Surrogates = AS_THEY_ARE) -> None:
        self._snapshot = snapshot
        self._entries = snapshot.entries
        self._listings = listings
        self._surrogates = surrogates
        self._all_octets = listings.octets(snapshot) + surrogates.difference
        self._marked: dict[int, Entry] = {}
        self._listed: set[int] = set()  # by number, while not all are
        self._all_listed = False
        self.unmark()

    @property
    def messages(self) -> int:
        """How many there were at the beginning."""
        return len(self._entries)

    def entry(self, number: int) -> Entry | None:
        """The message of that number; None if there is none, or it is marked."""
        if not 1 <= number <= len(self._entries) or number in self._marked:
            return None
        return self._entries[number - 1]

    def is_surrogate(self, number: int) -> bool:
        """Is the message sent as a surrogate? `number` is one of a message."""
        return self._surrogates.wanted and self._entries[number - 1].smtputf8

    def octets_of(self, number: int) -> int:
        """The size of what RETR sends; `number` is one of a message."""
        return self._surrogates.octets.get(number, self._entries[number - 1].octets)

    def mark(self, number: int) -> bool:
        """Mark a message as deleted; False if there is none of that number, or it is marked already."""
        entry = self.entry(number)
        if entry is None:
            return False
        self._marked[number] = entry
        self.count -= 1
        self.octets -= self.octets_of(number)
        return True

    def unmark(self) -> None:
        """Take all marks away (RFC 1939 section 5, RSET)."""
        self._marked.clear()
        self.count = len(self._entries)  # what STAT tells
        self.octets = self._all_octets

    @property
    def marked(self) -> tuple[Entry, ...]:
        """What is marked, in the order of the messages."""
        return tuple([self._marked[number] for number in sorted(self._marked)])

    def sizes(self) -> bytes:
        """A scan listing of all messages (RFC 1939 section 5, LIST), as it stands on the wire."""
        self._note_all()
        return _without(self._listings.sizes(self._snapshot, self._surrogates), self._marked)

    def uids(self) -> bytes:
        """A unique-id listing of all messages (RFC 1939 section 7, UIDL), as it stands on the wire."""
        self._note_all()
        return _without(self._listings.uids(self._snapshot), self._marked)

    def note_listed(self, number: int) -> None:
        """The client is told of this message alone."""
        self._listed.add(number)

    @property
    def listed(self) -> int:
        """How many messages the client was told of by a listing or alone, each counted once."""
        return self.messages if self._all_listed else len(self._listed)

    def _note_all(self) -> None:
        if not self._marked:
            self._all_listed = True
        elif not self._all_listed:
            self._listed.update(number for number in range(1, self.messages + 1) if number not in self._marked)


def _without(listing: bytes, numbers: Iterable[int]) -> bytes:
    """A listing without the lines of these messages. One pass: a listing of 100,000 may have as many marks.
    Without any it is the listing itself.
    """
    kept = []
    start = 0  # behind the last line that was left out
    for number in sorted(numbers):
        line = 0 if number == 1 else listing.index(b"\n%d " % number, max(start - 1, 0)) + 1
        kept.append(listing[start:line])
        start = listing.index(b"\n", line) + 1
    kept.append(listing[start:])
    return b"".join(kept)
