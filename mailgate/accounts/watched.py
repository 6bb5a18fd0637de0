"""A small text file that people edit while we run: read again when it changes, kept as it was while it is broken."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from mailgate.faults import Fault

T = TypeVar("T")

MAX_FILE_OCTETS: Final = 16 << 20
# A file whose times are younger than this when it is read may change again within the same tick of the kernel's
# clock, and is read once more the next time.
SETTLED_NANOSECONDS: Final = 100_000_000

_Mark = tuple[int, ...]
_Parse = Callable[[str, str], tuple[T, tuple[Fault, ...]]]


class Watched(Generic[T]):
    """The meaning of a file. `value` is that of its last content without a fault; `faults` are those it has now;
    `draft` is that of its last content that could be parsed at all, without what is wrong with it.

    A file that has been there and vanishes counts as a fault: editors take files away for an instant when they save.
    """

    def __init__(self, path: str, parse: _Parse[T], clock: Callable[[], int] = time.time_ns) -> None:
        """`parse` takes the text and a name for faults. `clock` gives Unix time in nanoseconds."""
        self.path = path
        self.value: T | None = None  # None: it was never there, or never right
        self.draft: T | None = None
        self.faults: tuple[Fault, ...] = ()
        self._parse = parse
        self._clock = clock
        self._content: bytes | None = None  # what was judged last
        self._verdict: tuple[Fault, ...] = ()  # on that content
        self._mark: _Mark | None = None  # None: look again

    def refresh(self) -> bool:
        """Look whether the file changed, and read it if so. Has anything that it says changed? Raises nothing."""
        draft, faults = self.draft, self.faults
        try:
            self._look()
        except (FileNotFoundError, NotADirectoryError):
            self._vanished()
        except OSError as error:
            self._mark = None
            self.faults = (Fault(self.path, f"cannot be read: {error.strerror or error}"),)
        return draft is not self.draft or faults != self.faults

    def _look(self) -> None:
        status = os.stat(self.path)
        if self._mark == _mark_of(status):
            return
        if not stat.S_ISREG(status.st_mode):  # asked before it is opened: opening a FIFO would block
            raise OSError("not a regular file")
        with open(self.path, "rb") as stream:
            status = os.fstat(stream.fileno())
            content = stream.read(MAX_FILE_OCTETS + 1)
        if len(content) > MAX_FILE_OCTETS:
            raise OSError(f"larger than {MAX_FILE_OCTETS} octets")
        settled = self._clock() - status.st_mtime_ns > SETTLED_NANOSECONDS
        if not content and self._content and not settled:
            return  # cut to nothing a moment ago: whoever saves it in place is about to write
        self._mark = _mark_of(status) if settled else None
        if content != self._content:
            self._judge(content)
        self.faults = self._verdict

    def _judge(self, content: bytes) -> None:
        self._content = content
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self._verdict = (Fault(f"{self.path}:{line}", "not UTF-8"),)
            return
        self.draft, self._verdict = self._parse(text.removeprefix("\ufeff"), self.path)
        if not self._verdict:
            self.value = self.draft

    def _vanished(self) -> None:
        self._mark = None
        if self.value is not None:
            hint = "to empty it, leave an empty file, or remove the directory too"
            self.faults = (Fault(self.path, "the file has gone", hint),)
        else:
            self.faults = ()


def _mark_of(status: os.stat_result) -> _Mark:
    # The change time besides: tools that copy set the modification time to what they like.
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
