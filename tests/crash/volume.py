"""A file system that remembers what is durable and what is not yet: every state that a power cut may leave.

The model is weaker than the file systems that mailgate is made for, so what survives here survives there:

- fsync of a file makes its content durable, and nothing else: not its name.
- fsync of a directory makes the names in it durable, and nothing else: neither what they lead to nor its own name.
- syncfs makes everything durable.
- Any name that was made or removed since then may be as it is now, as it was when it was last made durable, or as it
  was at any moment between, whatever became of the other names, also of those in the same directory.
- Any content that was written since then may be there, missing, cut anywhere, or there with zeros in it.
- A rename may have left the old name, the new one, or both, but never neither: a journal that gives a name away has
  it arrive as well. So a removal that is durable by fsync of the old directory makes the new name durable too.
  With `atomic_renames=False` not even that holds: a file may be lost between two directories that were not synced.

A content is only ever appended to. Modes, owners and times are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from tests.crash.operations import Made, Moved, Operation, Place, Synced, SyncedAll, Unlinked, Wrote


@frozen
class Version:
    """To what a name led from one operation on; numbers grow with time, 0 is before all."""

    number: int
    node: int | None  # None: there is no such name


@frozen
class Fate:
    """What a power cut made of a content: `kept` octets, then `zeros` of zero, then on as written, to `octets`."""

    kept: int
    zeros: int
    octets: int


@frozen
class _Tie:
    """A rename: if the old name is as it was from `number` on, so is the new one."""

    number: int
    source: Place
    target: Place


_ABSENT = Version(0, None)


class Volume:
    """`apply` one operation after the other; between two of them ask what may be there after a power cut."""

    def __init__(self, *, atomic_renames: bool = True) -> None:
        self.unsettled: dict[Place, list[Version]] = {}  # names that are not durable: oldest first, the first one is
        self.dirty: dict[int, int] = {}  # contents that are not durable: so many octets of each are
        self.names: dict[int, dict[str, None]] = {}  # by directory: every name that there ever was
        self._settled: dict[Place, Version] = {}
        self._contents: dict[int, bytes] = {}
        self._ties: list[_Tie] = []
        self._atomic_renames = atomic_renames
        self._number = 0

    def apply(self, operation: Operation) -> None:
        """Do it."""
        self._number += 1
        match operation:
            case Made(place, node):
                self._name(place, node)
            case Wrote(node, octets):
                self._write(node, octets)
            case Moved(source, target):
                self._move(source, target)
            case Unlinked(place):
                self._name(place, None)
            case Synced(node):
                self._sync(node)
            case SyncedAll():
                self._sync_all()

    def settled(self, place: Place) -> Version:
        """To what a name leads that is durable."""
        return self._settled.get(place, _ABSENT)

    def content(self, node: int) -> bytes:
        """All that was written to a file."""
        return self._contents.get(node, b"")

    def now(self) -> Mapping[Place, int]:
        """All names and where they lead, as a program sees them without a power cut."""
        places = [(directory, name) for directory, names in self.names.items() for name in names]
        return {place: node for place in places if (node := self._latest(place).node) is not None}

    def follow_ties(self, picks: dict[Place, Version]) -> None:
        """Make a choice of versions one that the renames allow: what was given away has arrived."""
        changed = True
        while changed:
            changed = False
            for tie in self._ties:
                arrived = picks.get(tie.target) or self.settled(tie.target)
                if (picks.get(tie.source) or self.settled(tie.source)).number >= tie.number > arrived.number:
                    picks[tie.target] = _at(self.unsettled[tie.target], tie.number)
                    changed = True

    def _latest(self, place: Place) -> Version:
        return self.unsettled[place][-1] if place in self.unsettled else self.settled(place)

    def _name(self, place: Place, node: int | None) -> None:
        directory, name = place
        self.names.setdefault(directory, {})[name] = None
        versions = self.unsettled.setdefault(place, [self.settled(place)])
        versions.append(Version(self._number, node))

    def _write(self, node: int, octets: bytes) -> None:
        content = self.content(node)
        self.dirty.setdefault(node, len(content))
        self._contents[node] = content + octets

    def _move(self, source: Place, target: Place) -> None:
        node = self._latest(source).node
        assert node is not None, f"{source} is not there"
        self._name(target, node)
        self._name(source, None)
        if self._atomic_renames:
            self._ties.append(_Tie(self._number, source, target))

    def _sync(self, node: int) -> None:
        self.dirty.pop(node, None)
        for place in [place for place in self.unsettled if place[0] == node]:
            self._settle(place, self._number)

    def _sync_all(self) -> None:
        self.dirty.clear()
        for place in list(self.unsettled):
            self._settle(place, self._number)

    def _settle(self, place: Place, number: int) -> None:
        """Make the name durable as it was when `number` was done, or later."""
        if place in self.unsettled:
            durable = _at(self.unsettled[place], number)
            versions = [durable, *(version for version in self.unsettled[place] if version.number > durable.number)]
            self._settled[place] = durable
            self.unsettled[place] = versions
            if len(versions) == 1:
                del self.unsettled[place]
        done = [tie for tie in self._ties if tie.source == place and tie.number <= number]
        self._ties = [tie for tie in self._ties if tie not in done and self.settled(tie.target).number < tie.number]
        for tie in done:
            self._settle(tie.target, tie.number)


def _at(versions: list[Version], number: int) -> Version:
    """The one that was true when `number` was done; the first one is durable and true in any case."""
    return next((version for version in reversed(versions) if version.number <= number), versions[0])


class State:
    """What the disk has after a power cut: one of the versions of each name, one of the fates of each content."""

    def __init__(self, volume: Volume, picks: dict[Place, Version], fates: Mapping[int, Fate]) -> None:
        """For names and contents that are durable there is nothing to choose. Picks are made to agree with renames."""
        volume.follow_ties(picks)
        self._volume = volume
        self._picks = picks
        self._fates = fates

    def find(self, directory: int, *path: str) -> int | None:
        """What a path leads to, from a directory on."""
        node: int | None = directory
        for name in path:
            if node is None:
                return None
            place = node, name
            node = (self._picks.get(place) or self._volume.settled(place)).node
        return node

    def list(self, directory: int) -> Iterator[tuple[str, int]]:
        """The names in a directory, and where they lead."""
        for name in self._volume.names.get(directory, ()):
            node = self.find(directory, name)
            if node is not None:
                yield name, node

    def content(self, node: int) -> bytes:
        """A file's content."""
        content = self._volume.content(node)
        fate = self._fates.get(node)
        if fate is None:
            return content
        return content[: fate.kept] + b"\0" * fate.zeros + content[fate.kept + fate.zeros : fate.octets]
