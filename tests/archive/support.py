"""What the tests of archives share: messages, and what is in an archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from attrs import asdict

from mailgate.archive.message import Archive, Archived

CONTENT = b"From: a@example.test\nSubject: hello\n\nworld\n"


def archived(content: bytes = CONTENT, **known: Any) -> Archived:
    """A message to be written."""
    return Archived(**{"where": "here", "seconds": 1_700_000_000, **known}, open=partial(_blocks, content))


def content_of(message: Archived) -> bytes:
    """All of it."""
    return b"".join(message.open())


def known_of(message: Archived) -> dict[str, Any]:
    """What is known of it, without its content."""
    return {name: value for name, value in asdict(message).items() if name not in ("where", "open")}


def contents(archive: Archive | Iterable[Archived]) -> list[bytes]:
    """Of all messages."""
    return [content_of(message) for message in archive]


def _blocks(content: bytes, octets: int = 7) -> Iterator[bytes]:
    yield from (content[at : at + octets] for at in range(0, len(content), octets))
