"""Finds lives in the journal's files, newest first, without reading more of them than it has to. Blocks."""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from attrs import field, frozen

from mailgate.journal.files import Segment, day_of, segments
from mailgate.journal.lines import read_line
from mailgate.journal.question import Question
from mailgate.journal.scanning import first_line, head, lines_of, lines_with

MAX_LIVES: Final = 200
MAX_EVENTS: Final = 5000  # of all lives of an answer; each is a line, and all of them are sent at once
SLACK: Final = timedelta(days=1)  # clocks are set, and lines wait to be written
_ID_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # as in mail.make_id
_ID_CHARACTERS: Final = 26
_TIME_CHARACTERS: Final = 10
_NEVER: Final = float("inf")


@frozen
class Life:
    """What is known of a message, or of a session or UID that is none's: `kind` is "message", "session" or "uid"."""

    kind: str
    id: str
    begun: float  # Unix time
    events: tuple[Mapping[str, Any], ...] = field(repr=False)  # `at`, `what` and what `journal.lines` writes, in order

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"kind": self.kind, "id": self.id, "begun": self.begun, "events": list(self.events)}


@frozen
class Found:
    """What came of a search."""

    lives: tuple[Life, ...]  # newest last
    more: bool  # may there be older ones, or events that were one too many?
    oldest: float | None  # how far back the journal goes: Unix time; None for an empty one

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"lives": [life.as_json() for life in self.lives], "more": self.more, "oldest": self.oldest}


def search(directory: str, question: Question, since: float = 0.0, limit: int = MAX_LIVES) -> Found:
    """The newest lives that answer the question, whole, and to which that happened after `since` (Unix time).

    Raises OSError where the journal cannot be read; a file that is removed meanwhile is passed over.
    """
    there = segments(directory)
    heads, more = _heads(there, question, since, limit)
    lives, cut = _lives(there, heads)
    return Found(tuple(lives), more or cut, _oldest(there))


def _heads(there: Sequence[Segment], question: Question, since: float, limit: int) -> tuple[dict[bytes, float], bool]:
    """The heads of the newest lives, with their beginnings; and may there be others?"""
    begun: dict[bytes, float] = {}
    many = False
    earliest = day_of(since)
    for segment in reversed(there):
        if segment.day < earliest:
            break
        for line in _lines_with(segment, question):
            values = read_line(line)
            if values is not None and values["at"] >= since and question.is_answered_by(values):
                begun[head(line)] = min(_begun(values), begun.get(head(line), _NEVER))
                if len(begun) > 2 * limit:
                    begun, many = _newest(begun, limit), True
        # A life of which only older files know began before this one.
        if len(begun) >= limit and min(_newest(begun, limit).values()) >= _first(segment):
            many = many or segment != there[0]
            break
    return _newest(begun, limit), many or len(begun) > limit


def _lives(there: Sequence[Segment], heads: Mapping[bytes, float]) -> tuple[list[Life], bool]:
    """The lives with these heads, oldest first; and was something left out?"""
    events: dict[tuple[str, str], list[dict[str, Any]]] = {}
    begun: dict[tuple[str, str], float] = {}
    count = 0
    for line in _lines_of(there, heads):
        values = read_line(line)
        if values is None:
            continue
        kind = next(iter(values))
        life = kind, values.pop(kind)
        begun.setdefault(life, heads[head(line)])
        events.setdefault(life, []).append(values)
        count += 1
        if count >= MAX_EVENTS:
            break
    ordered = sorted(events, key=lambda life: (begun[life], life))
    return [Life(*life, begun[life], tuple(events[life])) for life in ordered], count >= MAX_EVENTS


def _lines_of(there: Sequence[Segment], heads: Mapping[bytes, float]) -> Iterator[bytes]:
    """All lines of these lives, oldest first."""
    if not heads:
        return
    # When mail of other programs came is not known: its UID may have been fetched at any time.
    anytime = any(each.startswith(b'{"uid"') for each in heads)
    earliest = day_of(0.0 if anytime else min(heads.values())) - SLACK
    only = next(iter(heads)).lower() if len(heads) == 1 else None
    for segment in there:
        if segment.day >= earliest:
            with contextlib.suppress(FileNotFoundError):
                found = lines_of(segment.path, heads.keys()) if only is None else lines_with(segment.path, only)
                yield from (line for line in found if head(line) in heads)


def _lines_with(segment: Segment, question: Question) -> Iterator[bytes]:
    with contextlib.suppress(FileNotFoundError):
        yield from lines_with(segment.path, question.text)


def _newest(begun: Mapping[bytes, float], limit: int) -> dict[bytes, float]:
    return dict(heapq.nlargest(limit, begun.items(), key=lambda item: (item[1], item[0])))


def _begun(values: Mapping[str, Any]) -> float:
    """When the line's life began: ids of messages and sessions have the time in them."""
    at = float(values["at"])
    kind = next(iter(values))
    return at if kind == "uid" else min(at, _seconds_in(values[kind], at))


def _seconds_in(name: str, default: float) -> float:
    if len(name) != _ID_CHARACTERS or not _is_written_in(_ID_ALPHABET, name):
        return default
    milliseconds = 0
    for character in name[:_TIME_CHARACTERS]:
        milliseconds = milliseconds << 5 | _ID_ALPHABET.index(character)
    return milliseconds / 1000


def _is_written_in(alphabet: Collection[str], name: str) -> bool:
    return all(character in alphabet for character in name)


def _first(segment: Segment) -> float:
    """The time of its first line; the end of all times if there is none."""
    with contextlib.suppress(FileNotFoundError):
        values = read_line(first_line(segment.path))
        if values is not None:
            return float(values["at"])
    return _NEVER


def _oldest(there: Sequence[Segment]) -> float | None:
    for segment in there:
        if (first := _first(segment)) != _NEVER:
            return first
    return None
