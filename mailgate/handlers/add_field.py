"""Puts a fixed header field in front of every message: the smallest useful handler, to copy from."""

from __future__ import annotations

from zope.interface import implementer

from mailgate.interfaces import IMessageHandler
from mailgate.mail import Field, Message, Verdict


@implementer(IMessageHandler)
class AddField:
    """Adds one field. Raises ValueError at start if name or value cannot stand in a header."""

    def __init__(self, name: str, value: str) -> None:
        self._verdict = Verdict(fields=(Field(name, value),))

    def handle(self, message: Message) -> Verdict:
        return self._verdict
