"""Snapshots of maildrops, kept as long as their directories do not change."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from attrs import field, frozen

from mailgate.mail import Snapshot
from mailgate.store.maildir import uidlist
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.listing import FOLDERS, Listing, scan

# Directory times move in the kernel's ticks, of up to 10 ms: a change right after a scan may leave them as they are.
RACY_NS: Final = 20_000_000
CACHED_ENTRIES: Final = 250_000  # of all maildrops together, some 500 octets each

EMPTY: Final = Snapshot(0, ())
_revisions = itertools.count(1)  # of the process: two stores never use the same one for different things

_FILES: Final = (*FOLDERS, uidlist.NAME)


@frozen
class Glance:
    """What a maildrop directory looked like from outside, and when: one that looks the same has the same messages."""

    started_ns: int = field(eq=False)  # Unix time
    stamps: tuple[tuple[int, int, int, int] | None, ...]  # of `new`, `cur` and the list of UIDs; None: not there

    @property
    def lacks_folders(self) -> bool:
        """Is `new` or `cur` missing?"""
        return None in self.stamps[: len(FOLDERS)]

    @property
    def is_settled(self) -> bool:
        """Would a change after this glance show in the times?"""
        return all(stamp is None or stamp[1] + RACY_NS < self.started_ns for stamp in self.stamps)


@frozen
class _Cached:
    glance: Glance
    listing: Listing = field(repr=False)
    snapshot: Snapshot = field(repr=False)


class Snapshots:
    """A cache of bounded size. `clock` gives Unix time in seconds."""

    def __init__(self, disk: Disk, clock: Callable[[], float], entries: int = CACHED_ENTRIES) -> None:
        self._disk = disk
        self._clock = clock
        self._limit = entries
        self._held = 0
        self._cache: OrderedDict[str, _Cached] = OrderedDict()
        self._lock = threading.Lock()

    def glance(self, maildrop: int) -> Glance:
        """Look at an open maildrop directory from outside. Blocks. Raises OSError."""
        started_ns = int(self._clock() * 1e9)
        return Glance(started_ns, tuple([self._stamp(maildrop, name) for name in _FILES]))

    def take(self, path: str, maildrop: int, glance: Glance | None = None) -> Snapshot:
        """The messages that are now in an open maildrop directory, whose path is `path`, by the last glance at it.

        Blocks. Raises OSError.
        """
        glance = glance or self.glance(maildrop)
        cached = self._recall(path)
        if cached is not None and cached.glance == glance and cached.glance.is_settled:
            return cached.snapshot
        listing = scan(self._disk, maildrop, cached.listing.sizes if cached else {})
        snapshot = _same_or_new(listing, cached)
        self._keep(path, _Cached(glance, listing, snapshot))
        return snapshot

    def _stamp(self, maildrop: int, name: str) -> tuple[int, int, int, int] | None:
        try:
            status = self._disk.stat(name, dir_fd=maildrop, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size

    def _recall(self, path: str) -> _Cached | None:
        with self._lock:
            if path in self._cache:
                self._cache.move_to_end(path)
            return self._cache.get(path)

    def _keep(self, path: str, cached: _Cached) -> None:
        with self._lock:
            self._drop(self._cache.pop(path, None))
            self._cache[path] = cached
            self._held += _weight(cached)
            while self._held > self._limit:
                self._drop(self._cache.popitem(last=False)[1])

    def _drop(self, cached: _Cached | None) -> None:
        self._held -= _weight(cached) if cached else 0


def _weight(cached: _Cached) -> int:
    return 1 + len(cached.listing.entries) + len(cached.listing.sizes)


def _same_or_new(listing: Listing, cached: _Cached | None) -> Snapshot:
    if not listing.entries:
        return EMPTY
    if cached is not None and cached.snapshot.entries == listing.entries:
        return cached.snapshot  # renderings made of it stay good
    return Snapshot(next(_revisions), listing.entries)
