"""Copies one maildrop while mail comes, is fetched and is removed: nothing that stays there is missed.

Files of messages never change, but their names do: from `new` to `cur`, and with their flags. A directory that is
listed while a file in it is renamed may show neither name (POSIX leaves that open), so it is listed twice, and again
where a message was gone before it could be copied. What comes meanwhile may be in the copy, or in the next one.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Final

from attrs import frozen

from mailgate.cli.backing_copying import DRAFT, Copier, Pair, known_by

NEW: Final = "new"
CUR: Final = "cur"
REMOVED: Final = "mailgate-removed"
LISTINGS: Final = 4  # two, and two more where a message was gone before it was copied
_RECORDS: Final = ("dovecot-uidlist", "mailgate-maildrop.json", "mailgate-uids.json")

Place = tuple[str, str]  # folder and name


def copy_maildrop(copier: Copier, pair: Pair, *, delete: bool) -> None:
    """`pair` has the maildrop's directory. `delete`: what is gone from it goes from the copy."""
    with ExitStack() as stack:
        folders = {}
        for name in (NEW, CUR):
            folder = stack.enter_context(copier.opened(pair, name))
            if folder is not None:
                folders[name] = folder
        seen = _Messages(copier, folders).copy()
        if delete:
            _remove(copier, folders, seen)
    _copy_removed(copier, pair, delete)
    # After the messages: a UID is written down before its message is there, so each that was copied has its own here.
    for name in pair.names(lambda name: name in _RECORDS):
        copier.copy(pair, name)
    copier.account.maildrops += 1


def unique_of(name: str) -> str:
    """What stays the same in a message's name as long as it is there."""
    return name.partition(":")[0].partition(",")[0]


@frozen
class _Messages:
    """Those of `new` and `cur`."""

    copier: Copier
    folders: dict[str, Pair]

    def copy(self) -> set[str]:
        """Copy them; gives what is unique in the names of all that were seen."""
        seen: set[Place] = set()
        lost: set[str] = set()  # gone before they were copied: removed, or under another name in the next listing
        vanished: set[str] = set()
        for number in range(LISTINGS):
            listing = self._list()
            self._follow(listing)
            vanished = self._copy(listing - seen, lost)
            seen |= listing
            if number and not lost:
                break
        for unique in sorted(vanished):
            self.copier.trouble(f"{unique}: it is renamed faster than it can be copied; run it again")
        return {unique_of(file) for _, file in seen}

    def _list(self) -> set[Place]:
        # `new` first: what goes to `cur` meanwhile is in the second list at least.
        return {(name, file) for name in (NEW, CUR) if name in self.folders for file in _messages(self.folders[name])}

    def _copy(self, places: set[Place], lost: set[str]) -> set[str]:
        """Copy these, and keep account of those that are `lost`; gives those that were lost now."""
        vanished = set()
        for folder, file in sorted(places):
            if self.copier.copy(self.folders[folder], file, never_changes=True):
                lost.discard(unique_of(file))
            else:
                vanished.add(unique_of(file))
        lost |= vanished
        return vanished

    def _follow(self, listing: set[Place]) -> None:
        """Rename in the copy what was renamed in the maildrop, so that no message is there twice."""
        there = _there(self.folders)
        left = defaultdict[str, list[Place]](list)
        for place in there.keys() - listing:
            left[unique_of(place[1])].append(place)
        for place in sorted(listing - there.keys()):
            for old in left.get(unique_of(place[1]), ()):
                if there[old] == self._known_by(place):
                    folder = self.folders[old[0]].target
                    os.rename(old[1], place[1], src_dir_fd=folder, dst_dir_fd=self.folders[place[0]].target)
                    self.copier.account.renamed += 1
                    left[unique_of(place[1])].remove(old)
                    break

    def _known_by(self, place: Place) -> tuple[int, int] | None:
        with suppress(FileNotFoundError):
            return known_by(os.stat(place[1], dir_fd=self.folders[place[0]].source, follow_symlinks=False))
        return None


def _messages(pair: Pair) -> list[str]:
    return pair.names(lambda name: not name.startswith("."))


def _there(folders: dict[str, Pair]) -> dict[Place, tuple[int, int]]:
    return {(name, file): known_by(status) for name, pair in folders.items() for file, status in _files(pair)}


def _files(pair: Pair) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(pair.target) as entries:
        for entry in entries:
            if entry.name != DRAFT and entry.is_file(follow_symlinks=False):
                yield entry.name, entry.stat(follow_symlinks=False)


def _remove(copier: Copier, folders: dict[str, Pair], seen: set[str]) -> None:
    for (folder, file), _ in _there(folders).items():
        if unique_of(file) not in seen:
            os.unlink(file, dir_fd=folders[folder].target)
            copier.account.removed += 1


def _copy_removed(copier: Copier, pair: Pair, delete: bool) -> None:
    """The trash: its files get their names once, and keep them."""
    if REMOVED not in pair.directories():
        return
    with copier.opened(pair, REMOVED) as trash:
        if trash is None:
            return
        names = _messages(trash)
        for name in names:
            copier.copy(trash, name, never_changes=True)
        for file, _ in list(_files(trash)) if delete else ():
            if file not in names:
                os.unlink(file, dir_fd=trash.target)
                copier.account.removed += 1
