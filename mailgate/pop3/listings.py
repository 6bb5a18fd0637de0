"""What LIST and UIDL tell of a whole maildrop, rendered once for all sessions that see the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from mailgate.mail import Snapshot
from mailgate.pop3.recent import Recent
from mailgate.pop3.surrogates import Surrogates

LISTINGS_OCTETS: Final = 32 * 1024 * 1024  # of one listener's maildrops together
OVERHEAD_OCTETS: Final = 512  # of each listing, besides its lines; more than it is


class Listings:
    """Listings by the snapshots' revisions: two snapshots of the same revision are equal, so their listings are."""

    def __init__(self, limit_octets: int = LISTINGS_OCTETS) -> None:
        self._rendered: Recent[Hashable, bytes] = Recent(limit_octets, lambda lines: OVERHEAD_OCTETS + len(lines))
        self._sums: Recent[Hashable, int] = Recent(limit_octets, lambda octets: OVERHEAD_OCTETS)

    def octets(self, snapshot: Snapshot) -> int:
        """The sum of the messages' sizes."""
        octets = self._sums.get(snapshot.revision)
        if octets is None:
            octets = snapshot.octets
            self._sums.keep(snapshot.revision, octets)
        return octets

    def sizes(self, snapshot: Snapshot, surrogates: Surrogates) -> bytes:
        """A scan listing of all messages (RFC 1939 section 5, LIST), as it stands on the wire."""
        if not surrogates.complete:
            return _sizes(snapshot, surrogates)  # next time more of them may be read
        kind = "surrogates" if surrogates.octets else "sizes"
        return self._take((snapshot.revision, kind), lambda: _sizes(snapshot, surrogates))

    def uids(self, snapshot: Snapshot) -> bytes:
        """A unique-id listing of all messages (RFC 1939 section 7, UIDL), as it stands on the wire."""
        return self._take((snapshot.revision, "uids"), lambda: _uids(snapshot))

    def _take(self, key: Hashable, render: Callable[[], bytes]) -> bytes:
        lines = self._rendered.get(key)
        if lines is None:
            lines = render()
            self._rendered.keep(key, lines)
        return lines


def _sizes(snapshot: Snapshot, surrogates: Surrogates) -> bytes:
    size = surrogates.octets.get
    numbered = enumerate(snapshot.entries, 1)
    return b"".join([b"%d %d\r\n" % (number, size(number, each.octets)) for number, each in numbered])


def _uids(snapshot: Snapshot) -> bytes:
    return "".join([f"{number} {each.uid}\r\n" for number, each in enumerate(snapshot.entries, 1)]).encode()
