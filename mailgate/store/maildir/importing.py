"""Takes messages that others kept into a maildrop: with their UIDs, arrival times and flags, durably, and none twice.

The maildrop is locked, as by a session, for as long as that takes; mail is delivered meanwhile. A UID is in the name of
the file or, where that is another, in `dovecot-uidlist`.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import Final

from mailgate.failures import InUse, NotCommitted, StoreError, StoreFull
from mailgate.store.maildir.commit import Job, Pending, commit, discard
from mailgate.store.maildir.disk import CREATE, Disk, as_store_error
from mailgate.store.maildir.handover import SharedDescriptor
from mailgate.store.maildir.layout import CUR, NEW, TMP, Layout
from mailgate.store.maildir.lock import lock
from mailgate.store.maildir.planning import Arrival, Plan, Planner, Taken, content_of
from mailgate.store.maildir.syncing import Syncing
from mailgate.store.maildir.uidlist_adding import UidlistAdder

BATCH_MESSAGES: Final = 1000  # whose UIDs are written together: each time the whole list is written anew
OPEN_FILES: Final = 64  # that are made durable together
WAIT_SECONDS: Final = 30.0  # for a session that has the maildrop
_POLL_SECONDS: Final = 0.2
_HASH_DIGITS: Final = 32
_FILE_MODE: Final = 0o600
_LATEST: Final = 10**11 - 1  # what fits the seconds of a name
_MADE: Final = re.compile(rf"[0-9]{{1,11}}\.([0-9a-f]{{{_HASH_DIGITS}}})\.import")
_UNIQUE: Final = re.compile(r"[0-9]{1,11}\.[0-9A-Za-z._=+%#@~\\-]{1,140}")


class Imports:
    """Into the maildrops below `root`. Blocks. `clock` gives Unix time."""

    def __init__(
        self,
        root: str,
        disk: Disk = Disk(),  # noqa: B008 - a frozen value
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._disk = disk
        self._layout = Layout(root, disk)
        self._syncing = Syncing(root, disk, "auto")
        self._clock = clock
        self._sleep = sleep

    @contextmanager
    def opened(self, maildrop: str) -> Iterator[Import]:
        """A maildrop that is locked meanwhile, and made if it is not there.

        Raises `StoreError`; `InUse` if a session has it, and does not end.
        """
        with as_store_error(f"cannot open the maildrop of {maildrop}"):
            device = self._layout.prepare(maildrop)
            held = self._lock(maildrop)
        try:
            with held.use() as directory:
                adder = UidlistAdder(self._disk, directory, self._clock, self._sleep)
                yield Import(self._disk, self._syncing, self._layout.path(maildrop), directory, device, adder)
        finally:
            held.close()

    def _lock(self, maildrop: str) -> SharedDescriptor:
        waited = 0.0
        while True:
            try:
                return lock(self._disk, self._layout.open(maildrop, make=False), maildrop)
            except InUse:
                if waited >= WAIT_SECONDS:
                    raise
            self._sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS


class Import:
    """One maildrop, open and locked."""

    def __init__(
        self, disk: Disk, syncing: Syncing, path: str, directory: int, device: int, adder: UidlistAdder
    ) -> None:
        self._disk = disk
        self._syncing = syncing
        self._path = path
        self._directory = directory
        self._device = device
        self._adder = adder
        self._numbers = itertools.count(1)

    def is_at(self, path: str) -> bool:
        """Is this path the maildrop itself?"""
        with suppress(OSError):
            return os.path.samestat(os.stat(path), self._disk.fstat(self._directory))
        return False

    def take(self, arrivals: Iterable[Arrival]) -> Iterator[Taken]:
        """Take messages; what is told as taken is durable. Those that cannot be taken are told, and the others go on.

        Raises `StoreError` where nothing more can be taken, as on a full disk; what was taken stays.
        """
        with as_store_error("cannot list the maildrop"):
            planner = Planner(self._disk, self._directory)
        rest = iter(arrivals)
        while batch := list(islice(rest, BATCH_MESSAGES)):
            yield from self._take(planner, batch)

    def _take(self, planner: Planner, batch: Sequence[Arrival]) -> Iterator[Taken]:
        planned = [planner.plan(arrival) for arrival in batch]
        plans = [each for each in planned if isinstance(each, Plan)]
        with as_store_error("cannot write the list of UIDs"):
            self._adder.add({plan.base: plan.uid for plan in plans if plan.uid != plan.base.partition(",")[0]})
        outcomes = self._write_all(plans)
        for each in planned:
            yield each if isinstance(each, Taken) else next(outcomes)

    def _write_all(self, plans: Sequence[Plan]) -> Iterator[Taken]:
        for start in range(0, len(plans), OPEN_FILES):
            chunk = plans[start : start + OPEN_FILES]
            jobs = [Job(partial(self._write, plan), 1, plan.octets) for plan in chunk]
            for plan, outcome in zip(chunk, commit(self._disk, self._syncing, jobs), strict=True):
                if isinstance(outcome, NotCommitted) and outcome.full:
                    raise StoreFull(f"{outcome}; what was taken stays: run it again when there is room")
                if isinstance(outcome, Exception):
                    yield Taken(plan.arrival.where, trouble=str(outcome))
                else:
                    _age(outcome[0], plan.seconds)
                    yield Taken(plan.arrival.where, plan.uid, clashed=plan.clashed)

    def _write(self, plan: Plan) -> list[Pending]:
        """Raises `StoreError`, and leaves nothing behind then."""
        arrival = plan.arrival
        flags = "".join(sorted(set(arrival.flags)))
        final = f"{NEW}/{plan.base}" if arrival.is_new and not flags else f"{CUR}/{plan.base}:2,{flags}"
        tmp = f"{self._path}/{TMP}/{plan.seconds}.{os.getpid()}_{next(self._numbers)}.import"
        with as_store_error("cannot write the message"):
            pending = Pending(tmp, f"{self._path}/{final}", self._device, self._disk.open(tmp, CREATE, _FILE_MODE))
            try:
                self._fill(pending, plan)
            except BaseException:
                discard(self._disk, [pending])
                raise
        return [pending]

    def _fill(self, pending: Pending, plan: Plan) -> None:
        assert pending.descriptor is not None
        self._disk.fchmod(pending.descriptor, _FILE_MODE)  # whatever the umask took away
        octets = 0
        for block in content_of(plan.arrival):
            octets += len(block)
            rest = memoryview(block)
            while rest:
                rest = rest[self._disk.write(pending.descriptor, rest) :]
        if octets != plan.octets:
            raise StoreError("it changed while it was read")


def _age(path: str, seconds: int) -> None:
    """Let other programs, which go by the file's time, know when it arrived."""
    # Not before it has its name: in `tmp` it would look like what was given up long ago, and be removed.
    with suppress(OSError):
        os.utime(path, (seconds, seconds), follow_symlinks=False)
