"""Decides what is to be done with a message that others kept: is it here, or by which UID and name is it to be known?

A message that has a UID keeps it (RFC 1939 section 7: no two messages ever have the same). One that has none, or whose
UID another message has, is given one made of its content: `<arrival>.<hash>.import`. So it is known again the next
time, and a second copy of it in the same source is told from the first by a number in the hash.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, Protocol

from attrs import frozen

from mailgate.failures import Gone, StoreError
from mailgate.mail import BLOCK_OCTETS, Entry
from mailgate.store.maildir import filename
from mailgate.store.maildir.disk import Disk, as_store_error
from mailgate.store.maildir.layout import open_regular
from mailgate.store.maildir.listing import scan
from mailgate.store.maildir.locate import Locator
from mailgate.store.maildir.origin import origin_of
from mailgate.wire.dots import DotWriter, WireCounter

_HASH_DIGITS: Final = 32
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
class Plan:
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


class Planner:
    """For one open and locked maildrop directory, and one source. Blocks."""

    def __init__(self, disk: Disk, directory: int) -> None:
        """Raises OSError."""
        self._disk = disk
        self._directory = directory
        self._locator = Locator(disk)
        entries = scan(disk, directory).entries
        self._by_uid = {entry.uid: entry for entry in entries}
        self._uniques = {origin_of(entry).unique for entry in entries}
        made = (_MADE.fullmatch(entry.uid) for entry in entries)
        self._by_hash = {match[1]: match[0] for match in made if match}
        self._used: set[str] = set()  # UIDs that messages of this source have already,
        self._used_hashes: set[str] = set()  # and what is made of their contents, whenever they arrived

    def plan(self, arrival: Arrival) -> Plan | Taken:
        """What is to be done about it; never raises `StoreError`, but tells of it."""
        try:
            measure = _measure(content_of(arrival))
            if arrival.uid and arrival.uid not in self._used:
                entry = self._by_uid.get(arrival.uid)
                if entry is None:
                    return self._planned(arrival, arrival.uid, self._name(arrival, measure), measure)
                if self._is_same(entry, measure):
                    return self._found(arrival, arrival.uid)
        except StoreError as error:
            return Taken(arrival.where, trouble=str(error))
        return self._plan_made(arrival, measure)

    def _plan_made(self, arrival: Arrival, measure: _Measure) -> Plan | Taken:
        hashes = _hashes(measure)
        while True:
            digits = next(hashes)
            uid = self._by_hash.get(digits)
            if uid is not None and uid not in self._used:
                return self._found(arrival, uid)
            made = _made(arrival, digits)
            if uid is None and digits not in self._used_hashes and made not in self._uniques:
                self._used_hashes.add(digits)
                return self._planned(arrival, made, made, measure)

    def _found(self, arrival: Arrival, uid: str) -> Taken:
        self._used.add(uid)
        return Taken(arrival.where, uid, was_there=True)

    def _planned(self, arrival: Arrival, uid: str, unique: str, measure: _Measure) -> Plan:
        self._used.add(uid)
        self._uniques.add(unique)
        base = filename.compose(unique, measure.octets, measure.wire_octets, arrival.smtputf8)
        clashed = arrival.uid if arrival.uid != uid else ""
        return Plan(arrival, _seconds(arrival), uid, base, measure.octets, clashed)

    def _name(self, arrival: Arrival, measure: _Measure) -> str:
        """The unique part of a name that nobody has: its own, if that will do."""
        if _UNIQUE.fullmatch(arrival.unique) and arrival.unique not in self._uniques:
            return arrival.unique
        # Not what `_made` makes: a hash in there is the UID of a message that has no other.
        names = (f"{_seconds(arrival)}.{digits}.imported" for digits in _hashes(measure))
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


def content_of(arrival: Arrival) -> Iterator[bytes]:
    """Its blocks. Raises `StoreError` where it cannot be read."""
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
