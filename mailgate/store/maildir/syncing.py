"""Chooses, batch by batch, between one `syncfs` for all files and an fsync for each.

A journalling file system commits its journal once for a `syncfs`, however many files wait for it, and once for nearly
every fsync: for a batch of 20 messages that is the difference between two commits and forty. But `syncfs` is only as
good as the file system makes it (on FUSE it succeeds and does nothing), and it waits for what others have written, too.
So it is used only

- on file systems that are known to be good for it: ext4, xfs, btrfs;
- by a kernel that reports errors of writing back through it (Linux 5.8);
- for batches of more than one file: for a single one an fsync does the same and waits for nobody else;
- while it is quick. When its median exceeds `patience_seconds`, others dirty the disk, and for a while each file is
  synced by itself. An error has the same effect: it may be another program's, and need not cost our mail again.

The file system is opened anew for each batch, before its first write, and stays open until its last sync: a descriptor
is told of errors that came after it was opened. And so a disk that is mounted while we run is noticed.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, Literal

from attrs import frozen
from twisted.logger import Logger

from mailgate.store.maildir.disk import DIRECTORY, Disk

Way = Literal["auto", "syncfs", "fsync"]  # `syncfs`: on any file system and kernel, and however slow it is

SYNC_PATIENCE_SECONDS: Final = 0.020  # what a batch may spend in `syncfs`, in the median
REST_SECONDS: Final = 60.0  # for how long `syncfs` is left alone then
BATCHES_REMEMBERED: Final = 9  # the median is over so many: an odd number, so that one is in the middle
_GOOD: Final = {0xEF53: "ext4", 0x58465342: "xfs", 0x9123683E: "btrfs"}  # statfs(2); ext2 and ext3 share ext4's
_REPORTS_ERRORS: Final = (5, 8)
_NOT_OURS: Final = (errno.EIO, errno.ENOSPC, errno.EDQUOT)  # before the first write: of what others wrote
_ROOT: Final = DIRECTORY & ~os.O_NOFOLLOW

log = Logger(namespace="mailgate.store")


@frozen
class FileSystem:
    """A file system that can be synced as a whole."""

    device: int  # as `st_dev` has it: what is on another one is not synced
    sync: Callable[[], None]  # blocks; raises OSError where something that was written may be lost


class Syncing:
    """For the file system that `root` is on. `begun` blocks, and is called by one thread at a time.

    `timer` gives seconds that never go back, `kernel` is the release of the running one.
    """

    def __init__(
        self,
        root: str,
        disk: Disk,
        way: Way = "auto",
        patience_seconds: float = SYNC_PATIENCE_SECONDS,
        timer: Callable[[], float] = time.monotonic,
        kernel: str = os.uname().release,
    ) -> None:
        self._root = os.path.abspath(root)
        self._disk = disk
        self._way = way
        self._patience_seconds = patience_seconds
        self._timer = timer
        self._kernel = kernel
        self._good: dict[int, bool] = {}  # by device: may it be synced as a whole?
        self._spent: deque[float] = deque(maxlen=BATCHES_REMEMBERED)
        self._rest_until: float | None = None
        self._found_good = False  # the last time that one was looked at

    def is_as_whole(self) -> bool:
        """Will a batch of many files be synced at once, as far as that is known? Does not block; for any thread."""
        return self._found_good and not self._rests()

    @contextmanager
    def begun(self, files: int) -> Iterator[FileSystem | None]:
        """For a batch of so many files: what to sync at once; None if each file is to be synced by itself.

        Enter it before the first of them is written.
        """
        descriptor = self._open() if files > 1 and self._way != "fsync" and not self._rests() else None
        if descriptor is None:
            yield None
            return
        spent: list[float] = []
        try:
            yield self._file_system(descriptor, spent)
        finally:
            self._disk.close_quietly(descriptor)
        if spent:
            self._judge(sum(spent))

    def _open(self) -> int | None:
        try:
            return self._disk.open(self._root, _ROOT)
        except OSError:
            return None  # not there yet, most likely; who writes there will see

    def _file_system(self, descriptor: int, spent: list[float]) -> FileSystem | None:
        try:
            device = self._disk.fstat(descriptor).st_dev
        except OSError:
            return None
        self._found_good = self._is_good(device, descriptor)
        if not self._found_good:
            return None
        return FileSystem(device, partial(self._sync, descriptor, spent))

    def _rests(self) -> bool:
        return self._rest_until is not None and self._timer() < self._rest_until

    def _is_good(self, device: int, descriptor: int) -> bool:
        if device not in self._good:
            objection = self._objection(descriptor)
            self._good[device] = not objection
            log.info(
                "files of {root} are made durable by {way}",
                root=self._root,
                way=f"fsync, one by one: {objection}" if objection else "syncfs, a batch at a time",
            )
        return self._good[device]

    def _objection(self, descriptor: int) -> str:
        if self._way == "auto":
            try:
                kind = self._disk.file_system(descriptor)
            except OSError as error:
                return f"the file system does not say what it is: {error.strerror}"
            if kind not in _GOOD:
                return f"syncfs is not known to be good on this file system ({kind:#x})"
            if _version(self._kernel) < _REPORTS_ERRORS:
                return f"syncfs of Linux {self._kernel} does not report errors"
        try:
            self._disk.syncfs(descriptor)  # is there one at all, and may we use it?
        except OSError as error:
            if error.errno not in _NOT_OURS:
                return f"syncfs cannot be used: {error.strerror}"
        return ""

    def _sync(self, descriptor: int, spent: list[float]) -> None:
        began = self._timer()
        try:
            self._disk.syncfs(descriptor)
        except OSError as error:
            self._rest(f"syncfs failed: {error.strerror}")
            raise
        spent.append(self._timer() - began)

    def _judge(self, spent: float) -> None:
        self._spent.append(spent)
        if self._way == "auto" and len(self._spent) == BATCHES_REMEMBERED:
            usual = sorted(self._spent)[BATCHES_REMEMBERED // 2]
            if usual > self._patience_seconds:
                self._rest(f"syncfs is slow, {usual * 1000:.0f} ms: others write to the same disk")

    def _rest(self, why: str) -> None:
        self._spent.clear()
        self._rest_until = self._timer() + REST_SECONDS
        log.warn(
            "{why}; files are made durable by fsync, one by one, for {seconds:.0f} s", why=why, seconds=REST_SECONDS
        )


def _version(release: str) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)", release)
    return (int(found[1]), int(found[2])) if found else (0, 0)
