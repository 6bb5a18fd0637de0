"""What a line of the log is made of, and how it looks to people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from attrs import asdict, fields, frozen
from twisted.logger import LogEvent, eventAsText

from mailgate.facts import Fact
from mailgate.log import describe, escape
from mailgate.log import level_of as level_of_fact

RANKS: Final[Mapping[str, int]] = {"debug": 0, "info": 1, "warn": 2, "error": 3, "critical": 4}
MAX_TEXT_CHARACTERS: Final = 16_384  # of what is no fact; a traceback's end matters most
WEIGHED_CHARACTERS: Final = 256  # of such a text weigh as much as an entry of a list


@frozen
class Event:
    """Something that was logged and is no fact. Its text may have several lines, those behind the first indented."""

    at: float  # Unix time
    level: str
    namespace: str
    text: str


class Line(NamedTuple):
    """A line, by its number from 1. `weight` is what it takes of the ring's memory, in units of a short fact. There is
    one for every fact that is told, and this is the form that takes the least time to make.
    """

    number: int
    weight: int
    content: Fact | Event


def event_of(event: LogEvent) -> Event:
    """What is kept of an event: no exception, nor anything else that would hold on to its frames."""
    level = event.get("log_level")
    first, *more = eventAsText(event, includeTimestamp=False, includeSystem=False).rstrip("\n").split("\n")
    text = "".join([escape(first), *(f"\n    {escape(line)}" for line in more)])
    if len(text) > MAX_TEXT_CHARACTERS:
        half = MAX_TEXT_CHARACTERS // 2
        text = f"{text[:half]}\n    [...]\n    {text[-half:]}"
    return Event(
        event.get("log_time", 0.0), level.name if level is not None else "info", event.get("log_namespace", ""), text
    )


def weight_of(content: Fact | Event) -> int:
    """What a line takes of memory: 1, and more for long lists and texts."""
    if isinstance(content, Event):
        return 1 + len(content.text) // WEIGHED_CHARACTERS
    lists = _lists_of(type(content))
    return 1 + sum([len(getattr(content, name)) for name in lists]) if lists else 1


def level_of(content: Fact | Event) -> str:
    """At which level the log has it."""
    return content.level if isinstance(content, Event) else str(level_of_fact(content).name)


def rendered(line: Line) -> dict[str, Any]:
    """For programs: number, time, level and text, and of a fact all it has."""
    content = line.content
    about: dict[str, Any] = {"number": line.number, "time": content.at, "level": level_of(content)}
    if isinstance(content, Event):
        return {**about, "namespace": content.namespace, "text": content.text}
    return {**about, "text": describe(content), "fact": type(content).__name__, **asdict(content)}


_LISTS: Final[dict[type, tuple[str, ...]]] = {}  # there are some thirty kinds


def _lists_of(kind: type[Fact]) -> tuple[str, ...]:
    """The names of a fact's fields that may have any number of entries."""
    known = _LISTS.get(kind)
    if known is None:
        known = tuple(field.name for field in fields(kind) if str(field.type).startswith("tuple["))
        _LISTS[kind] = known
    return known
