"""The kinds of syncs that the store makes. Each can be left out, to show that it is needed."""

from __future__ import annotations

from enum import Enum
from typing import Final

ROOT_PATH: Final = ("srv", "mail")  # where a workload has its maildrops: the store has to make both directories


class Sync(Enum):
    """What a sync is for."""

    BATCH_CONTENTS = "syncfs of a batch's contents"
    BATCH_NAMES = "syncfs of a batch's names"
    CONTENT = "fsync of a content"
    NAMES = "fsync of new after the names were given"
    ABOVE = "fsync of the directories above the root"
    ROOT = "fsync of the root"
    DOMAIN = "fsync of a domain's directory"
    MAILDROP = "fsync of a maildrop's directory"
    REMOVED_NEW = "fsync of new after a removal"
    REMOVED_CUR = "fsync of cur after a removal"
    TRASH = "fsync of the trash"


_BY_DEPTH: Final = {0: Sync.ROOT, 1: Sync.DOMAIN, 2: Sync.MAILDROP}


def of_directory(path: tuple[str, ...], *, removing: bool) -> Sync:
    """What the fsync of a directory is for. `removing`: is a removal under way? Raises ValueError: for nothing."""
    depth = len(path) - len(ROOT_PATH)
    if depth < 0:
        return Sync.ABOVE
    if depth in _BY_DEPTH:
        return _BY_DEPTH[depth]
    if path[-1] == "mailgate-removed":
        return Sync.TRASH
    if path[-1] == "new":
        return Sync.REMOVED_NEW if removing else Sync.NAMES
    if path[-1] == "cur" and removing:
        return Sync.REMOVED_CUR
    raise ValueError(f"nobody knows what the fsync of {'/'.join(path)} is for")


def of_file_system(unsynced: list[tuple[str, ...]]) -> Sync:
    """What a syncfs is for. `unsynced` are the paths of the files whose content is not durable."""
    return Sync.BATCH_CONTENTS if any(path[-2] == "tmp" for path in unsynced) else Sync.BATCH_NAMES
