"""The call for lines of the log. It answers with lines behind a number, or waits for the next ones: whoever asks again
and again, with the number that the last answer gave, follows the log.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.interfaces import IReactorTime

from mailgate.control.calls import Arguments, CallError, Functions
from mailgate.control.log_filter import FILTERS, AccountOf, Filter, filter_in
from mailgate.control.log_lines import Found, LogLines
from mailgate.control.log_rendering import rendered

MAX_ANSWER_LINES: Final = 500
COUNT: Final = 50
MAX_WAIT_SECONDS: Final = 60.0
MAX_WAITS: Final = 20  # each looks at every line
MAX_NUMBER: Final = 1 << 53  # JSON's numbers are exact up to here (RFC 8259 section 6)


def make_log_functions(lines: LogLines, clock: IReactorTime, account_of: AccountOf) -> Functions:
    """The call `log`. `account_of` gives the account that a login name means, None if that is nobody."""
    return {"log": _Log(lines, clock, account_of).log}


class _Log:
    def __init__(self, lines: LogLines, clock: IReactorTime, account_of: AccountOf) -> None:
        self._lines = lines
        self._account_of = account_of
        self._clock = clock

    async def log(self, arguments: Arguments) -> dict[str, Any]:
        """Without `after` the last `count` lines; with it the first `count` behind that number, for which it waits
        `timeout` seconds at most. No line in that time is no error.
        """
        arguments.only("after", "count", "timeout", *FILTERS)
        wanted = filter_in(arguments, self._account_of)
        count = arguments.integer("count", COUNT, most=MAX_ANSWER_LINES)
        after = arguments.integer("after", -1, least=-1, most=MAX_NUMBER)
        seconds = arguments.number("timeout", 0.0, most=MAX_WAIT_SECONDS)
        if after < 0:
            return _answer(self._lines.newest(wanted.fits, count))
        return _answer(await self._following(after, wanted, max(count, 1), seconds))

    async def _following(self, after: int, wanted: Filter, count: int, seconds: float) -> Found:
        until = self._clock.seconds() + seconds
        missed = 0
        while True:
            found = self._lines.after(after, wanted.fits, count)
            missed += found.missed
            left = until - self._clock.seconds()
            if found.lines or left <= 0:
                return Found(found.lines, missed, found.seen)
            after = found.seen
            if self._lines.waits >= MAX_WAITS:
                raise CallError("unavailable", f"{MAX_WAITS} follow the log already; try again when some have ended")
            await self._lines.more(left)


def _answer(found: Found) -> dict[str, Any]:
    return {"lines": [rendered(line) for line in found.lines], "next": found.seen, "missed": found.missed}
