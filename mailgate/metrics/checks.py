"""Is all right? A check gives a sentence that says what is not, for an administrator; empty: all is.

They are asked in the reactor's thread, for every probe: none of them writes, or waits for more than a local disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sized
from datetime import UTC, datetime
from typing import Final

from mailgate.filesystem import Disk
from mailgate.units import size

STUCK_SECONDS: Final = 30.0  # a commit that takes longer hangs: a disk that is slow takes a second

Check = Callable[[], str]


def ports_open(listening: Callable[[], Sized]) -> Check:
    """Is any port open? They are opened together, and closed together when it stops."""
    return lambda: "" if len(listening()) else "no port is open: it is starting or stopping"


def store_usable(directory: str, min_free_octets: int, disk: Callable[[], Disk]) -> Check:
    """May mail be written below `directory`, and is more free than must be, in octets and inodes? `min_free_octets` of
    0: no matter how much is.
    """

    def check() -> str:
        try:
            found = disk()
        except OSError as error:
            return f"it cannot be seen how much room {directory} has: {error.strerror or error}"
        free = found.free_octets
        if free < min_free_octets:
            return (
                f"{directory} has {size(free)} free, less than its reserve of {size(min_free_octets)} (store.min_free)"
            )
        if min_free_octets and found.lacks_inodes:
            return (
                f"{directory} has {found.free_inodes:,} free inodes of {found.inodes:,}, fewer than "
                f"{found.least_inodes:,}: remove many small files from its file system, or move it to one with more"
            )
        return "" if _is_writable(directory) else f"{directory} cannot be written: see its owner, mode and mount"

    return check


def commits_flow(oldest_seconds: Callable[[], float], most_seconds: float = STUCK_SECONDS) -> Check:
    """Does no commit take longer than `most_seconds`?"""

    def check() -> str:
        oldest = oldest_seconds()
        return "" if oldest <= most_seconds else f"a message has been on its way to the disk for {oldest:.0f} s"

    return check


def certificates_valid(certificates: Callable[[], Iterable[tuple[str, float]]], now: Callable[[], float]) -> Check:
    """Has no certificate expired? They come as a name and the Unix time until which it is valid."""

    def check() -> str:
        expired = [f"{name} (on {_day(not_after)})" for name, not_after in certificates() if not_after <= now()]
        return f"a certificate has expired: {', '.join(expired)}" if expired else ""

    return check


def accounts_readable(unreadable: Callable[[], Iterable[object]]) -> Check:
    """Can all files of the accounts be read? `unreadable` gives what is wrong with them."""
    return lambda: "; ".join(map(str, unreadable()))


def _is_writable(directory: str) -> bool:
    """Of a directory that is not there yet, the nearest one above decides. EROFS counts as well."""
    directory = os.path.abspath(directory)
    while not os.path.exists(directory) and os.path.dirname(directory) != directory:
        directory = os.path.dirname(directory)
    return os.access(directory, os.W_OK | os.X_OK)


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
