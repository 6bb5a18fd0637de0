"""A disk that does what it is asked to, on a real file system, and writes down all that a power cut could undo.

Nothing is really synced: the file system under it does not lose power, and so it may be of any kind, and slow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from attrs import fields

from mailgate.store.maildir.disk import Disk
from tests.crash.operations import ROOT, Made, Moved, Operation, Place, Synced, SyncedAll, Unlinked, Wrote
from tests.crash.syncs import Sync, of_directory, of_file_system

EXT4: Final = 0xEF53
_OUTSIDE: Final = -1  # a directory that the base is in: durable, whatever is done
_HARMLESS: Final = ("read", "stat", "fstat", "scandir", "flock", "fchmod", "chmod")  # leave names and contents alone

E = TypeVar("E")


class Killed(BaseException):
    """The process is dead, and does nothing any more, not even clean up."""


class Recorder(Generic[E]):
    """Records what is done below `base`, an empty directory, through `disk`, and events of another kind as they come.
    For one thread.

    Syncs of the kinds in `left_out` succeed and do nothing. `kill_after` so many recorded calls from now on raises
    `Killed`, in every call from then on but those that close something; `revive` is for the next process.
    """

    def __init__(self, base: Path, left_out: Collection[Sync] = ()) -> None:
        self.trace: list[Operation | E] = []
        self.removing = False  # is the workload in the middle of a removal?
        self.done: set[Sync] = set()  # the kinds of syncs that were asked for
        self._base = str(base)
        self._left_out = left_out
        self._calls_left: int | None = None
        self._live: dict[Place, int] = {}
        self._paths: dict[int, tuple[str, ...]] = {ROOT: ()}
        self._directories = {ROOT}
        self._unsynced: set[int] = set()
        self._descriptors: dict[int, int] = {}
        self.disk = Disk(**{field.name: self._call(field.name) for field in fields(Disk)})

    def kill_after(self, calls: int) -> None:
        """See above."""
        self._calls_left = calls

    def revive(self) -> None:
        """Take calls again."""
        self._calls_left = None

    def now(self) -> dict[Place, int]:
        """All names that there are, as far as this was seen."""
        return dict(self._live)

    def _call(self, name: str) -> Callable[..., Any]:
        if name in ("close", "closerange"):
            return getattr(self, f"_{name}")  # type: ignore[no-any-return]
        call = getattr(Disk(), name) if name in _HARMLESS else getattr(self, f"_{name}", None)

        def alive(*arguments: Any, **keywords: Any) -> Any:
            if self._calls_left == 0:
                raise Killed
            assert call is not None, f"the model of the file system does not know what {name} does"
            return call(*arguments, **keywords)

        return alive

    def _record(self, operation: Operation) -> None:
        self.trace.append(operation)
        if self._calls_left is not None:
            self._calls_left -= 1

    def _open(self, path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        descriptor = os.open(path, flags, mode, dir_fd=dir_fd)
        if dir_fd is None and Path(self._base).is_relative_to(path):
            self._descriptors[descriptor] = ROOT if path == self._base else _OUTSIDE
            return descriptor
        place = self._place(path, dir_fd)
        if place not in self._live:
            assert flags & os.O_CREAT, f"{path} was not made through this disk"
            self._make(place)
        self._descriptors[descriptor] = self._live[place]
        return descriptor

    def _mkdir(self, path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        os.mkdir(path, mode, dir_fd=dir_fd)
        self._directories.add(self._make(self._place(path, dir_fd)))

    def _write(self, descriptor: int, octets: bytes | memoryview) -> int:
        written = os.write(descriptor, octets)
        node = self._descriptors[descriptor]
        self._unsynced.add(node)
        self._record(Wrote(node, bytes(octets[:written])))
        return written

    def _rename(
        self, source: str, target: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
    ) -> None:
        Disk().rename(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        self._move(self._place(source, src_dir_fd), self._place(target, dst_dir_fd))

    def _replace(
        self, source: str, target: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None
    ) -> None:
        os.replace(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        self._move(self._place(source, src_dir_fd), self._place(target, dst_dir_fd))

    def _unlink(self, path: str, *, dir_fd: int | None = None) -> None:
        os.unlink(path, dir_fd=dir_fd)
        place = self._place(path, dir_fd)
        del self._live[place]
        self._record(Unlinked(place))

    def _fsync(self, descriptor: int) -> None:
        node = self._descriptors[descriptor]
        if node == _OUTSIDE:
            return
        is_directory = node in self._directories
        kind = of_directory(self._paths[node], removing=self.removing) if is_directory else Sync.CONTENT
        if self._is_done(kind):
            self._unsynced.discard(node)
            self._record(Synced(node))

    def _syncfs(self, descriptor: int) -> None:
        assert descriptor in self._descriptors
        there = self._live.values()
        if self._is_done(of_file_system([self._paths[node] for node in self._unsynced if node in there])):
            self._unsynced.clear()
            self._record(SyncedAll())

    def _is_done(self, kind: Sync) -> bool:
        self.done.add(kind)
        return kind not in self._left_out

    def _file_system(self, descriptor: int) -> int:
        assert descriptor in self._descriptors
        return EXT4

    def _close(self, descriptor: int) -> None:
        self._descriptors.pop(descriptor, None)
        os.close(descriptor)

    def _closerange(self, first: int, end: int) -> None:
        for descriptor in range(first, end):
            self._descriptors.pop(descriptor, None)
        os.closerange(first, end)

    def _make(self, place: Place) -> int:
        node = len(self._paths)
        self._live[place] = node
        self._paths[node] = (*self._paths[place[0]], place[1])
        self._record(Made(place, node))
        return node

    def _move(self, source: Place, target: Place) -> None:
        node = self._live.pop(source)
        self._live[target] = node
        self._paths[node] = (*self._paths[target[0]], target[1])
        self._record(Moved(source, target))

    def _place(self, path: str, dir_fd: int | None) -> Place:
        """The directory and the name. Raises KeyError for what nobody has made here."""
        directory = ROOT if dir_fd is None else self._descriptors[dir_fd]
        *above, name = (os.path.relpath(path, self._base) if dir_fd is None else path).split(os.sep)
        for parent in above:
            directory = self._live[directory, parent]
        return directory, name
