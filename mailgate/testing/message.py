"""A message that arrived, as a test looks at it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cached_property
from typing import Any, Final

from mailgate import mime
from mailgate.mime import Attachment

SHOWN_SUBJECT: Final = 80  # characters of it in a repr
SHOWN_RECIPIENTS: Final = 3


@dataclass(frozen=True)
class Envelope:
    """What the client said, besides the content.

    `sender` is the reverse-path, empty for `<>`; `recipients` are those of this namespace. `client` is the client's IP
    address, `helo` its name of itself, `tls` the version and cipher, empty in clear, and `user` who had authenticated,
    empty if nobody had.
    """

    sender: str
    recipients: tuple[str, ...]
    client: str
    helo: str
    tls: str
    user: str
    smtputf8: bool


class Message:
    """One message.

    `id` is the server's, the same in its log, its reply and every maildrop; `number` counts what arrived at the
    server. `octets` is its size as it is stored, with LF at the ends of the lines. `removed` tells whether it had been
    removed, by POP3 or by a call, when the server was asked for it.
    """

    def __init__(self, told: Mapping[str, Any], raw: bytes | None) -> None:
        """`told`: as the server tells it; `raw`: its octets, None if nobody has them any more."""
        self.id: str = told["id"]
        self.number: int = told["number"]
        self.at = datetime.fromtimestamp(told["at"], UTC)  # when it was accepted
        self.octets: int = told["octets"]
        self.removed: bool = told["removed"]
        self.subject: str = told["subject"]  # decoded; empty if there is none
        self._raw = raw
        self.envelope = Envelope(
            sender=told["sender"],
            recipients=tuple(told["recipients"]),
            client=told["client"],
            helo=told["helo"],
            tls=told["tls"],
            user=told["user"],
            smtputf8=told["smtputf8"],
        )

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Message:
        """One that the server told with its content."""
        content = told["content"]
        return cls(told, None if content is None else base64.b64decode(content))

    @property
    def raw(self) -> bytes:
        """Its octets as POP3 gives them, but with LF at the ends of the lines. Raises LookupError if it was removed,
        and so much has come since that the server does not remember them; so does what is read out of them.
        """
        if self._raw is None:
            raise LookupError(f"the content of {self!r} is in no maildrop, and not remembered any more")
        return self._raw

    @cached_property
    def email(self) -> EmailMessage:
        """Parsed."""
        return mime.read(self.raw)

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        """The names and decoded values of all fields, in order."""
        return mime.fields_in(self.raw)

    @cached_property
    def text(self) -> str:
        """The text for people: the plain part, or the HTML made readable if there is no other; empty if neither."""
        return mime.text_of(self.email)

    @cached_property
    def html(self) -> str:
        """The HTML part; empty if there is none."""
        return mime.html_of(self.email)

    @cached_property
    def attachments(self) -> list[Attachment]:
        """The attachments: `.filename`, `.content_type`, `.content`, `.content_id`, `.inline`."""
        return mime.attachments_of(self.email)

    def links(self) -> list[str]:
        """The http and https URLs in text and HTML, in order, each once."""
        return mime.links_in(self.text, self.html)

    def otp(self) -> str | None:
        """The one-time code in the text, without spaces or hyphens; None if there is none."""
        return mime.otp_in(self.text)

    def __repr__(self) -> str:
        return (
            f"<Message {self.subject[:SHOWN_SUBJECT]!r} from {self.envelope.sender or '<>'} "
            f"to {shown_recipients(self.envelope.recipients)} at {self.at:%H:%M:%S}, {self.octets:,} octets"
            f"{', removed' if self.removed else ''}>"
        )

    def __eq__(self, other: object) -> bool:
        """The same message, whenever it was asked for."""
        return isinstance(other, Message) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)


def shown_recipients(recipients: tuple[str, ...]) -> str:
    """A few of them, and how many more."""
    more = len(recipients) - SHOWN_RECIPIENTS
    return ", ".join(recipients[:SHOWN_RECIPIENTS]) + (f" and {more} more" if more > 0 else "")
