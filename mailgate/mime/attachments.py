"""What comes with a message and is not its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mailgate.mime.fields import decoded
from mailgate.mime.reading import is_attached, is_shown, leaves, octets_in

if TYPE_CHECKING:
    from email.message import EmailMessage


@dataclass(frozen=True)
class Attachment:
    """One part: a file, a picture that the HTML shows, an enclosed message."""

    filename: str  # empty: it has none
    content_type: str  # such as "application/pdf"
    content: bytes = field(repr=False)  # without its transfer encoding
    content_id: str = ""  # without the angle brackets; `cid:` URLs in the HTML name it
    inline: bool = False  # is it to be shown with the text?


def attachments_of(message: EmailMessage) -> list[Attachment]:
    """The attachments of a message in order; one in an enclosed message is that one's."""
    return [_attachment(part) for part in leaves(message) if not is_shown(part)]


def _attachment(part: EmailMessage) -> Attachment:
    return Attachment(
        filename=decoded(part.get_filename() or ""),
        content_type=part.get_content_type(),
        content=_enclosed(part) if part.is_multipart() else octets_in(part),
        content_id=str(part.get("Content-ID", "")).strip().strip("<>"),
        inline=not is_attached(part),
    )


def _enclosed(part: EmailMessage) -> bytes:
    """The octets of an enclosed message, its header's lines as they were."""
    from email.policy import compat32

    enclosed: Any = part.get_payload()
    try:
        return b"\n".join(each.as_bytes(policy=compat32) for each in enclosed)
    except Exception:  # noqa: BLE001 (it was read, but not even `email` can write it: RecursionError and others)
        return b""
