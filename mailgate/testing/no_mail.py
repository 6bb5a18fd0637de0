"""What a test says when mail did not come, or came where none should.

The text is for somebody who looks at a failed run and has nothing else: what did arrive, and what was said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from mailgate.testing.conversation import Conversation
from mailgate.testing.message import Message, shown_recipients

SHOWN_MESSAGES: Final = 20
SHOWN_LINES: Final = 200  # of all conversations together
SHOWN_CHARACTERS: Final = 200  # of a line


class NoMail(AssertionError):
    """The message that was waited for did not come in time.

    `arrived` is what did arrive meanwhile or before, `conversations` what the clients of this namespace said; both as
    the server tells them, the newest last.
    """

    def __init__(
        self, wanted: str, arrived: Sequence[Mapping[str, Any]] = (), conversations: Sequence[Conversation] = ()
    ) -> None:
        super().__init__("\n".join([wanted, "", shown_arrivals(arrived), "", shown_conversations(conversations)]))
        self.arrived = arrived
        self.conversations = conversations


class UnexpectedMail(AssertionError):
    """A message came that should not. `message` is it."""

    def __init__(self, wanted: str, message: Message) -> None:
        text = "\n".join(f"    {line}" for line in bounded(message.text.splitlines(), SHOWN_MESSAGES))
        super().__init__(f"{wanted}, but there is {message!r}\n{text}")
        self.message = message


def shown_arrivals(arrived: Sequence[Mapping[str, Any]]) -> str:
    """A line for each message, the newest last, `SHOWN_MESSAGES` at most."""
    if not arrived:
        return "Nothing arrived."
    lines = [f"Arrived ({len(arrived)}, the newest last):"]
    if len(arrived) > SHOWN_MESSAGES:
        lines.append(f"  … {len(arrived) - SHOWN_MESSAGES} older ones")
    return "\n".join(bounded([*lines, *map(_arrival, arrived[-SHOWN_MESSAGES:])], SHOWN_LINES))


def shown_conversations(conversations: Sequence[Conversation]) -> str:
    """The dialogues one after the other, `SHOWN_LINES` at most: of more, the newest."""
    if not conversations:
        return "No client connected that named an address of here."
    lines = ["Conversations:"]
    for conversation in conversations:
        lines += ["", *(f"  {line}" for line in str(conversation).splitlines())]
    if len(lines) > SHOWN_LINES:
        lines = [lines[0], f"  … {len(lines) - SHOWN_LINES} lines before", *lines[-SHOWN_LINES + 2 :]]
    return "\n".join(bounded(lines, SHOWN_LINES))


def bounded(lines: Iterable[str], most: int) -> Iterable[str]:
    """No more lines than that, and none longer than `SHOWN_CHARACTERS`."""
    for number, line in enumerate(lines):
        if number == most:
            yield "…"
            return
        yield line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}…"


def _arrival(told: Mapping[str, Any]) -> str:
    at = datetime.fromtimestamp(told["at"], UTC)
    return (
        f"  {at:%H:%M:%S}.{at.microsecond // 1000:03}  from {told['sender'] or '<>'} "
        f"to {shown_recipients(tuple(told['recipients']))}  {told['subject']!r}"
        f"{'  (removed)' if told['removed'] else ''}"
    )
