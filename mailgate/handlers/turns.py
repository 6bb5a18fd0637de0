"""Who is next where places are few: clients take turns, so that one with many messages does not keep out the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final

from twisted.internet.defer import Deferred

from mailgate.clients import network_of
from mailgate.mail import Refused, Reply

MAX_WAITING: Final = 500  # each is a message that is kept, and a client that waits for its reply
# RFC 3463 3.4: X.3.2 is for "excessive load" among others.
BUSY: Final = Reply(451, "4.3.2", "Too many messages are waiting, try again later")

Place = Callable[[], None]  # called once, it gives the place back
_Line = dict[Deferred[Place], None]  # in order; a dict, as one may leave from anywhere in it


class Turns:
    """So many places, and a line for each client. A free place goes to the client that has the fewest; those
    that have equally many are served in a circle.
    """

    def __init__(self, places: int, max_waiting: int = MAX_WAITING) -> None:
        """Both are at least 1."""
        self._free = places
        self._max_waiting = max_waiting
        self._held: Counter[str] = Counter()
        self._lines: dict[str, _Line] = {}  # in the order of their turns; none is empty
        self._serving = False

    def take(self, client: str) -> Place | Deferred[Place]:
        """A place for a client's address, at once if there is one; to cancel the wait is to leave the line.

        Raises `Refused`, now or as the Deferred's failure, if too many wait.
        """
        whose = network_of(client)
        if self._free and not self._lines:
            return self._occupy(whose)
        self._make_room(whose)
        waiting: Deferred[Place] = Deferred(partial(self._leave, whose))
        self._lines.setdefault(whose, {})[waiting] = None
        return waiting

    def _occupy(self, whose: str) -> Place:
        self._free -= 1
        self._held[whose] += 1
        return partial(self._vacate, whose)

    def _vacate(self, whose: str) -> None:
        self._free += 1
        self._held[whose] -= 1
        self._held += Counter()  # forget who has none
        if self._serving:
            return  # who was served gave it back at once: no recursion, however many do
        self._serving = True
        try:
            while self._free and self._lines:
                self._serve(min(self._lines, key=self._held.__getitem__))
        finally:
            self._serving = False

    def _serve(self, whose: str) -> None:
        waiting = next(iter(self._lines[whose]))
        self._leave(whose, waiting)
        if whose in self._lines:
            self._lines[whose] = self._lines.pop(whose)  # to the end of the circle
        waiting.callback(self._occupy(whose))

    def _leave(self, whose: str, waiting: Deferred[Place]) -> None:
        line = self._lines[whose]
        del line[waiting]
        if not line:
            del self._lines[whose]

    def _make_room(self, whose: str) -> None:
        """Who has most in line loses the last of them to a client that has fewer. Raises `Refused` if that is us."""
        if sum(map(len, self._lines.values())) < self._max_waiting:
            return
        crowd = max(self._lines, key=lambda one: len(self._lines[one]))
        if len(self._lines[crowd]) <= len(self._lines.get(whose, ())) + 1:
            raise Refused(BUSY)
        last = next(reversed(self._lines[crowd]))
        self._leave(crowd, last)
        last.errback(Refused(BUSY))
