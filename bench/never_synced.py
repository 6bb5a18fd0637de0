"""A disk that nobody waits for, in the process that imports this, before the store takes hold of the real one.

A gateway that runs so keeps no promise; nothing but a benchmark may start it.
"""

from __future__ import annotations

import os

os.fsync = lambda fd: None

from mailgate.store.maildir import libc  # noqa: E402


def _no_syncfs(descriptor: int) -> None:
    """Say that all is on the disk."""


libc.syncfs = _no_syncfs
