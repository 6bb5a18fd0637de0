"""A maildrop as one session sees it: message numbers, marks, and listings that are rendered once."""

from __future__ import annotations

from collections.abc import Iterable

from mailgate.mail import Entry, Snapshot


class View:
    """A snapshot, fixed for the session, minus what the session has marked as deleted (RFC 1939 sections 4 and 5).

    The first message is number 1. Nothing here touches the maildrop.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._entries = snapshot.entries
        self._all_octets = snapshot.octets
        self._marked: dict[int, Entry] = {}
        self._sizes: bytes | None = None
        self._uids: bytes | None = None
        self.unmark()

    def entry(self, number: int) -> Entry | None:
        """The message of that number; None if there is none, or it is marked."""
        if not 1 <= number <= len(self._entries) or number in self._marked:
            return None
        return self._entries[number - 1]

    def mark(self, number: int) -> bool:
        """Mark a message as deleted; False if there is none of that number, or it is marked already."""
        entry = self.entry(number)
        if entry is None:
            return False
        self._marked[number] = entry
        self.count -= 1
        self.octets -= entry.octets
        return True

    def unmark(self) -> None:
        """Take all marks away (RFC 1939 section 5, RSET)."""
        self._marked.clear()
        self.count = len(self._entries)  # what STAT tells
        self.octets = self._all_octets

    @property
    def marked(self) -> tuple[Entry, ...]:
        """What is marked, in the order of the messages."""
        return tuple(self._marked[number] for number in sorted(self._marked))

    def sizes(self) -> bytes:
        """A scan listing of all messages (RFC 1939 section 5, LIST), as it stands on the wire."""
        if self._sizes is None:
            self._sizes = b"".join(b"%d %d\r\n" % (number, each.octets) for number, each in self._numbered())
        return _without(self._sizes, self._marked)

    def uids(self) -> bytes:
        """A unique-id listing of all messages (RFC 1939 section 7, UIDL), as it stands on the wire."""
        if self._uids is None:
            self._uids = "".join(f"{number} {each.uid}\r\n" for number, each in self._numbered()).encode()
        return _without(self._uids, self._marked)

    def _numbered(self) -> Iterable[tuple[int, Entry]]:
        return enumerate(self._entries, 1)


def _without(listing: bytes, numbers: Iterable[int]) -> bytes:
    """A listing without the lines of these messages. One pass: a listing of 100,000 may have as many marks."""
    kept = []
    start = 0  # behind the last line that was left out
    for number in sorted(numbers):
        line = 0 if number == 1 else listing.index(b"\n%d " % number, max(start - 1, 0)) + 1
        kept.append(listing[start:line])
        start = listing.index(b"\n", line) + 1
    kept.append(listing[start:])
    return b"".join(kept)
