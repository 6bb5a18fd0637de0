"""A message taken apart, and the text that a person reads in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from mailgate.mime.fields import as_text

if TYPE_CHECKING:
    from email.message import EmailMessage

MAX_DEPTH: Final = 50  # of parts in parts; what is deeper is not looked at


def prepare() -> None:
    """Import what reading needs now, so that the first message does not wait for it (30 ms)."""
    import mailgate.mime.codes
    import mailgate.mime.markup
    import mailgate.mime.policy  # noqa: F401


def read(raw: bytes) -> EmailMessage:
    """The message that these octets are, lines ending with LF or CRLF; never raises. One that cannot be taken apart is
    a header, and all else its text.
    """
    from mailgate.mime.policy import parse

    return parse(raw)


def text_of(message: EmailMessage) -> str:
    """The text of a message, lines ending with LF: all that is shown at once. That of its HTML if there is no other,
    made readable; empty if there is none.
    """
    texts = [text_in(part) for part in leaves(message) if is_shown(part) and not is_html(part)]
    if texts:
        return "\n".join(texts)
    html = html_of(message)
    if not html:
        return ""
    from mailgate.mime.markup import page_of

    return page_of(html).text


def html_of(message: EmailMessage) -> str:
    """The HTML of a message as it is there, lines ending with LF; empty if there is none."""
    return "\n".join(text_in(part) for part in leaves(message) if is_shown(part) and is_html(part))


def leaves(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that have no parts, in order. An enclosed message is one: what is in it is its own."""
    waiting: list[tuple[Any, int]] = [(message, 0)]
    while waiting:
        part, depth = waiting.pop()
        if not part.is_multipart() or part.get_content_maintype() == "message":
            yield part
        elif depth < MAX_DEPTH:
            waiting.extend((each, depth + 1) for each in reversed(part.get_payload()))


def is_shown(part: EmailMessage) -> bool:
    """Is a part text that stands in the message, and not beside it? So is what could not be taken apart."""
    if part.get_content_maintype() == "multipart":
        return True
    kind = part.get_content_type()
    return kind in ("text/plain", "text/html") and not is_attached(part) and not part.get_filename()


def is_html(part: EmailMessage) -> bool:
    """Is it HTML?"""
    return part.get_content_type() == "text/html"


def is_attached(part: EmailMessage) -> bool:
    """Does its Content-Disposition say so (RFC 2183 2.2)?"""
    return str(part.get("Content-Disposition", "")).partition(";")[0].strip().lower() == "attachment"


def octets_in(part: EmailMessage) -> bytes:
    """The content of a part that has no parts, without its transfer encoding."""
    octets = part.get_payload(decode=True)
    return octets if isinstance(octets, bytes) else b""


def text_in(part: EmailMessage) -> str:
    """The same as text, whatever its charset is said to be; lines end with LF."""
    return as_text(octets_in(part), part.get_content_charset() or "utf-8").replace("\r\n", "\n")
