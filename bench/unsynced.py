"""twistd with a disk that nobody waits for: what a message costs the processor, whatever the disk does."""

from __future__ import annotations

from functools import partial

import bench.never_synced  # noqa: F401 - first
from mailgate.store.maildir import apart

apart.start_process = partial(apart.start_process, "bench.unsynced_commits")

from twisted.scripts.twistd import run  # noqa: E402

if __name__ == "__main__":
    run()
