"""What mailgate has promised by a moment, and what of it does not hold in a state that a power cut has left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from attrs import frozen

from mailgate.store.maildir import filename
from mailgate.store.maildir.names import to_segments
from tests.crash.operations import ROOT
from tests.crash.syncs import ROOT_PATH
from tests.crash.volume import State

Copy = tuple[str, str]  # a maildrop, and the id of a message in it


@frozen
class Delivered:
    """250 was said for these."""

    copies: tuple[Copy, ...]


@frozen
class Removing:
    """Nobody knows of these any more whether they are there: they are being removed, into the trash or for good."""

    copies: tuple[Copy, ...]
    to_trash: bool


@frozen
class Removed:
    """+OK was said for the removal of these."""

    copies: tuple[Copy, ...]
    to_trash: bool


Event = Delivered | Removing | Removed


class Promises:
    """`hear` what was promised; `broken` is what a state makes of that. `contents` are all that were ever sent.

    On its way to the trash a message is in one of both places; but only as long as `atomic_renames` are to be had.
    """

    def __init__(self, contents: Mapping[Copy, bytes], *, atomic_renames: bool = True) -> None:
        self._contents = contents
        self._atomic_renames = atomic_renames
        self._there: set[Copy] = set()
        self._gone: set[Copy] = set()
        self._somewhere: set[Copy] = set()  # on their way to the trash
        self._in_trash: set[Copy] = set()
        self._maildrops = sorted({maildrop for maildrop, _ in contents})

    def hear(self, event: Event) -> None:
        """Take note of it."""
        copies = set(event.copies)
        match event:
            case Delivered():
                self._there |= copies
            case Removing(_, to_trash):
                if to_trash and self._atomic_renames:
                    self._somewhere |= copies & self._there
                else:
                    self._somewhere -= copies
                self._there -= copies
            case Removed(_, to_trash):
                self._gone |= copies
                self._in_trash |= copies if to_trash else set()

    def broken(self, state: State) -> Iterator[str]:
        """A sentence for each promise that does not hold."""
        seen: dict[str, set[Copy]] = defaultdict(set)
        for maildrop in self._maildrops:
            directory = state.find(ROOT, *ROOT_PATH, *to_segments(maildrop))
            for folder in ("new", "cur", "mailgate-removed") if directory is not None else ():
                for copy, is_whole in self._read(state, maildrop, directory, folder):
                    seen[folder].add(copy)
                    if not is_whole:
                        yield f"half a message in {folder}: {_name(copy)}"
        visible = seen["new"] | seen["cur"]
        yield from _each("acknowledged and lost", self._there - visible)
        yield from _each("removed and back", self._gone & visible)
        yield from _each("lost on its way to the trash", self._somewhere - visible - seen["mailgate-removed"])
        yield from _each("lost from the trash", self._in_trash - seen["mailgate-removed"])

    def _read(self, state: State, maildrop: str, directory: int | None, folder: str) -> Iterator[tuple[Copy, bool]]:
        node = None if directory is None else state.find(directory, folder)
        for name, file in state.list(node) if node is not None else ():
            copy = maildrop, _id(name)
            yield copy, state.content(file) == self._contents.get(copy)


@lru_cache(10_000)
def _id(name: str) -> str:
    return filename.parse(name.partition("~")[2] or name).id


def _each(what: str, copies: Collection[Copy]) -> Iterator[str]:
    for copy in sorted(copies):
        yield f"{what}: {_name(copy)}"


def _name(copy: Copy) -> str:
    return f"{copy[1]} of {copy[0]}"
