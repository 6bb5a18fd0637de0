"""twistd with a disk that nobody waits for: what a message costs the processor, whatever the disk does.

A gateway that runs so keeps no promise; nothing but a benchmark may start it.
"""

from __future__ import annotations

import os

os.fsync = lambda fd: None  # before the store takes hold of it

from mailgate.store.maildir import libc  # noqa: E402


def _no_syncfs(descriptor: int) -> None:
    """Say that all is on the disk."""


libc.syncfs = _no_syncfs

from twisted.scripts.twistd import run  # noqa: E402

if __name__ == "__main__":
    run()
