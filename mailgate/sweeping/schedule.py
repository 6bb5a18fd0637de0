"""When a sweep may be: once a day, and never by a clock that cannot be right.

A clock that runs wild would make all mail old at once. So the time of the last sweep is kept, and a sweep is refused
when that lies in the future or too far back, until somebody says that the clock is right.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Final

from mailgate.rules import DAY_SECONDS

EVERY_SECONDS: Final = DAY_SECONDS
DOUBTFUL_SECONDS: Final = 7 * DAY_SECONDS  # since the last sweep; beyond that the clock may have jumped
MAX_FILE_OCTETS: Final = 4_096


class Doubtful(Exception):
    """There may be no sweep; the message says why and what to do, for the log."""


class Schedule:
    """The time of the last sweep, in a file. Times are Unix times."""

    def __init__(self, path: str) -> None:
        """The file is made with the first sweep."""
        self._path = path

    def is_due(self, now: float) -> bool:
        """Is it time for a sweep? Raises `Doubtful`."""
        last = self._last()
        if last is None:
            return True
        if not last <= now <= last + DOUBTFUL_SECONDS:
            raise Doubtful(
                f"the last sweep was at {_words(last)}, and the clock says {_words(now)}; see to the clock. "
                'If it is right, say so: "mailgate store sweep --clock-is-right"'
            )
        return now - last >= EVERY_SECONDS

    def last(self) -> float | None:
        """When a sweep began last; None: there was none, or nobody can tell."""
        try:
            return self._last()
        except Doubtful:
            return None

    def note(self, now: float) -> None:
        """A sweep begins. Raises `Doubtful` if that cannot be written down: without it the next has no measure."""
        draft = f"{self._path}.{os.getpid()}"
        try:
            with open(draft, "w", encoding="ascii") as stream:
                json.dump({"last_sweep": int(now)}, stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(draft, self._path)
        except OSError as error:
            raise Doubtful(f"{self._path} cannot be written: {error.strerror}") from error

    def _last(self) -> float | None:
        try:
            with open(self._path, "rb") as stream:
                return float(json.loads(stream.read(MAX_FILE_OCTETS))["last_sweep"])
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Doubtful(f"{self._path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError):
            raise Doubtful(f"{self._path} does not say when the last sweep was: remove it") from None


def _words(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):  # a clock can say anything
        return f"{seconds:.0f} seconds after 1970"
