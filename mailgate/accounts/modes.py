"""Account files and directories that are open to more people than they should be.

Judged by their modes alone: whose they are, and whether what lies above lets anybody in, is not asked. The group may
read everything, as it may be the one that mailgate runs in.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen

from mailgate.faults import Fault


@frozen
class _Kind:
    """What must not be allowed to whom."""

    type: int  # as stat.S_IFMT has it; what is of another is for others to judge
    forbidden: int  # these bits
    read: str = ""  # what everybody can do who may read it, where that is forbidden


_WRITTEN_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_SECRET: Final = _Kind(stat.S_IFREG, _WRITTEN_BY_OTHERS | stat.S_IROTH, "read the password hashes in it")
_PUBLIC: Final = _Kind(stat.S_IFREG, _WRITTEN_BY_OTHERS)
# Who may write to a directory may put another file in the place of any that is there.
_DIRECTORY: Final = _Kind(stat.S_IFDIR, _WRITTEN_BY_OTHERS)
_OTHERS: Final[Mapping[str, _Kind]] = {"aliases": _PUBLIC, "rules": _PUBLIC, "app-passwords": _SECRET}


def exposed(directory: str) -> tuple[Fault, ...]:
    """The directory of domains, the directories of domains and their account files that others may write to, and files
    with hashes that everybody may read; in the order of their names, each with the command that puts it right.

    One stat a file, and symbolic links in `directory` are not followed. What cannot be looked at is passed by: who
    reads the files reports that. Blocks, and raises nothing.
    """
    faults = [_judged(os.path.join(directory, ""), _DIRECTORY)]  # with a slash, for here a link is followed
    for name in _names(directory):
        faults += _of_domain(os.path.join(directory, name))
    return tuple(fault for fault in faults if fault is not None)


def _names(directory: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(directory) if not name.startswith("."))
    except OSError:
        return []


def _of_domain(place: str) -> Iterator[Fault | None]:
    """Of one directory. One without a `users` file is no domain."""
    own, users = _mode(place), os.path.join(place, "users")
    mode = _mode(users) if stat.S_ISDIR(own) else 0
    if not mode:
        return
    yield _fault(place, own, _DIRECTORY)
    yield _fault(users, mode, _SECRET)
    for name, kind in _OTHERS.items():
        yield _judged(os.path.join(place, name), kind)


def _judged(path: str, kind: _Kind) -> Fault | None:
    return _fault(path, _mode(path), kind)


def _fault(path: str, mode: int, kind: _Kind) -> Fault | None:
    open_to = mode & kind.forbidden if stat.S_IFMT(mode) == kind.type else 0
    if not open_to:
        return None
    shown = path.rstrip("/") or path
    return Fault(shown, _what(open_to, kind), f"chmod {_change(open_to)} {shlex.quote(shown)}")


def _mode(path: str) -> int:
    """Type and permissions; 0, which nothing has: it cannot be looked at."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _what(open_to: int, kind: _Kind) -> str:
    rights = [kind.read] if open_to & stat.S_IROTH else []
    rights += ["write to it"] if open_to & stat.S_IWOTH else []
    said = [f"everybody may {' and '.join(rights)}"] if rights else []
    # What everybody may do goes for the group without being said.
    said += ["its group may write to it"] if open_to & _WRITTEN_BY_OTHERS == stat.S_IWGRP else []
    return ", and ".join(said)


def _change(open_to: int) -> str:
    """What chmod is told to take away, such as `g-w,o-rw`."""
    others = "r" * bool(open_to & stat.S_IROTH) + "w" * bool(open_to & stat.S_IWOTH)
    changes = ["g-w"] if open_to & stat.S_IWGRP else []
    return ",".join([*changes, *([f"o-{others}"] if others else [])])
