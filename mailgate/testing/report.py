"""What a failing test's report says of its mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mailgate.testing.message import Message
from mailgate.testing.namespace import Namespace
from mailgate.testing.no_mail import bounded, shown_conversations

SHOWN_MESSAGES: Final = 20
TEXT_LINES: Final = 8  # of each message


def sections(namespace: Namespace) -> list[tuple[str, str]]:
    """Titles and texts. Raises nothing: a report must not fail, least of all because the server has died."""
    return [
        (f"mail of {namespace.domain}", _tried(lambda: _mail(namespace))),
        (f"conversations of {namespace.domain}", _tried(lambda: shown_conversations(namespace.conversations()))),
    ]


def _mail(namespace: Namespace) -> str:
    messages = namespace.messages(removed=True)
    if not messages:
        return "Nothing arrived."
    lines = [f"… {len(messages) - SHOWN_MESSAGES} older ones"] if len(messages) > SHOWN_MESSAGES else []
    for message in messages[-SHOWN_MESSAGES:]:
        lines += [repr(message), *(f"    {line}" for line in bounded(_text(message).splitlines(), TEXT_LINES))]
    return "\n".join(lines)


def _text(message: Message) -> str:
    try:
        return message.text
    except LookupError:
        return "(its content is not remembered any more)"


def _tried(write: Callable[[], str]) -> str:
    try:
        return write()
    except Exception as error:  # noqa: BLE001 (the test's own failure is what has to be read)
        return f"{type(error).__name__}: {error}"
