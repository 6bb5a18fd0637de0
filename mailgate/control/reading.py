"""The content of a letter as it is read: each layer when somebody asks for it, and once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from attrs import frozen

from mailgate import mime

if TYPE_CHECKING:
    from email.message import EmailMessage

LARGE_OCTETS: Final = 262_144  # what is larger is taken apart off the reactor
HEAD_CHARACTERS: Final = 1_000  # of a field that is kept longer than its message
HEAD_MAILBOXES: Final = 20


@frozen
class Head:
    """What a list shows of a message's header, decoded; empty where a field is not there."""

    subject: str
    author: str  # From
    to: tuple[str, ...]
    message_id: str

    def clipped(self) -> Head:
        """The same, of a size that is known."""
        to = tuple(each[:HEAD_CHARACTERS] for each in self.to[:HEAD_MAILBOXES])
        subject, author = self.subject[:HEAD_CHARACTERS], self.author[:HEAD_CHARACTERS]
        return Head(subject, author, to, self.message_id[:HEAD_CHARACTERS])


class Reading:
    """A content, and what is in it."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @cached_property
    def fields(self) -> list[tuple[str, str]]:
        """The header's fields, decoded, in order."""
        return mime.fields_in(self.content)

    @cached_property
    def head(self) -> Head:
        """What a list shows."""
        first: dict[str, str] = {}
        to: list[str] = []
        for name, value in self.fields:
            first.setdefault(name.lower(), value)
            if name.lower() == "to":
                to += mime.mailboxes_in(value)
        return Head(first.get("subject", ""), first.get("from", ""), tuple(to), first.get("message-id", ""))

    @cached_property
    def message(self) -> EmailMessage:
        """The whole, taken apart."""
        return mime.read(self.content)

    @cached_property
    def text(self) -> str:
        """What a person reads."""
        return mime.text_of(self.message)

    @cached_property
    def html(self) -> str:
        """The HTML as it is there."""
        return mime.html_of(self.message)
