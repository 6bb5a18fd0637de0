"""The committing process of `bench.unsynced`."""

from __future__ import annotations

import bench.never_synced  # noqa: F401 - first
from mailgate.store.maildir.commit_process import main

if __name__ == "__main__":
    main()
