"""A letter as JSON."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from mailgate import mime
from mailgate.control.letter import Kept, Reached
from mailgate.control.reading import Head, Reading

_UNKNOWN = Head("", "", (), "")


@frozen
class View:
    """A letter as far as one namespace may see it."""

    kept: Kept
    recipients: tuple[Reached, ...]
    asked: str = ""  # the key of the one of them who was asked for, if one was: theirs is the copy that is shown

    @property
    def front(self) -> bytes:
        """What is in front of its content, in the copy that is shown."""
        asked = [each for each in self.recipients if each.key == self.asked]
        return self.kept.letter.front_for(asked or self.recipients)


def summary(view: View) -> dict[str, Any]:
    """What a list shows; see docs/testing.md for the meaning of the keys. `octets` are those of the copy as stored."""
    kept, letter = view.kept, view.kept.letter
    reading = kept.reading()
    head = reading.head if reading is not None else kept.head or _UNKNOWN
    return {
        "id": letter.id,
        "number": letter.number,
        "at": letter.at,
        "sender": letter.sender,
        "recipients": [each.address for each in view.recipients],
        "listener": letter.listener,
        "client": letter.client,
        "helo": letter.helo,
        "tls": letter.tls,
        "user": letter.user,
        "smtputf8": letter.smtputf8,
        "octets": len(view.front) + letter.octets,
        "removed": kept.is_removed(view.recipients),
        "subject": head.subject,
        "from": head.author,
        "to": list(head.to),
        "message_id": head.message_id,
    }


def with_content(view: View, content: bytes | None) -> dict[str, Any]:
    """The summary, and the octets as they are stored; null where no maildrop has them any more. May take long for a
    large one.
    """
    encoded = base64.b64encode(view.front + content).decode("ascii") if content is not None else None
    return {**summary(view), "content": encoded}


def parts(raw: bytes) -> dict[str, Any]:
    """What is in a message. May take long for a large one; needs nothing but its octets."""
    reading = Reading(raw)
    text, html = reading.text, reading.html
    return {
        "headers": [[name, value] for name, value in reading.fields],
        "text": text,
        "html": html,
        "attachments": _attachments(mime.attachments_of(reading.message)),
        "links": mime.links_in(text, html),
        "otp": mime.otp_in(text),
    }


def _attachments(attachments: Sequence[mime.Attachment]) -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "filename": each.filename,
            "content_type": each.content_type,
            "octets": len(each.content),
            "content_id": each.content_id,
            "inline": each.inline,
        }
        for number, each in enumerate(attachments, 1)
    ]
