"""What deliveries that were given up have left in `tmp`: nobody was told that it was delivered, and nobody sees it.

By custom (maildir(5)) a file may lie there for 36 hours, and whoever comes by afterwards removes it, whoever made it.
"""

from __future__ import annotations

import stat
from contextlib import suppress
from typing import Final

from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.layout import TMP

STALE_SECONDS: Final = 129_600  # 36 hours since the last write


def remove(disk: Disk, maildrop: int, now: float) -> int:
    """Remove such files from an open maildrop directory; give how many it was. `now` is Unix time.

    All are tried. Blocks; raises OSError. What a crash brings back is removed the next time: nothing is synced. Should
    a clock that jumped make a file look old that is being written, its delivery fails, and the client hears 4xx.
    """
    removed = 0
    trouble: OSError | None = None
    with suppress(FileNotFoundError), disk.opened(TMP, DIRECTORY, maildrop) as tmp:
        with disk.scandir(tmp) as files:
            names = [file.name for file in files if file.is_file(follow_symlinks=False)]
        for name in names:
            try:
                removed += _remove_if_stale(disk, tmp, name, now)
            except OSError as error:
                trouble = error
    if trouble is not None:
        raise trouble
    return removed


def _remove_if_stale(disk: Disk, tmp: int, name: str, now: float) -> bool:
    try:
        status = disk.stat(name, dir_fd=tmp, follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode) or now - status.st_mtime < STALE_SECONDS:
            return False
        disk.unlink(name, dir_fd=tmp)
    except FileNotFoundError:
        return False  # its delivery has come to an end, or another program was faster
    return True
