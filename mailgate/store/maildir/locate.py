"""Finds the file of an entry again, also after another program moved it to `cur` or changed its flags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from mailgate.mail import Entry
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.filename import base_of
from mailgate.store.maildir.listing import EXACT, FOLDERS, find

T = TypeVar("T")

_TRIES: Final = 3  # for a file that moves again while it is looked for


def place_of(key: str) -> str:
    """Where an entry's file was when it was listed: `<folder>/<name>`."""
    return key.removeprefix(EXACT)


class Locator:
    """For one open maildrop; remembers where moved files have gone, so that the folders are read once, not per file."""

    def __init__(self, disk: Disk, folders: dict[str, int] | None = None) -> None:
        """`folders` are those that stay open, by name, as `locating` has them; None: each is opened when needed."""
        self._disk = disk
        self._folders = folders
        self._places: dict[str, str] = {}

    def act(self, maildrop: int, entry: Entry, action: Callable[[int, str], T]) -> T:
        """Do `action(folder's descriptor, name)` to the entry's file. Blocks. Raises OSError, FileNotFoundError if
        the file is nowhere.
        """
        try:
            return self._at(maildrop, place_of(entry.key), action)
        except FileNotFoundError:
            if entry.key.startswith(EXACT):
                raise
        base = base_of(entry.key.partition("/")[2])
        for _ in range(_TRIES):
            try:
                return self._at(maildrop, self._places[base], action)
            except (KeyError, FileNotFoundError):
                self._look(maildrop)
            if base not in self._places:
                break
        raise FileNotFoundError(f"{base} is not there any more")

    def _at(self, maildrop: int, place: str, action: Callable[[int, str], T]) -> T:
        folder, _, name = place.partition("/")
        if self._folders is not None:
            if folder not in self._folders:
                self._folders[folder] = self._disk.open(folder, DIRECTORY, dir_fd=maildrop)
            return action(self._folders[folder], name)
        with self._disk.opened(folder, DIRECTORY, maildrop) as descriptor:
            return action(descriptor, name)

    def _look(self, maildrop: int) -> None:
        self._places = {
            base_of(name): f"{folder}/{name}" for folder in FOLDERS for name in find(self._disk, maildrop, folder)
        }


@contextmanager
def locating(disk: Disk) -> Iterator[Locator]:
    """For many files of one maildrop: each folder is opened once. Every call gives the interpreter's lock away, and
    has to wait for it again.
    """
    folders: dict[str, int] = {}
    try:
        yield Locator(disk, folders)
    finally:
        for descriptor in folders.values():
            disk.close_quietly(descriptor)
