"""A text file that people edit while we run: read again when it changes, kept as it was while it is broken.

What changes is taken apart where it is asked for, so that it counts at once. Only where much of a file is new, and
there is a thread for it, is it taken apart there: sessions would have to wait.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mailgate.faults import Fault
from mailgate.interfaces import Offload

log = Logger(namespace="mailgate.accounts")

T = TypeVar("T")

MAX_FILE_OCTETS: Final = 16 << 20
# A file whose times are younger than this when it is read may change again within the same tick of the kernel's
# clock, and is read once more the next time.
SETTLED_NANOSECONDS: Final = 100_000_000
# What is parsed in the reactor's thread, in lines that are new: 900 of `users`, which take some 13 ms.
AT_ONCE_OCTETS: Final = 128 << 10

_Mark = tuple[int, ...]
_Parse = Callable[[str, str], tuple[T, tuple[Fault, ...]]]
_Judgement = tuple[T | None, tuple[Fault, ...]]  # None: it could not be parsed at all


class Watched(Generic[T]):
    """The meaning of a file. `value` is that of its last content without a fault; `faults` are those it has now;
    `draft` is that of its last content that could be parsed at all, without what is wrong with it; `coming` is set
    while newer content is being parsed aside, of which nothing is known yet.

    A file that has been there and vanishes counts as a fault: editors take files away for an instant when they save.
    """

    def __init__(self, path: str, parse: _Parse[T], clock: Callable[[], int] = time.time_ns) -> None:
        """`parse` takes the text and a name for faults; no two calls of it overlap. `clock` gives Unix time in
        nanoseconds.
        """
        self.path = path
        self.value: T | None = None  # None: it was never there, or never right
        self.draft: T | None = None
        self.faults: tuple[Fault, ...] = ()
        self.coming: Fault | None = None  # not one that anybody has to mend
        self._parse = parse
        self._clock = clock
        self._content: bytes | None = None  # what was judged last
        self._verdict: tuple[Fault, ...] = ()  # on that content
        self._mark: _Mark | None = None  # None: look again
        self._seen: tuple[T | None, tuple[Fault, ...], Fault | None] = (None, (), None)  # by who refreshed last

    def refresh(self, aside: Offload | None = None) -> bool:
        """Look whether the file changed, and read it if so. Has anything that it says changed since the last time?
        Raises nothing.

        `aside` parses what has much that is new; it is there at the first call after that is done. None: parse it here.
        """
        try:
            if self.coming is None:
                self._look(aside)
        except (FileNotFoundError, NotADirectoryError):
            self._vanished()
        except OSError as error:
            self._mark = None
            self.faults = (Fault(self.path, f"cannot be read: {error.strerror or error}"),)
        draft, faults, coming = self._seen
        self._seen = self.draft, self.faults, self.coming
        return draft is not self.draft or faults != self.faults or coming != self.coming

    def _look(self, aside: Offload | None) -> None:
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
            # Cut to nothing a moment ago, or new and empty where the old one was renamed: whoever saves it is about to
            # write. Our own edits leave no file empty, for what they take away counts at once (`editing.lines`).
            return
        self._mark = _mark_of(status) if settled else None
        if content == self._content:
            self.faults = self._verdict
        elif aside is not None and _new_octets(content, self._content or b"") > AT_ONCE_OCTETS:
            self.coming = Fault(self.path, "is being read")
            Deferred.fromCoroutine(self._judge_aside(content, aside))
        else:
            self._take(content, self._judge(content))

    def _judge(self, content: bytes) -> _Judgement[T]:
        """In any thread: nothing is touched but what `parse` keeps."""
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            return None, (Fault(f"{self.path}:{line}", "not UTF-8"),)
        return self._parse(text.removeprefix("\ufeff"), self.path)

    async def _judge_aside(self, content: bytes, aside: Offload) -> None:
        judgement: _Judgement[T]
        try:
            judgement = await aside(lambda: self._judge(content))
        except Exception as error:  # noqa: BLE001 (nobody waits whom it could be raised to)
            log.failure("{path} could not be parsed", path=self.path)
            judgement = None, (Fault(self.path, f"cannot be read: {type(error).__name__}"),)
        self.coming = None
        self._take(content, judgement)

    def _take(self, content: bytes, judgement: _Judgement[T]) -> None:
        draft, self._verdict = judgement
        self._content, self.faults = content, self._verdict
        if draft is not None:
            self.draft = draft
            if not self._verdict:
                self.value = draft

    def _vanished(self) -> None:
        self._mark = None
        if self.value is not None:
            hint = "to empty it, leave an empty file, or remove the directory too"
            self.faults = (Fault(self.path, "the file has gone", hint),)
        else:
            self.faults = ()


def _new_octets(content: bytes, before: bytes) -> int:
    """How much of it stands in lines that were not there before."""
    if len(content) <= AT_ONCE_OCTETS:
        return len(content)  # all of it is little
    return sum(map(len, set(content.split(b"\n")).difference(before.split(b"\n"))))


def _mark_of(status: os.stat_result) -> _Mark:
    # The change time besides: tools that copy set the modification time to what they like.
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
