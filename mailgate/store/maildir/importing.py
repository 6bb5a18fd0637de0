"""Takes messages that others kept into a maildrop: with their UIDs, arrival times and flags, durably, and none twice.

The maildrop is locked, as by a session, for as long as that takes; mail is delivered meanwhile. A message that has a
UID keeps it (RFC 1939 section 7: no two messages ever have the same), in the name of its file or in `dovecot-uidlist`.
One that has none, or whose UID another message has, is given one made of its content: `<arrival>.<hash>.import`. So it
is known again the next time, and a second copy of it in the same source is told from the first by a number in the hash.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import Final, Protocol

from attrs import frozen

from mailgate.failures import Gone, InUse, NotCommitted, StoreError, StoreFull
from mailgate.mail import BLOCK_OCTETS, Entry
from mailgate.store.maildir import filename
from mailgate.store.maildir.commit import Job, Pending, commit, discard
from mailgate.store.maildir.disk import CREATE, Disk, as_store_error
from mailgate.store.maildir.handover import SharedDescriptor
from mailgate.store.maildir.layout import CUR, NEW, TMP, Layout, open_regular
from mailgate.store.maildir.listing import scan
from mailgate.store.maildir.locate import Locator
from mailgate.store.maildir.lock import lock
from mailgate.store.maildir.origin import origin_of
from mailgate.store.maildir.syncing import Syncing
from mailgate.store.maildir.uidlist_adding import UidlistAdder
from mailgate.wire.dots import DotWriter, WireCounter

BATCH_MESSAGES: Final = 1000  # whose UIDs are written together: each time the whole list is written anew
OPEN_FILES: Final = 64  # that are made durable together
WAIT_SECONDS: Final = 30.0  # for a session that has the maildrop
_POLL_SECONDS: Final = 0.2
_HASH_DIGITS: Final = 32
_FILE_MODE: Final = 0o600
_LATEST: Final = 10**11 - 1  # what fits the seconds of a name
_MADE: Final = re.compile(rf"[0-9]{{1,11}}\.([0-9a-f]{{{_HASH_DIGITS}}})\.import")
_UNIQUE: Final = re.compile(r"[0-9]{1,11}\.[0-9A-Za-z._=+%#@~\\-]{1,140}")


class Arrival(Protocol):
    """A message to be taken. `archive.message.Archived` says what its values are; `open` gives LF line ends, and raises
    OSError or ValueError where it cannot be read.
    """

    @property
    def where(self) -> str: ...
    @property
    def open(self) -> Callable[[], Iterator[bytes]]: ...
    @property
    def seconds(self) -> int: ...
    @property
    def uid(self) -> str: ...
    @property
    def unique(self) -> str: ...
    @property
    def flags(self) -> str: ...
    @property
    def is_new(self) -> bool: ...
    @property
    def smtputf8(self) -> bool: ...


@frozen
class Taken:
    """What became of a message."""

    where: str  # as the arrival has it
    uid: str = ""  # by which the maildrop has it now
    was_there: bool = False  # before
    clashed: str = ""  # the UID that it had, which another message has
    trouble: str = ""  # why it was not taken


@frozen
class _Plan:
    """A message that is to be written."""

    arrival: Arrival
    seconds: int
    uid: str
    base: str  # of its name
    octets: int
    clashed: str


@frozen
class _Measure:
    octets: int
    wire_octets: int
    digest: bytes  # of what POP3 sends: the same whatever line ends a file has


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
            planner = _Planner(self._disk, self._directory)
        rest = iter(arrivals)
        while batch := list(islice(rest, BATCH_MESSAGES)):
            yield from self._take(planner, batch)

    def _take(self, planner: _Planner, batch: Sequence[Arrival]) -> Iterator[Taken]:
        planned = [planner.plan(arrival) for arrival in batch]
        plans = [each for each in planned if isinstance(each, _Plan)]
        with as_store_error("cannot write the list of UIDs"):
            self._adder.add({plan.base: plan.uid for plan in plans if plan.uid != plan.base.partition(",")[0]})
        outcomes = self._write_all(plans)
        for each in planned:
            yield each if isinstance(each, Taken) else next(outcomes)

    def _write_all(self, plans: Sequence[_Plan]) -> Iterator[Taken]:
        for start in range(0, len(plans), OPEN_FILES):
            chunk = plans[start : start + OPEN_FILES]
            jobs = [Job(partial(self._write, plan), 1, plan.octets) for plan in chunk]
            for plan, outcome in zip(chunk, commit(self._disk, self._syncing, jobs), strict=True):
                if isinstance(outcome, NotCommitted) and outcome.full:
                    raise StoreFull(f"{outcome}; what was taken stays: run it again when there is room")
                trouble = str(outcome) if isinstance(outcome, Exception) else ""
                yield Taken(plan.arrival.where, "" if trouble else plan.uid, clashed=plan.clashed, trouble=trouble)

    def _write(self, plan: _Plan) -> list[Pending]:
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

    def _fill(self, pending: Pending, plan: _Plan) -> None:
        assert pending.descriptor is not None
        self._disk.fchmod(pending.descriptor, _FILE_MODE)  # whatever the umask took away
        octets = 0
        for block in _content_of(plan.arrival):
            octets += len(block)
            rest = memoryview(block)
            while rest:
                rest = rest[self._disk.write(pending.descriptor, rest) :]
        if octets != plan.octets:
            raise StoreError("it changed while it was read")
        os.utime(pending.descriptor, (plan.seconds, plan.seconds))  # which others take for its arrival


class _Planner:
    """Decides which messages are there already, and by which UID and name each other is to be known."""

    def __init__(self, disk: Disk, directory: int) -> None:
        self._disk = disk
        self._directory = directory
        self._locator = Locator(disk)
        entries = scan(disk, directory, {}).entries
        self._by_uid = {entry.uid: entry for entry in entries}
        self._uniques = {origin_of(entry).unique for entry in entries}
        made = (_MADE.fullmatch(entry.uid) for entry in entries)
        self._by_hash = {match[1]: match[0] for match in made if match}
        self._used: set[str] = set()  # UIDs that messages of this source have already,
        self._used_hashes: set[str] = set()  # and what is made of their contents, whenever they arrived

    def plan(self, arrival: Arrival) -> _Plan | Taken:
        """What is to be done about it; never raises `StoreError`, but tells of it."""
        try:
            measure = _measure(_content_of(arrival))
            if arrival.uid and arrival.uid not in self._used:
                entry = self._by_uid.get(arrival.uid)
                if entry is None:
                    return self._planned(arrival, arrival.uid, self._name(arrival, measure), measure)
                if self._is_same(entry, measure):
                    return self._found(arrival, arrival.uid)
        except StoreError as error:
            return Taken(arrival.where, trouble=str(error))
        return self._plan_made(arrival, measure)

    def _plan_made(self, arrival: Arrival, measure: _Measure) -> _Plan | Taken:
        for digits in _hashes(measure):
            uid = self._by_hash.get(digits)
            if uid is not None and uid not in self._used:
                return self._found(arrival, uid)
            made = _made(arrival, digits)
            if uid is None and digits not in self._used_hashes and made not in self._uniques:
                self._used_hashes.add(digits)
                return self._planned(arrival, made, made, measure)
        raise AssertionError("there is no end of hashes")

    def _found(self, arrival: Arrival, uid: str) -> Taken:
        self._used.add(uid)
        return Taken(arrival.where, uid, was_there=True)

    def _planned(self, arrival: Arrival, uid: str, unique: str, measure: _Measure) -> _Plan:
        self._used.add(uid)
        self._uniques.add(unique)
        base = filename.compose(unique, measure.octets, measure.wire_octets, arrival.smtputf8)
        clashed = arrival.uid if arrival.uid != uid else ""
        return _Plan(arrival, _seconds(arrival), uid, base, measure.octets, clashed)

    def _name(self, arrival: Arrival, measure: _Measure) -> str:
        """The unique part of a name that nobody has: its own, if that will do."""
        if _UNIQUE.fullmatch(arrival.unique) and arrival.unique not in self._uniques:
            return arrival.unique
        names = (_made(arrival, digits) for digits in _hashes(measure))
        return next(name for name in names if name not in self._uniques)

    def _is_same(self, entry: Entry, measure: _Measure) -> bool:
        with as_store_error("cannot compare it with what is there"):
            try:
                descriptor, _ = self._locator.act(self._directory, entry, partial(open_regular, self._disk))
            except FileNotFoundError:
                raise Gone(f"message {entry.uid} is not there any more: another program removed it") from None
            try:
                return _measure(self._blocks(descriptor)).digest == measure.digest
            finally:
                self._disk.close_quietly(descriptor)

    def _blocks(self, descriptor: int) -> Iterator[bytes]:
        while block := self._disk.read(descriptor, BLOCK_OCTETS):
            yield block


def _content_of(arrival: Arrival) -> Iterator[bytes]:
    try:
        yield from arrival.open()
    except (OSError, ValueError) as error:
        raise StoreError(f"it cannot be read: {error}") from error


def _measure(blocks: Iterable[bytes]) -> _Measure:
    octets, counter, writer, digest = 0, WireCounter(), DotWriter(), hashlib.sha256()
    for block in blocks:
        octets += len(block)
        counter.feed(block)
        digest.update(writer.feed(block))
    digest.update(writer.finish())
    return _Measure(octets, counter.finish(), digest.digest())


def _hashes(measure: _Measure) -> Iterator[str]:
    for number in itertools.count():
        yield hashlib.sha256(b"%b%d" % (measure.digest, number)).hexdigest()[:_HASH_DIGITS]


def _made(arrival: Arrival, digits: str) -> str:
    return f"{_seconds(arrival)}.{digits}.import"


def _seconds(arrival: Arrival) -> int:
    return min(max(arrival.seconds, 0), _LATEST)
