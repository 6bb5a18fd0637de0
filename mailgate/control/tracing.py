"""The call `trace`: the lives of messages, from the journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from mailgate.control.calls import Arguments, CallError, Functions
from mailgate.interfaces import Offload
from mailgate.journal.journal import Journal
from mailgate.journal.question import Question
from mailgate.journal.search import MAX_LIVES, Found, search
from mailgate.units import parse_seconds

LIVES: Final = 20  # so many are told unless somebody asks for more
NOT_KEPT: Final = "no journal is kept: journal.keep_days is 0"


def make_trace_functions(journal: Journal, offload: Offload, clock: Callable[[], float] = time.time) -> Functions:
    """`trace`, by its name. `offload` runs the search; `clock` gives Unix time."""
    return {"trace": _Tracing(journal, offload, clock).trace}


def question_in(what: str) -> Question:
    """Raises `CallError`."""
    try:
        return Question(what)
    except ValueError as error:
        raise CallError("bad", f"what has to be something else: {error}") from error


class _Tracing:
    """One search at a time: each takes a thread of the disk's, and reads much."""

    def __init__(self, journal: Journal, offload: Offload, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._offload = offload
        self._clock = clock
        self._is_searching = False

    async def trace(self, arguments: Arguments) -> dict[str, Any]:
        """The newest lives that answer `what`, newest last; with `since`, such as "2d", those to which something
        happened in that time. See `journal.search`.
        """
        arguments.only("what", "since", "limit")
        question = question_in(arguments.wanted("what"))
        limit = arguments.integer("limit", LIVES, least=1, most=MAX_LIVES)
        since = self._since(arguments)
        if not self._journal.is_kept:
            raise CallError("unavailable", NOT_KEPT)
        if self._is_searching:
            raise CallError("busy", "another search is under way: try again in a moment")
        self._is_searching = True
        try:
            found = await self._offload(lambda: self._search(question, since, limit))
        except OSError as error:
            raise CallError("unavailable", f"{error.filename} cannot be read: {error.strerror}") from error
        return found.as_json()

    def _search(self, question: Question, since: float, limit: int) -> Found:
        """In a thread. Nobody need wait for it any more: it is the search that says when it is over."""
        try:
            self._journal.flush()
            return search(self._journal.directory, question, since, limit)
        finally:
            self._is_searching = False

    def _since(self, arguments: Arguments) -> float:
        if not (text := arguments.text("since")):
            return 0.0
        try:
            return max(self._clock() - parse_seconds(text), 0.0)
        except ValueError as error:
            raise CallError("bad", f"since: {error}") from error
