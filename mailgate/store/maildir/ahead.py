"""Reading ahead: who fetches small messages in order gets several with one trip to a thread.

What is read ahead is a message's content as it was then. Another program may remove the message since: its old content
is given all the same, as it would be if it had been opened a moment earlier. It is never another message's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

from mailgate.mail import BLOCK_OCTETS, Entry
from mailgate.store.maildir.listing import place_in_order

AHEAD_OCTETS: Final = 131_072  # what one trip reads ahead, and the most that one session has on the shelf
SHELF_OCTETS: Final = 8_388_608  # of all sessions: those that are idle do not keep it from the others


class Shelf:
    """What all sessions have read ahead. Where it gets too much, the batch that came first goes first. One thread's."""

    def __init__(self, limit: int = SHELF_OCTETS) -> None:
        self.octets = 0  # that are there
        self._limit = limit
        self._batches: OrderedDict[object, dict[str, bytes]] = OrderedDict()

    def put(self, owner: object, contents: Mapping[str, bytes]) -> None:
        """Keep these contents, by key, for an owner, in place of what it had."""
        self.drop(owner)
        if not contents:
            return
        self._batches[owner] = dict(contents)
        self.octets += sum(map(len, contents.values()))
        while self.octets > self._limit:
            self.drop(next(iter(self._batches)))

    def take(self, owner: object, key: str) -> bytes | None:
        """What is kept under the key, for the first time that it is asked for."""
        contents = self._batches.get(owner)
        if contents is None:
            return None
        content = contents.pop(key, None)
        if content is not None:
            self.octets -= len(content)
        if not contents:
            del self._batches[owner]
        return content

    def drop(self, owner: object) -> None:
        """Keep nothing for that owner."""
        contents = self._batches.pop(owner, None)
        if contents:
            self.octets -= sum(map(len, contents.values()))


class ReadAhead:
    """One session's: sees in which order messages are asked for, and says which to read along. One thread's."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._entries: Sequence[Entry] = ()
        self._next = 0  # where the reader would go on
        self._run = 0  # how many messages were read in order

    def follow(self, entries: Sequence[Entry]) -> None:
        """From now on, these are read."""
        self.forget()
        self._entries = entries

    def forget(self) -> None:
        """Begin anew."""
        self._shelf.drop(self)
        self._next = self._run = 0

    def take(self, entry: Entry) -> bytes | None:
        """The content of a message that is to be read now, if it was read ahead."""
        content = self._shelf.take(self, entry.key)
        self._advance(entry, in_order=content is not None)
        return content

    def due(self) -> Sequence[Entry]:
        """What to read along with a message that was not there: up to twice as many as were read in order so far, so
        that little is read in vain.
        """
        due: list[Entry] = []
        room = AHEAD_OCTETS
        for entry in islice(self._entries, self._next, self._next + 2 * self._run):
            room -= entry.octets
            if room < 0 or entry.octets > BLOCK_OCTETS:
                break
            due.append(entry)
        return due

    def keep(self, contents: Mapping[str, bytes]) -> None:
        """These were read along."""
        self._shelf.put(self, contents)

    def _advance(self, entry: Entry, *, in_order: bool) -> None:
        if self._is_at(self._next, entry):
            self._next, self._run = self._next + 1, self._run + 1
        elif not self._is_at(self._next - 1, entry):  # first TOP, then RETR of the same: no other order
            at = bisect_left(self._entries, place_in_order(entry), key=place_in_order)
            self._next = at + 1
            if not in_order:
                self._shelf.drop(self)
                self._run = 0

    def _is_at(self, at: int, entry: Entry) -> bool:
        return 0 <= at < len(self._entries) and self._entries[at].key == entry.key
