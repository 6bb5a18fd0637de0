"""Makes a batch of files durable and visible, in two phases, or takes them back. Knows nothing of Maildirs.

First all contents reach the disk, then the names are given, then the names reach the disk: a final name never exists
for a content that a power cut could still take away. One sync serves the whole batch in each phase; that is all its
jobs share. What fails for one job is taken back for that job, all its files or none, and the others go on.

A sync that failed is never repeated in hope: the kernel reports an error once and drops what it could not write, so a
second try would succeed without the data. When the sync of everything fails, each file is asked by the descriptor that
it was written through, which was open all the time and so knows of its own errors; if none knows of one, nobody can
say whose it was, and all have failed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from attrs import Factory, define, frozen

from mailgate.failures import NotCommitted, StoreError, StoreFull
from mailgate.store.maildir.disk import DIRECTORY, Disk, in_words, is_full
from mailgate.store.maildir.order import Order
from mailgate.store.maildir.syncing import FileSystem, Syncing

K = TypeVar("K")


@frozen
class Pending:
    """A file that is written and not yet visible: its path now, the path it shall have on the same file system."""

    tmp: str
    final: str
    device: int  # the file system, as `st_dev` has it
    descriptor: int | None = None  # open and not yet durable; None: the content is durable already


@frozen
class Job:
    """Files that become visible as one.

    `write` is called once, in the committer's thread, and gives the files. It raises `StoreError` where it cannot, and
    leaves nothing behind then.
    """

    write: Callable[[], Sequence[Pending]]
    files: int  # how many there will be
    octets: int = 0  # how many `write` writes, about
    order: Callable[[], Order] | None = None  # the same for another process; None: only `write` can do it


Outcome = tuple[str, ...] | Exception  # the final paths of a job's files, or why nothing came of it


@define(eq=False)
class _Attempt:
    """How far a job has come."""

    files: Sequence[Pending] = ()
    named: list[Pending] = Factory(list)  # those that may have their final names
    failure: Exception | None = None

    def outcome(self) -> Outcome:
        return self.failure or tuple([file.final for file in self.files])


def commit(disk: Disk, syncing: Syncing, jobs: Sequence[Job]) -> list[Outcome]:
    """Make the files of each job durable and visible; give an outcome a job, in their order. Blocks.

    A job fails with `NotCommitted`, which names the final paths that could not be taken back.
    """
    with syncing.begun(sum(job.files for job in jobs)) as file_system:
        attempts = [_attempt(job) for job in jobs]
        batch = _Batch(disk, file_system)
        try:
            batch.make_contents_durable(attempts)
        finally:
            files = [file for attempt in attempts for file in attempt.files]
            disk.close_all_quietly(file.descriptor for file in files if file.descriptor is not None)
        for attempt in attempts:
            batch.give_names(attempt)
        batch.make_names_durable(attempts)
    return [attempt.outcome() for attempt in attempts]


def discard(disk: Disk, files: Sequence[Pending]) -> None:
    """Throw away files that have no final name. Blocks; never raises."""
    disk.close_all_quietly(file.descriptor for file in files if file.descriptor is not None)
    for file in files:
        disk.unlink_quietly(file.tmp)


def _attempt(job: Job) -> _Attempt:
    try:
        return _Attempt(job.write())
    except StoreError as error:
        failure = NotCommitted(str(error), full=isinstance(error, StoreFull))
        failure.__cause__ = error
        return _Attempt(failure=failure)
    except Exception as error:  # noqa: BLE001 - its session reports it; the other jobs of the batch must not suffer
        return _Attempt(failure=error)


@frozen
class _Batch:
    disk: Disk
    file_system: FileSystem | None

    def make_contents_durable(self, attempts: Sequence[_Attempt]) -> None:
        self._make_durable(attempts, lambda file: file.descriptor, self.disk.fsync)

    def make_names_durable(self, attempts: Sequence[_Attempt]) -> None:
        # The tmp directories need no sync: a name that comes back there after a crash is swept some day.
        self._make_durable(attempts, lambda file: os.path.dirname(file.final), self._sync_directory)

    def give_names(self, attempt: _Attempt) -> None:
        if attempt.failure is not None:
            return
        try:
            for file in attempt.files:
                attempt.named.append(file)
                self._rename(attempt, file)
        except OSError as error:
            self._fail(attempt, error)

    def _rename(self, attempt: _Attempt, file: Pending) -> None:
        try:
            self.disk.rename(file.tmp, file.final)
        except FileExistsError:
            attempt.named.pop()  # names are unique, so this cannot happen; if it does, it is not ours to take back
            raise

    def _make_durable(
        self, attempts: Sequence[_Attempt], key: Callable[[Pending], K | None], sync: Callable[[K], None]
    ) -> None:
        devices: dict[K, int] = {}
        for attempt in attempts:
            for file in attempt.files if attempt.failure is None else ():
                if (thing := key(file)) is not None:
                    devices[thing] = file.device
        if failed := self._sync(devices, sync):
            for attempt in attempts:
                errors = [failed[thing] for file in attempt.files if (thing := key(file)) in failed]
                if errors and attempt.failure is None:
                    self._fail(attempt, errors[0])

    def _sync(self, devices: Mapping[K, int], sync: Callable[[K], None]) -> dict[K, OSError]:
        """What could not be made durable, and why."""
        doubt: OSError | None = None
        if self.file_system is not None and len(devices) > 1 and set(devices.values()) == {self.file_system.device}:
            try:
                self.file_system.sync()
                return {}
            except OSError as error:
                doubt = error
        failed: dict[K, OSError] = {}
        for thing in devices:
            try:
                sync(thing)
            except OSError as error:
                failed[thing] = error
        return dict.fromkeys(devices, doubt) if doubt and not failed else failed

    def _sync_directory(self, path: str) -> None:
        with self.disk.opened(path, DIRECTORY) as descriptor:
            self.disk.fsync(descriptor)

    def _fail(self, attempt: _Attempt, error: OSError) -> None:
        visible = [file.final for file in attempt.named if not self._is_taken_back(file)]
        for directory in sorted({os.path.dirname(file.final) for file in attempt.named}):
            with suppress(OSError):  # nothing more can be done: after a power cut, some may be back
                self._sync_directory(directory)
        for file in attempt.files[len(attempt.named) :]:
            self.disk.unlink_quietly(file.tmp)
        attempt.failure = NotCommitted(in_words("cannot deliver", error), visible, full=is_full(error))
        attempt.failure.__cause__ = error

    def _is_taken_back(self, file: Pending) -> bool:
        with suppress(OSError):
            self.disk.unlink(file.tmp)
            return True  # it was still there, so it never had the final name
        try:
            self.disk.unlink(file.final)
        except OSError:
            return False  # gone counts as visible: another program has taken it, and has it
        return True
