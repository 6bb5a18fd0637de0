"""Puts a fixed header field in front of every message: the smallest useful handler, to copy from."""

from __future__ import annotations

from zope.interface import implementer

from mailgate.interfaces import IMessageHandler, IRehearsal
from mailgate.mail import Field, Message, Verdict


@implementer(IMessageHandler, IRehearsal)
class AddField:
    """Adds one field."""

    def __init__(self, field: str, value: str) -> None:
        """`field` is its name. Raises ValueError at start if name or value cannot stand in a header."""
        if not (isinstance(field, str) and isinstance(value, str)):  # TOML gives what somebody wrote
            raise ValueError("field and value are text in quotes")
        self._field = Field(field, value)
        self._verdict = Verdict(fields=(self._field,))

    def handle(self, message: Message) -> Verdict:
        return self._verdict

    def rehearse(self, message: Message) -> str:
        """As `IRehearsal` has it."""
        return f"adds {self._field.name}: {self._field.value}"
