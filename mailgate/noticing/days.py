"""Who was written to when, in a file, so that nobody is written to twice a day, whatever restarts and clocks do.

A day is noted before the mail is written: what cannot be noted is not sent, or every restart would send it once more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from mailgate.interfaces import Offload
from mailgate.rules import DAY_SECONDS

POSTMASTER: Final = "postmaster"  # no maildrop's name: those have an "@"
MAX_NAMES: Final = 10_000  # who may be written to within a day
MAX_FILE_OCTETS: Final = 4 << 20

log = Logger(namespace="mailgate.noticing")


class Days:
    """Gives each name one day at a time. Not for several at once: await each call before the next."""

    def __init__(self, path: str, clock: IReactorTime, offload: Offload, now: Callable[[], float]) -> None:
        """The file is made with the first note. `clock` is one that does not jump; `now` gives Unix time, which counts
        across restarts alone: while we run, neither way of a jump brings a second mail.
        """
        self._path = path
        self._clock = clock
        self._offload = offload
        self._now = now
        self._last: dict[str, int] | None = None  # Unix times; None: not read yet
        self._here: dict[str, int] = {}  # the same by `clock`, of this process

    async def take(self, name: str) -> bool:
        """May `name` be written to now? If so it counts as done, and that is on disk. Raises OSError."""
        last = await self._read_once()
        self._forget(last)  # whole seconds, or a look every 24 hours might come a moment too soon
        if name in self._here:
            return False
        now = int(self._now())
        due = name not in last  # what is older than a day was forgotten
        if due and len(last) >= MAX_NAMES and name != POSTMASTER:
            log.warn("{name} gets no notice: {count} were written to today", name=name, count=len(last))
            return False
        if due or last[name] > now:  # or the clock was put back: then the day begins with what it says now
            await self._write({**last, name: now})
            last[name] = now
        if due:
            self._here[name] = int(self._clock.seconds())
        return due

    async def give_back(self, name: str) -> None:
        """It was not written to after all, and may be at any time. If that cannot be noted, the log is told, and a
        restart finds it written to.
        """
        last = await self._read_once()
        self._here.pop(name, None)
        if last.pop(name, None) is None:
            return
        try:
            await self._write(last)
        except OSError as error:
            log.error("{path} cannot be written: {error}", path=self._path, error=error)

    def _forget(self, last: dict[str, int]) -> None:
        """What is a day ago."""
        now, seconds = int(self._now()), self._clock.seconds()
        for name in [name for name, at in last.items() if now - at >= DAY_SECONDS]:
            del last[name]
        for name in [name for name, at in self._here.items() if seconds - at >= DAY_SECONDS]:
            del self._here[name]
            last.pop(name, None)  # whatever the clock on the wall was made to say meanwhile

    async def _read_once(self) -> dict[str, int]:
        if self._last is None:
            try:
                self._last = await self._offload(lambda: _read(self._path))
            except (ValueError, TypeError) as error:
                log.error("{path} is not understood ({error}): written anew", path=self._path, error=error)
                self._last = {}
        return self._last

    async def _write(self, last: Mapping[str, int]) -> None:
        content = json.dumps(dict(last), indent=0)
        await self._offload(lambda: _write(self._path, content))


# These block.


def _read(path: str) -> dict[str, int]:
    """Raises ValueError, TypeError, and OSError; a file that is not there has nothing."""
    try:
        with open(path, "rb") as stream:
            content: Any = json.loads(stream.read(MAX_FILE_OCTETS))
    except FileNotFoundError:
        return {}
    if not isinstance(content, dict):
        raise TypeError("not an object")
    for at in content.values():
        if type(at) is not int:
            raise TypeError(f"not a time: {at!r}")
    return content


def _write(path: str, content: str) -> None:
    draft = f"{path}.new"
    with suppress(FileNotFoundError):
        os.unlink(draft)  # of a process that was killed here
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(draft, path)
