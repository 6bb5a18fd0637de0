"""What was fetched from a maildrop, and when first: `mailgate-maildrop.json`, `{"version": 1, "first_fetch": {…}}`,
with Unix times by UID.

It is no promise to anybody: where it is lost, mail that is kept for some days after it was fetched is kept longer. So
the file is replaced as a whole, but not synced, and what makes no sense counts as empty. Trouble is told to the log.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from twisted.logger import Logger

from mailgate.failures import StoreError
from mailgate.store.maildir import records
from mailgate.store.maildir.disk import Disk, in_words
from mailgate.store.maildir.handover import SharedDescriptor
from mailgate.store.maildir.lock import check

NAME: Final = "mailgate-maildrop.json"
MAX_ENTRIES: Final = 200_000  # of those fetched first, which are also the first to go
MAX_OCTETS: Final = 33_554_432  # so many entries fit, whatever their UIDs
_VERSION: Final = 1
_SECONDS: Final = range(10**11)

log = Logger(namespace="mailgate.store")


def parse(content: bytes) -> dict[str, int]:
    """Times by UID. Raises ValueError for what is damaged, or of another version."""
    try:
        record = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(record, dict) or record.get("version") != _VERSION:
        raise ValueError("it is of a version that is not known here")
    first_fetch = record.get("first_fetch")
    if not isinstance(first_fetch, dict):
        raise ValueError("first_fetch is missing")
    if not all(type(seconds) is int and seconds in _SECONDS for seconds in first_fetch.values()):
        raise ValueError("a time is not in seconds")
    return first_fetch


def compose(first_fetch: Mapping[str, int]) -> bytes:
    """The file's content."""
    return json.dumps({"version": _VERSION, "first_fetch": dict(first_fetch)}, separators=(",", ":")).encode()


def read(disk: Disk, maildrop: int) -> dict[str, int]:
    """The times of an open maildrop directory; empty if there is no such file. Blocks.

    Raises OSError, and ValueError for a file that makes no sense.
    """
    content = records.read(disk, maildrop, NAME, MAX_OCTETS)
    return parse(content) if content is not None else {}


def write(disk: Disk, maildrop: int, first_fetch: Mapping[str, int]) -> None:
    """Replace the file of an open maildrop directory, which must be locked. Blocks. Raises OSError."""
    records.replace(disk, maildrop, NAME, compose(first_fetch), durable=False)


class FetchLog:
    """The fetch log of one open maildrop: what earlier sessions wrote down, and what this one notes.

    `recall` and `write` block, and so does `first` before either was called. None of them raises.
    """

    def __init__(self, disk: Disk, held: SharedDescriptor, path: str) -> None:
        """`held` is the maildrop's directory, which is locked; `path` leads to it."""
        self._disk = disk
        self._held = held
        self._path = path
        self._notes = threading.Lock()  # they are made in the reactor's thread, and written in another; held briefly
        self._work = threading.Lock()  # held while the disk works, so never taken by what must not block
        self._written: dict[str, int] | None = None  # None: not read yet
        self._may_replace = True
        self._noted: dict[str, int] = {}
        self._removed: set[str] = set()

    @property
    def has_news(self) -> bool:
        """Is there anything to write?"""
        return bool(self._noted)

    def note(self, uid: str, seconds: int) -> None:
        """It was fetched at that Unix time."""
        with self._notes:
            self._noted.setdefault(uid, seconds)

    def forget(self, uids: Collection[str]) -> None:
        """These messages are removed."""
        with self._notes:
            self._removed.update(uids)
            for uid in self._noted.keys() & uids:
                del self._noted[uid]

    def first(self, uid: str) -> int | None:
        """When it was fetched first."""
        if self._written is None:
            self.recall()
        assert self._written is not None
        return self._written.get(uid, self._noted.get(uid))

    def recall(self) -> None:
        """Read what was written down, if that was not done yet."""
        with self._work:
            self._recall()

    def write(self, uids: Iterable[str]) -> None:
        """Write down what is new, and only of messages that are there still, which have these UIDs."""
        with self._work:
            with self._notes:
                noted, removed = dict(self._noted), set(self._removed)
            known = self._recall()
            if noted.keys() - known.keys():
                there = set(uids) - removed
                self._written = _bounded(noted | {uid: at for uid, at in known.items() if uid in there})
                self._replace(self._written)
            with self._notes:
                for uid in noted:
                    self._noted.pop(uid, None)

    def _recall(self) -> dict[str, int]:
        if self._written is None:
            self._written = {}
            try:
                with self._held.use() as maildrop:
                    self._written = read(self._disk, maildrop)
            except OSError as error:
                self._may_replace = False  # what cannot be read now may be as good as ever
                self._complain(in_words("cannot read it", error))
            except StoreError as error:
                self._complain(str(error))
            except ValueError as error:
                self._complain(f"cannot make sense of it: {error}")
        return self._written

    def _replace(self, first_fetch: Mapping[str, int]) -> None:
        if not self._may_replace:
            return
        try:
            with self._held.use() as maildrop:
                check(self._disk, maildrop, self._path)  # else it is a backup by now, or of no use to anybody
                write(self._disk, maildrop, first_fetch)
        except OSError as error:
            self._complain(in_words("cannot write it", error))
        except StoreError as error:
            self._complain(str(error))

    def _complain(self, reason: str) -> None:
        log.warn(
            "{path}/{name}: {reason}. Mail that is kept for some days after it was fetched is kept longer.",
            path=self._path,
            name=NAME,
            reason=reason,
        )


def _bounded(first_fetch: dict[str, int]) -> dict[str, int]:
    if len(first_fetch) <= MAX_ENTRIES:
        return first_fetch
    return dict(sorted(first_fetch.items(), key=lambda item: item[1])[:MAX_ENTRIES])
