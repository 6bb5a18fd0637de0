"""What lies in a Maildir's `new` and `cur`, as entries: order, UIDs and sizes. Files of ours are not even opened."""

from __future__ import annotations

import hashlib
import os
import re
from bisect import insort
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from attrs import evolve, field, frozen

from mailgate.mail import BLOCK_OCTETS, Entry
from mailgate.store.maildir import filename, uid_owners, uidlist
from mailgate.store.maildir.contested import Claim, Contest, Digests
from mailgate.store.maildir.disk import DIRECTORY, ITS_OWN, Disk
from mailgate.store.maildir.layout import CUR, NEW, open_regular
from mailgate.store.maildir.uid_owners import Owners
from mailgate.wire.dots import WireCounter

FOLDERS: Final = (NEW, CUR)  # in this order: a message that moves meanwhile is then seen twice rather than never
EXACT: Final = "="  # in front of a key whose base name is not its own: it must not be looked for elsewhere
_SCANS: Final = 3  # how often to look at a `cur` that is changing all the time
_PREFIX: Final = len(f"{NEW}/")  # of a place, `<folder>/<name>`; CUR is as long
FEW: Final = 8  # where more than one name in so many is new, all are read anew: putting each in its place takes longer
SORTED_ROWS: Final = 4_096  # at once: some 2 ms
_UID: Final = re.compile(r"[\x21-\x7e]{1,70}")  # RFC 1939 section 7


@frozen
class Size:
    """The size of a file whose name does not tell it, and when that was so."""

    mtime_ns: int
    octets: int
    wire_octets: int


Sizes = Mapping[tuple[str, int], Size]  # by base name and inode, which a change of flags leaves alone


@frozen
class Listing:
    """A maildrop's messages, and what is to be kept for the next scan, that it need not find out all anew."""

    entries: tuple[Entry, ...]
    sizes: Sizes = field(factory=dict)  # those that had to be counted,
    counted: frozenset[str] = frozenset()  # and the keys of the entries that they belong to
    imported: Mapping[str, str] = field(factory=dict)  # UIDs that are in a list, by base name
    has_clashes: bool = False  # does, or did, more than one claim a UID? Then names alone do not tell UIDs
    digests: Digests = field(factory=dict)  # of those that did,
    distrusted: frozenset[str] = frozenset()  # base names that were found to tell a wrong size
    new_owners: Owners = field(factory=dict)  # and whose the UIDs are, as far as it is not written down yet


NOTHING: Final = Listing(())

# What becomes an entry: seconds, base name, key, octets on the wire, UID ("": none that fits), id, SMTPUTF8. Sorted as
# they are, they are in order: no two have the same base name and key. They are many, and a tuple is made quickly.
_Row = tuple[int, str, str, int, str, str, bool]
_Found = Mapping[str, int]  # inodes by place, those in `new` first


def scan(disk: Disk, maildrop: int, known: Listing = NOTHING) -> Listing:
    """List an open maildrop directory; `known` is what an earlier scan of it gave. Blocks. Raises OSError."""
    found = _find_all(disk, maildrop)
    imported = uidlist.read(disk, maildrop)
    owners = uid_owners.read(disk, maildrop)
    if not owners:
        listing = _changed(found, imported, _Sizer(disk, maildrop, known), known)
        if listing is not None:
            return listing
    return _anew(found, imported, _Sizer(disk, maildrop, known), Contest(disk, maildrop, owners, known.digests))


def _anew(found: _Found, imported: Mapping[str, str], sizer: _Sizer, contest: Contest) -> Listing:
    # One that was renamed meanwhile appears under two names; the later is the one that counts.
    files = {(filename.base_of(place[_PREFIX:]), inode): place for place, inode in found.items()}
    shared = _shared([base for base, _ in files])
    rows = []
    for (base, inode), place in files.items():
        row = sizer.row(base, inode, place, f"{EXACT}{place}" if base in shared else place)
        if row is not None:
            rows.append(row)
    _sort(rows)
    rows = _with_imported(rows, imported)
    uids = [row[4] or _hashed(row[1]) for row in rows]
    contested = contest.among(uids, _shared(uids))
    if not contested:
        return sizer.listing([_entry(row, uid) for row, uid in zip(rows, uids, strict=True)], imported)
    given = contest.settle(_claims(rows, uids, contested, found))
    entries = [
        _entry(row, given.get(row[2], uid))
        for row, uid in zip(rows, uids, strict=True)
        if uid not in contested or row[2] in given
    ]
    return evolve(
        sizer.listing(entries, imported), has_clashes=True, digests=contest.digests, new_owners=contest.new_owners
    )


def _changed(found: _Found, imported: Mapping[str, str], sizer: _Sizer, known: Listing) -> Listing | None:
    """What `_anew` gives, made of entries that are known and a few others; None: it cannot be had so.

    It makes nothing for each name that the collector of garbage would have to look at: that stops all threads.
    """
    if known.has_clashes or imported != known.imported:
        return None
    counted = known.counted
    entries = [entry for entry in known.entries if entry.key in found and entry.key not in counted]
    there = {entry.key for entry in entries}
    others = [place for place in found if place not in there]
    if len(others) * FEW > len(found):
        return None
    rows = [sizer.row(filename.base_of(place[_PREFIX:]), found[place], place, place) for place in others]
    for row in _with_imported([row for row in rows if row is not None], imported):
        insort(entries, _entry(row, row[4] or _hashed(row[1])), key=place_in_order)
    if len({entry.uid for entry in entries}) < len(entries):
        return None  # nor has any two the same base name: it would make the same UID
    return sizer.listing(entries, imported)


def place_in_order(entry: Entry) -> tuple[int, str, str]:
    """By what the entries of a listing are sorted."""
    return entry.seconds, filename.base_of(entry.key.partition("/")[2]), entry.key


def find(disk: Disk, maildrop: int, folder: str) -> dict[str, int]:
    """The regular files in one folder which are messages: inodes by name; none if the folder is missing.

    Raises OSError.
    """
    try:
        with disk.opened(folder, DIRECTORY, maildrop) as descriptor, disk.scandir(descriptor) as files:
            return {
                file.name: file.inode()
                for file in files
                if not file.name.startswith(".") and file.is_file(follow_symlinks=False)
            }
    except FileNotFoundError:
        return {}


def _find_all(disk: Disk, maildrop: int) -> _Found:
    found: _Found = {}
    for _ in range(_SCANS):
        before = _mtime(disk, maildrop, CUR)
        found = {
            f"{folder}/{name}": inode for folder in FOLDERS for name, inode in find(disk, maildrop, folder).items()
        }
        # A directory that is read while files in it are renamed may show some of them never: look again.
        if _mtime(disk, maildrop, CUR) == before:
            break
    return found


def _sort(rows: list[_Row]) -> None:
    """All other threads stand still while a list is sorted. Runs that are sorted already are merged quickly."""
    for start in range(0, len(rows), SORTED_ROWS):
        rows[start : start + SORTED_ROWS] = sorted(rows[start : start + SORTED_ROWS])
    rows.sort()


def _shared(names: Sequence[str]) -> Collection[str]:
    """Those that occur more than once; to find that there are none is cheaper than to count."""
    if len(set(names)) == len(names):
        return ()
    return {name for name, times in Counter(names).items() if times > 1}


def _mtime(disk: Disk, maildrop: int, folder: str) -> int:
    try:
        return disk.stat(folder, dir_fd=maildrop, follow_symlinks=False).st_mtime_ns
    except FileNotFoundError:
        return 0


def _entry(row: _Row, uid: str) -> Entry:
    seconds, _, key, octets, _, message_id, smtputf8 = row
    return Entry(uid, octets, key, message_id, seconds, smtputf8)


def _claims(
    rows: Sequence[_Row], uids: Sequence[str], contested: Collection[str], found: _Found
) -> Iterator[tuple[str, Claim]]:
    for row, uid in zip(rows, uids, strict=True):
        if uid in contested:
            place = row[2].removeprefix(EXACT)
            yield uid, Claim(row[1], found[place], row[2], place)


def _with_imported(rows: list[_Row], imported: Mapping[str, str]) -> list[_Row]:
    if not imported:
        return rows
    return [(*row[:4], _fitting(imported.get(row[1], "")) or row[4], *row[5:]) for row in rows]


def _fitting(uid: str) -> str:
    return uid if _UID.fullmatch(uid) else ""


def _hashed(base: str) -> str:
    return hashlib.sha256(os.fsencode(base)).hexdigest()


class _Sizer:
    """Makes rows of names. What they do not tell, arrival and size, the file's time and counting do."""

    def __init__(self, disk: Disk, maildrop: int, known: Listing) -> None:
        self._disk = disk
        self._maildrop = maildrop
        self._known = known.sizes
        self._distrusted = known.distrusted
        self._sizes: dict[tuple[str, int], Size] = {}
        self._counted: list[str] = []

    def listing(self, entries: Sequence[Entry], imported: Mapping[str, str]) -> Listing:
        """These entries, and what was found out."""
        counted = frozenset(self._counted)
        return Listing(tuple(entries), self._sizes, counted, imported, distrusted=self._distrusted)

    def row(self, base: str, inode: int, place: str, key: str) -> _Row | None:
        """None if the file is gone."""
        composed = None if base in self._distrusted else filename.parse_composed(base)
        if composed is None:
            return self._measure(base, inode, place, key)
        unique, seconds, message_id, octets, smtputf8 = composed
        return seconds, base, key, octets, unique, message_id, smtputf8

    def _measure(self, base: str, inode: int, place: str, key: str) -> _Row | None:
        parsed = filename.parse(base)
        if base in self._distrusted:
            parsed = evolve(parsed, wire_octets=None)
        seconds, wire_octets = parsed.seconds, parsed.wire_octets
        if seconds is None or wire_octets is None:
            try:
                size = self._size(inode, place, parsed)
            except FileNotFoundError:
                return None
            self._counted.append(key)
            seconds = size.mtime_ns // 1_000_000_000 if seconds is None else seconds
            wire_octets = size.wire_octets
        return seconds, base, key, wire_octets, _fitting(parsed.unique), parsed.id, parsed.smtputf8

    def _size(self, inode: int, place: str, parsed: filename.Filename) -> Size:
        folder, _, name = place.partition("/")
        with self._disk.opened(folder, DIRECTORY, self._maildrop) as descriptor:
            status = self._disk.stat(name, dir_fd=descriptor, follow_symlinks=False)
            size = self._known.get((parsed.base, inode))
            if size is None or (size.mtime_ns, size.octets) != (status.st_mtime_ns, status.st_size):
                wire_octets = parsed.wire_octets
                if wire_octets is None:
                    wire_octets = self._count(descriptor, name, status.st_size)
                size = Size(status.st_mtime_ns, status.st_size, wire_octets)
        self._sizes[parsed.base, inode] = size
        return size

    def _count(self, folder: int, name: str, octets: int) -> int:
        try:
            descriptor, _ = open_regular(self._disk, folder, name)
            try:
                counter = WireCounter()
                while block := self._disk.read(descriptor, BLOCK_OCTETS):
                    counter.feed(block)
                return counter.finish()
            finally:
                self._disk.close_quietly(descriptor)
        except OSError as error:
            if error.errno not in ITS_OWN:
                raise
            return octets  # one bad file must not hide the others; reading it will say what is wrong
