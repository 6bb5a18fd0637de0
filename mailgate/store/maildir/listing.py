"""What lies in a Maildir's `new` and `cur`, as entries: order, UIDs and sizes. Files of ours are not even opened."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from attrs import field, frozen

from mailgate.mail import BLOCK_OCTETS, Entry
from mailgate.store.maildir import filename, uidlist
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.layout import CUR, NEW, open_regular
from mailgate.wire.dots import WireCounter

FOLDERS: Final = (NEW, CUR)  # in this order: a message that moves meanwhile is then seen twice rather than never
EXACT: Final = "="  # in front of a key whose base name is not its own: it must not be looked for elsewhere
_ITS_OWN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP})  # the trouble of one file
_SCANS: Final = 3  # how often to look at a `cur` that is changing all the time
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
    """A maildrop's messages, and the sizes that had to be counted: keep these for the next time."""

    entries: tuple[Entry, ...]
    sizes: Sizes = field(factory=dict)


# What becomes an entry: seconds, base name, key, octets on the wire, UID ("": none that fits), id, SMTPUTF8. Sorted as
# they are, they are in order: no two have the same base name and key. They are many, and a tuple is made quickly.
_Row = tuple[int, str, str, int, str, str, bool]


def scan(disk: Disk, maildrop: int, known: Sizes) -> Listing:
    """List an open maildrop directory; `known` are sizes counted before. Blocks. Raises OSError."""
    found = _find_all(disk, maildrop)
    shared = _shared([base for base, _ in found])
    sizer = _Sizer(disk, maildrop, known)
    rows = []
    for (base, inode), place in found.items():
        key = f"{EXACT}{place}" if base in shared else place
        composed = filename.parse_composed(base)
        if composed is not None:
            unique, seconds, message_id, octets, smtputf8 = composed
            rows.append((seconds, base, key, octets, unique, message_id, smtputf8))
        elif (row := sizer.measure(base, inode, place, key)) is not None:
            rows.append(row)
    rows.sort()
    return Listing(_entries(rows, uidlist.read(disk, maildrop)), sizer.counted)


def place_in_order(entry: Entry) -> tuple[int, str, str]:
    """By what the entries of a listing are sorted."""
    return entry.seconds, filename.base_of(entry.key.partition("/")[2]), entry.key


def find(disk: Disk, maildrop: int, folder: str) -> list[tuple[str, int]]:
    """The regular files in one folder which are messages, by name and inode; none if the folder is missing.

    Raises OSError.
    """
    try:
        with disk.opened(folder, DIRECTORY, maildrop) as descriptor, disk.scandir(descriptor) as files:
            return [
                (file.name, file.inode())
                for file in files
                if not file.name.startswith(".") and file.is_file(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []


def _find_all(disk: Disk, maildrop: int) -> Mapping[tuple[str, int], str]:
    """`<folder>/<name>` by base name and inode."""
    found: dict[tuple[str, int], str] = {}
    for _ in range(_SCANS):
        before = _mtime(disk, maildrop, CUR)
        # One that was renamed meanwhile appears under two names; the later is the one that counts.
        found = {
            (name.partition(":")[0], inode): f"{folder}/{name}"
            for folder in FOLDERS
            for name, inode in find(disk, maildrop, folder)
        }
        # A directory that is read while files in it are renamed may show some of them never: look again.
        if _mtime(disk, maildrop, CUR) == before:
            break
    return found


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


def _entries(rows: Sequence[_Row], imported: Mapping[str, str]) -> tuple[Entry, ...]:
    if imported:
        rows = [(*row[:4], _imported_uid(row, imported), *row[5:]) for row in rows]
    shared = _shared([row[4] for row in rows])
    return tuple(
        [
            Entry(uid if uid and uid not in shared else _hashed(base, key), octets, key, message_id, seconds, smtputf8)
            for seconds, base, key, octets, uid, message_id, smtputf8 in rows
        ]
    )


def _imported_uid(row: _Row, imported: Mapping[str, str]) -> str:
    return _fitting(imported.get(row[1], "")) or row[4]


def _fitting(uid: str) -> str:
    return uid if _UID.fullmatch(uid) else ""


def _hashed(base: str, key: str) -> str:
    lasting = key if key.startswith(EXACT) else base
    return hashlib.sha256(os.fsencode(lasting)).hexdigest()


class _Sizer:
    """Makes the rows of names that others made. What they do not tell, arrival and size, is found out from the file's
    time and by counting.
    """

    def __init__(self, disk: Disk, maildrop: int, known: Sizes) -> None:
        self.counted: dict[tuple[str, int], Size] = {}
        self._disk = disk
        self._maildrop = maildrop
        self._known = known

    def measure(self, base: str, inode: int, place: str, key: str) -> _Row | None:
        """None if the file is gone."""
        parsed = filename.parse(base)
        seconds, wire_octets = parsed.seconds, parsed.wire_octets
        if seconds is None or wire_octets is None:
            try:
                size = self._size(inode, place, parsed)
            except FileNotFoundError:
                return None
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
        self.counted[parsed.base, inode] = size
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
            if error.errno not in _ITS_OWN:
                raise
            return octets  # one bad file must not hide the others; reading it will say what is wrong
