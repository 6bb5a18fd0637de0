"""Snapshots of maildrops, kept as long as their directories do not change."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from attrs import evolve, field, frozen

from mailgate.mail import Entry, Snapshot
from mailgate.store.maildir import uid_owners, uidlist
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.filename import base_of, octets_of
from mailgate.store.maildir.listing import FOLDERS, NOTHING, Listing, scan

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


_NEVER: Final = Glance(0, ())  # looks like no maildrop


@frozen
class _Cached:
    glance: Glance
    listing: Listing = field(repr=False)
    snapshot: Snapshot = field(repr=False)
    is_settled: bool = field(init=False)  # the glance; asked by every poll

    @is_settled.default
    def _settled(self) -> bool:
        return self.glance.is_settled


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
        return self._glance(self._disk, maildrop)

    def known(self, path: str, maildrop: int, disk: Disk) -> Snapshot | None:
        """The messages that are now in an open and locked maildrop, if nothing of it has to be read for that.

        A glance by `disk` is all that it takes. Raises OSError.
        """
        glance = self._glance(disk, maildrop)
        cached = self._recall(path)
        if cached is None or cached.listing.new_owners or not _is_current(cached, glance):
            return None
        return cached.snapshot

    def take(self, path: str, maildrop: int, glance: Glance | None = None, *, is_locked: bool = False) -> Snapshot:
        """The messages that are now in an open maildrop directory, whose path is `path`, by the last glance at it.

        Blocks. Raises OSError. Where it is locked, it is written down whose a UID is that several files claim.
        """
        glance = glance or self.glance(maildrop)
        cached = self._recall(path)
        if cached is not None and _is_current(cached, glance) and not (is_locked and cached.listing.new_owners):
            return cached.snapshot
        listing = scan(self._disk, maildrop, cached.listing if cached else NOTHING)
        if is_locked and listing.new_owners and uid_owners.add(self._disk, maildrop, listing.new_owners):
            listing = evolve(listing, new_owners={})
        snapshot = _same_or_new(listing, cached)
        self._keep(path, _Cached(glance, listing, snapshot))
        return snapshot

    def doubt(self, path: str, entry: Entry, inode: int, octets: int) -> bool:
        """The file of an entry turned out to have so many octets. If that is not what is known of it, here or by its
        name, all is looked at again the next time, and that name not believed any more. Is it so?
        """
        base = base_of(entry.key.partition("/")[2])
        with self._lock:
            cached = self._cache.get(path)
            if cached is None:
                return False
            listing = cached.listing
            counted = listing.sizes.get((base, inode))
            known = octets_of(base) if counted is None else counted.octets
            if known in (None, octets):
                return False
            distrusted = listing.distrusted if counted else listing.distrusted | {base}
            listing = evolve(listing, distrusted=distrusted, counted=listing.counted | {entry.key})
            self._cache[path] = evolve(cached, glance=_NEVER, listing=listing)
        return True

    def _glance(self, disk: Disk, maildrop: int) -> Glance:
        started_ns = int(self._clock() * 1e9)
        return Glance(started_ns, tuple([_stamp(disk, maildrop, name) for name in _FILES]))

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


def _stamp(disk: Disk, maildrop: int, name: str) -> tuple[int, int, int, int] | None:
    try:
        status = disk.stat(name, dir_fd=maildrop, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _is_current(cached: _Cached, glance: Glance) -> bool:
    return cached.is_settled and cached.glance == glance


def _weight(cached: _Cached) -> int:
    listing = cached.listing
    return 1 + len(listing.entries) + len(listing.sizes) + len(listing.digests) + len(listing.imported)


def _same_or_new(listing: Listing, cached: _Cached | None) -> Snapshot:
    if not listing.entries:
        return EMPTY
    if cached is not None and cached.snapshot.entries == listing.entries:
        return cached.snapshot  # renderings made of it stay good
    return Snapshot(next(_revisions), listing.entries)
