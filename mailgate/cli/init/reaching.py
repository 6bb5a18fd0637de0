"""Can the user that the server runs as get to the program? The directories of root's own home are closed to others."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable, Iterator


def closed_directory(paths: Iterable[str], user: str) -> str:
    """The first directory on the way to one of these paths through which the user may not go; empty: there is none.

    A user who is not there yet is somebody else to every directory.
    """
    uid, groups = _identity(user)
    if uid == 0:
        return ""
    return next((place for path in paths for place in _way_to(path) if not _is_open(place, uid, groups)), "")


def _identity(user: str) -> tuple[int | None, frozenset[int]]:
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return None, frozenset()
    return entry.pw_uid, frozenset(os.getgrouplist(user, entry.pw_gid))


def _way_to(path: str) -> Iterator[str]:
    """All directories above a path, and above what it leads to if it is a link, the outermost first."""
    for start in dict.fromkeys((path, os.path.realpath(path))):
        above = []
        while start != (start := os.path.dirname(start)):
            above.append(start)
        yield from reversed(above)


def _is_open(directory: str, uid: int | None, groups: frozenset[int]) -> bool:
    try:
        status = os.stat(directory)
    except OSError:
        return True  # that it is not there is for others to say
    if status.st_uid == uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid in groups:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
