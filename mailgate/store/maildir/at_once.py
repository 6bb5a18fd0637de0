"""Opens a maildrop in the reactor itself, where all that it takes is in memory: a third of what a poll costs otherwise
is the trip to a thread.
"""

from __future__ import annotations

from contextlib import suppress

from mailgate.failures import StoreError
from mailgate.rules import Rules
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.layout import Layout
from mailgate.store.maildir.lock import lock
from mailgate.store.maildir.maildrop import Maildrop, Means
from mailgate.store.maildir.resident import LOCAL


class AtOnce:
    """For one store. `learn` may be called in any thread, `open` in the reactor's."""

    def __init__(self, root: str, resident: Disk, means: Means) -> None:
        self._resident = resident
        self._layout = Layout(root, resident)
        self._means = means
        self._local: set[int] = set()  # devices where nothing that is in memory asks another machine

    def learn(self, disk: Disk, directory: int) -> None:
        """See what kind of file system an open maildrop is on. Blocks; never raises."""
        with suppress(OSError):
            if (device := disk.fstat(directory).st_dev) not in self._local and disk.file_system(directory) in LOCAL:
                self._local.add(device)

    def open(self, maildrop: str, rules: Rules) -> Maildrop | None:
        """The maildrop, locked, with its snapshot; None if it, or something of it, has to be looked for on the disk.

        That goes for all trouble, and for a maildrop that is in use, too: who opens it in a thread is told.
        """
        if rules.retention.fetched_days or rules.dele == "trash":
            return None  # there is more to be read, or made
        try:
            return self._open(maildrop, rules)
        except (OSError, StoreError):
            return None

    def _open(self, maildrop: str, rules: Rules) -> Maildrop | None:
        disk, path = self._resident, self._layout.path(maildrop)
        directory = self._layout.open(maildrop, make=False)
        if not self._is_local(directory):
            disk.close_quietly(directory)
            return None
        held = lock(disk, directory, maildrop)
        try:
            latest = self._means.snapshots.known(path, directory, disk)
            if latest is not None:
                return Maildrop(maildrop, rules, path, held, self._means, latest)
        except BaseException:
            held.close()
            raise
        held.close()
        return None

    def _is_local(self, directory: int) -> bool:
        try:
            return self._resident.fstat(directory).st_dev in self._local
        except OSError:
            return False
