"""What lies in a Maildir's `new` and `cur`, as entries: order, UIDs and sizes. Files of ours are not even opened."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from operator import attrgetter
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


@frozen
class Found:
    """A file in `new` or `cur`."""

    folder: str
    name: str
    inode: int


@frozen
class _Listed:
    seconds: int
    base: str
    key: str
    octets: int
    parsed: filename.Filename


def scan(disk: Disk, maildrop: int, known: Sizes) -> Listing:
    """List an open maildrop directory; `known` are sizes counted before. Blocks. Raises OSError."""
    found = _find_all(disk, maildrop)
    bases = Counter(filename.base_of(file.name) for file in found)
    sizer = _Sizer(disk, maildrop, known)
    listed = []
    for file in found:
        parsed = filename.parse(file.name)
        measured = sizer.measure(file, parsed)
        if measured is not None:
            key = f"{EXACT if bases[parsed.base] > 1 else ''}{file.folder}/{file.name}"
            listed.append(_Listed(measured[0], parsed.base, key, measured[1], parsed))
    listed.sort(key=attrgetter("seconds", "base", "key"))
    return Listing(tuple(_entries(listed, uidlist.read(disk, maildrop))), sizer.counted)


def find(disk: Disk, maildrop: int, folder: str) -> list[Found]:
    """The regular files in one folder which are messages; none if the folder is missing. Raises OSError."""
    try:
        with disk.opened(folder, DIRECTORY, maildrop) as descriptor, disk.scandir(descriptor) as files:
            return [
                Found(folder, file.name, file.inode())
                for file in files
                if not file.name.startswith(".") and file.is_file(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []


def _find_all(disk: Disk, maildrop: int) -> Collection[Found]:
    for _ in range(_SCANS):
        before = _mtime(disk, maildrop, CUR)
        # One that was renamed meanwhile appears under two names; the later is the one that counts.
        found = {
            (filename.base_of(file.name), file.inode): file
            for folder in FOLDERS
            for file in find(disk, maildrop, folder)
        }
        # A directory that is read while files in it are renamed may show some of them never: look again.
        if _mtime(disk, maildrop, CUR) == before:
            break
    return found.values()


def _mtime(disk: Disk, maildrop: int, folder: str) -> int:
    try:
        return disk.stat(folder, dir_fd=maildrop, follow_symlinks=False).st_mtime_ns
    except FileNotFoundError:
        return 0


def _entries(listed: list[_Listed], imported: Mapping[str, str]) -> Iterator[Entry]:
    uids = [_wanted_uid(file.parsed, imported) for file in listed]
    times = Counter(uids)
    for file, uid in zip(listed, uids, strict=True):
        if times[uid] > 1 or not _UID.fullmatch(uid):
            lasting = file.key if file.key.startswith(EXACT) else file.base
            uid = hashlib.sha256(os.fsencode(lasting)).hexdigest()
        yield Entry(uid, file.octets, file.key, file.parsed.id, file.seconds, file.parsed.smtputf8)


def _wanted_uid(parsed: filename.Filename, imported: Mapping[str, str]) -> str:
    uid = imported.get(parsed.base, "")
    return uid if _UID.fullmatch(uid) else parsed.unique


class _Sizer:
    """Finds out arrival and size; where the name does not tell them, from the file's time and by counting."""

    def __init__(self, disk: Disk, maildrop: int, known: Sizes) -> None:
        self.counted: dict[tuple[str, int], Size] = {}
        self._disk = disk
        self._maildrop = maildrop
        self._known = known

    def measure(self, file: Found, parsed: filename.Filename) -> tuple[int, int] | None:
        """(arrival in Unix time, octets on the wire); None if the file is gone."""
        if parsed.seconds is not None and parsed.wire_octets is not None:
            return parsed.seconds, parsed.wire_octets
        try:
            with self._disk.opened(file.folder, DIRECTORY, self._maildrop) as folder:
                size = self._size(folder, file, parsed)
        except FileNotFoundError:
            return None
        seconds = size.mtime_ns // 1_000_000_000 if parsed.seconds is None else parsed.seconds
        return seconds, size.wire_octets

    def _size(self, folder: int, file: Found, parsed: filename.Filename) -> Size:
        status = self._disk.stat(file.name, dir_fd=folder, follow_symlinks=False)
        size = self._known.get((parsed.base, file.inode))
        if size is None or (size.mtime_ns, size.octets) != (status.st_mtime_ns, status.st_size):
            wire_octets = parsed.wire_octets
            if wire_octets is None:
                wire_octets = self._count(folder, file.name, status.st_size)
            size = Size(status.st_mtime_ns, status.st_size, wire_octets)
        self.counted[parsed.base, file.inode] = size
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
