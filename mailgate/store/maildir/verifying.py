"""Looks through a maildrop on the disk for what is not as it should be, and says what to do about it.

Reads every message, follows no link, and needs no lock; mail that comes and goes meanwhile is no fault. A repair
renames files whose names tell wrong sizes, under the lock.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from attrs import evolve, frozen

from mailgate.mail import BLOCK_OCTETS
from mailgate.store.maildir import uidlist
from mailgate.store.maildir.disk import DIRECTORY, Disk, as_store_error, in_words
from mailgate.store.maildir.filename import base_of, parse
from mailgate.store.maildir.layout import CUR, NEW, TMP, Layout, open_regular
from mailgate.store.maildir.lock import lock
from mailgate.store.maildir.stale import STALE_SECONDS
from mailgate.wire.dots import WireCounter

_SIZE: Final = re.compile(r",S=([0-9]{1,18})(?=,|\Z)")
_SIZES: Final = re.compile(r",[SW]=[^,]*")
_UID: Final = re.compile(r"[\x21-\x7e]{1,70}")  # RFC 1939 section 7
_FOREIGN_BITS: Final = 0o077  # nobody but the owner may do anything


@frozen
class Finding:
    """Something that is not as it should be."""

    maildrop: str
    kind: str  # for programs, and stable
    place: str  # below the maildrop's directory; empty: that directory
    what: str
    advice: str
    repaired: bool = False


@frozen
class _File:
    """A message file: its sizes as they are, and as its name tells them."""

    base: str
    octets: int
    wire_octets: int
    named_octets: int | None
    named_wire_octets: int | None
    has_nul: bool

    @property
    def is_misnamed(self) -> bool:
        return self.named_octets not in (None, self.octets) or self.named_wire_octets not in (None, self.wire_octets)


class Verifier:
    """Of the maildrops below `root`. Its methods block and raise `StoreError`; `clock` gives Unix time."""

    def __init__(
        self,
        root: str,
        disk: Disk = Disk(),  # noqa: B008 - a frozen value
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._disk = disk
        self._layout = Layout(root, disk)
        self._clock = clock

    def count(self, maildrop: str) -> int:
        """How many steps `verify` takes."""
        doing = f"cannot look through the maildrop of {maildrop}"
        with as_store_error(doing), self._layout.opened(maildrop, make=False) as directory:
            return 1 + sum(len(_names(self._disk, directory, folder) or ()) for folder in (TMP, NEW, CUR))

    def verify(self, maildrop: str, *, repair: bool = False) -> Iterator[tuple[Finding, ...]]:
        """What is found, step by step: first for the maildrop as a whole, then a file a step. Not to be left before its
        end. `repair`: correct what names say of sizes; raises `InUse` if a session has the maildrop.
        """
        with as_store_error(f"cannot look through the maildrop of {maildrop}"):
            directory = self._layout.open(maildrop, make=False)
            if repair:
                held = lock(self._disk, directory, maildrop)
                try:
                    yield from _Look(self._disk, maildrop, directory, self._clock(), repair).all()
                finally:
                    held.close()
            else:
                try:
                    yield from _Look(self._disk, maildrop, directory, self._clock(), repair).all()
                finally:
                    self._disk.close_quietly(directory)


class _Look:
    """One maildrop, open. Raises OSError."""

    def __init__(self, disk: Disk, maildrop: str, directory: int, now: float, repair: bool) -> None:
        self._disk = disk
        self._maildrop = maildrop
        self._directory = directory
        self._now = now
        self._repair = repair
        self._uids = uidlist.read(disk, directory)

    def all(self) -> Iterator[tuple[Finding, ...]]:
        names = {folder: _names(self._disk, self._directory, folder) for folder in (TMP, NEW, CUR)}
        messages = [f"{folder}/{name}" for folder in (NEW, CUR) for name in names[folder] or ()]
        yield (
            *self._permissions("", self._disk.fstat(self._directory), "700"),
            *(self._missing(folder) for folder, found in names.items() if found is None),
            *self._twins(messages),
        )
        for name in names[TMP] or ():
            yield self._tmp(name)
        renamed = False
        for place in messages:
            folder, _, name = place.partition("/")
            with self._disk.opened(folder, DIRECTORY, self._directory) as descriptor:
                found = tuple(self._message(descriptor, place, name))
            renamed = renamed or any(finding.repaired for finding in found)
            yield found
        if renamed:
            for folder in (NEW, CUR):
                with suppress(FileNotFoundError), self._disk.opened(folder, DIRECTORY, self._directory) as descriptor:
                    self._disk.fsync(descriptor)

    def _found(self, kind: str, place: str, what: str, advice: str) -> Finding:
        return Finding(self._maildrop, kind, place, what, advice)

    def _missing(self, folder: str) -> Finding:
        return self._found("folder", folder, "it is missing", "nothing: it is made when the maildrop is opened")

    def _twins(self, places: list[str]) -> Iterator[Finding]:
        """Messages that claim one UID: one has it, and each of the others one that is made of its content."""
        bases = {place: base_of(place.partition("/")[2]) for place in places}
        uids = {place: self._uids.get(base) or base.partition(",")[0] for place, base in bases.items()}
        times = Counter(uids.values())
        for place, uid in uids.items():
            if times[uid] > 1 and not place.partition("/")[2].startswith("."):
                advice = "remove all but one, if they are the same; POP3 shows all, all but one with other UIDs"
                yield self._found("twin", place, f"{times[uid]} messages claim the UID {uid}", advice)

    def _tmp(self, name: str) -> tuple[Finding, ...]:
        place = f"{TMP}/{name}"
        try:
            with self._disk.opened(TMP, DIRECTORY, self._directory) as descriptor:
                status = self._disk.stat(name, dir_fd=descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return ()
        age_seconds = self._now - status.st_mtime
        if age_seconds < STALE_SECONDS:
            return ()
        what = f"a delivery that was given up {int(age_seconds // 3600)} hours ago"
        return (self._found("stale", place, what, "remove it: nobody was told that it was delivered"),)

    def _message(self, folder: int, place: str, name: str) -> Iterator[Finding]:
        try:
            status = self._disk.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return  # it is gone meanwhile
        if name.startswith("."):
            yield self._found("hidden", place, "its name begins with a dot: it is not served", "rename or remove it")
            return
        if not stat.S_ISREG(status.st_mode):
            what = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "not a regular file"
            yield self._found("kind", place, f"it is {what}: it is not served", "remove it, or put a copy in its place")
            return
        yield from self._permissions(place, status, "600")
        yield from self._name(place, name)
        try:
            file = self._read(folder, name)
        except FileNotFoundError:
            return
        except OSError as error:
            yield self._found(
                "unreadable", place, in_words("it cannot be read", error), "see to that, and verify again"
            )
            return
        yield from self._content(folder, place, name, file)

    def _permissions(self, place: str, status: os.stat_result, mode: str) -> Iterator[Finding]:
        where = place or "the maildrop's directory"
        if status.st_uid != os.geteuid():
            advice = f"give it to the user that mailgate runs as: chown {os.geteuid()}"
            yield self._found("owner", place, f"{where} belongs to user {status.st_uid}", advice)
        elif status.st_mode & _FOREIGN_BITS:
            what = f"others may use it (mode {stat.S_IMODE(status.st_mode):o})"
            yield self._found("mode", place, what, f"take that away: chmod {mode}")

    def _name(self, place: str, name: str) -> Iterator[Finding]:
        parsed = parse(name)
        if parsed.base not in self._uids and _UID.fullmatch(parsed.unique) is None:
            what = "its name makes no UID: it has one that was made of the name"
            yield self._found("name", place, what, "nothing, unless that matters to you: renaming it changes its UID")
        elif parsed.seconds is None:
            what = "its name does not begin with the time of arrival: the file's time counts"
            yield self._found("name", place, what, "nothing, unless retention is to know when it came")

    def _read(self, folder: int, name: str) -> _File:
        descriptor, _ = open_regular(self._disk, folder, name)
        try:
            octets, counter, has_nul = 0, WireCounter(), False
            while block := self._disk.read(descriptor, BLOCK_OCTETS):
                octets += len(block)
                counter.feed(block)
                has_nul = has_nul or b"\0" in block
        finally:
            self._disk.close_quietly(descriptor)
        parsed = parse(name)
        named = _SIZE.search(parsed.base)
        named_octets = int(named[1]) if named else None
        return _File(parsed.base, octets, counter.finish(), named_octets, parsed.wire_octets, has_nul)

    def _content(self, folder: int, place: str, name: str, file: _File) -> Iterator[Finding]:
        if file.octets == 0:
            yield self._found("empty", place, "it is empty", "remove it, or fetch it from a backup")
        elif file.has_nul:
            what = "it has NUL octets, as after a crash of a disk that did not write them"
            yield self._found("nul", place, what, "compare it with a backup")
        if file.is_misnamed:
            yield self._misnamed(folder, place, name, file)

    def _misnamed(self, folder: int, place: str, name: str, file: _File) -> Finding:
        missing = (file.named_octets or 0) - file.octets
        kind = "truncated" if missing > 0 else "size"
        named = f"S={file.named_octets} W={file.named_wire_octets}".replace("None", "?")
        what = f"its name says {named}, but it has S={file.octets} W={file.wire_octets}"
        advice = "fetch it from a backup, or correct its name" if missing > 0 else "correct its name"
        finding = self._found(kind, place, what, f"{advice}: mailgate store verify --repair {self._maildrop}")
        if file.base in self._uids:
            return evolve(finding, advice=f"correct its name here and in {uidlist.NAME}, where its UID is")
        if _UID.fullmatch(parse(name).unique) is None:
            what = f"{what}; its UID is made of its whole name"
            return evolve(finding, what=what, advice="leave its name alone, unless its UID may change with it")
        if not self._repair:
            return finding
        self._disk.rename(name, _corrected(name, file), src_dir_fd=folder, dst_dir_fd=folder)
        return evolve(finding, advice="", repaired=True)


def _names(disk: Disk, directory: int, folder: str) -> list[str] | None:
    """All that lies in a folder, in order; None: there is no such folder."""
    try:
        with disk.opened(folder, DIRECTORY, directory) as descriptor, disk.scandir(descriptor) as files:
            return sorted(file.name for file in files)
    except FileNotFoundError:
        return None


def _corrected(name: str, file: _File) -> str:
    """The same name with the sizes that the file has."""
    base, colon, info = name.partition(":")
    unique, comma, extras = base.partition(",")
    others = _SIZES.sub("", comma + extras)
    return f"{unique},S={file.octets},W={file.wire_octets}{others}{colon}{info}"
