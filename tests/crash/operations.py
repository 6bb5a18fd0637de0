"""What a program has done to a file system, call by call: the trace that a power cut is tried on.

Files and directories are numbered; `ROOT` is the directory in which all happens and which is there from the beginning.
A directory and a file are made by the same operation: the number alone says which it is, by what is done with it.
"""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

ROOT: Final = 0

Place = tuple[int, str]  # a name in a directory


@frozen
class Made:
    """open(2) with O_CREAT, or mkdir(2)."""

    place: Place
    node: int


@frozen
class Wrote:
    """write(2), at the end of the file: nothing here writes anywhere else."""

    node: int
    octets: bytes = field(repr=False)


@frozen
class Moved:
    """rename(2). A file that had the target's name is gone from there."""

    source: Place
    target: Place


@frozen
class Unlinked:
    """unlink(2)."""

    place: Place


@frozen
class Synced:
    """fsync(2) of a file, which makes its content durable, or of a directory, which makes the names in it durable."""

    node: int


@frozen
class SyncedAll:
    """syncfs(2)."""


Operation = Made | Wrote | Moved | Unlinked | Synced | SyncedAll
