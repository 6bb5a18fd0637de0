"""The five messages of the demo: read from `mailgate/cli/messages`, where they have LF line ends, and made into what
goes over the wire.
"""

from __future__ import annotations

from base64 import encodebytes
from importlib.resources import files
from typing import Final

from attrs import frozen

SENDER: Final = "grace@example.test"
ATTACHMENT: Final = b"@ATTACHMENT@\n"  # stands in large.eml for what nobody wants in a repository
ATTACHMENT_OCTETS: Final = 2 << 20


@frozen(kw_only=True)
class Shown:
    """How many lines of the content a person gets to see: at its beginning and at its end."""

    head: int
    tail: int


@frozen(kw_only=True)
class Letter:
    """One message, and how the demo sends and shows it."""

    title: str
    about: str  # what is special about it, for a person
    recipient: str
    content: bytes  # CRLF line ends, the last one included
    options: tuple[str, ...] = ()  # parameters of MAIL
    start: str = "DATA"  # the command from which on SMTP is shown, if it is not shown whole
    tls: bool = False
    sent: Shown  # the lines of DATA, the final dot included
    fetched: Shown  # the lines of RETR, the +OK and the final dot included


def letters() -> tuple[Letter, ...]:
    """All five, in the order in which they are sent."""
    return (
        Letter(
            title="Plain text",
            about="Grace writes to Alice. Let us watch every step of it.",
            recipient="alice@example.test",
            content=_wire("plain.eml"),
            sent=Shown(head=12, tail=2),
            fetched=Shown(head=9, tail=2),
        ),
        Letter(
            title="HTML with an attachment",
            about=(
                "The same steps; what you have seen already (greeting, login, QUIT) is left out from here on. This "
                "time both clients ask for encryption before anything else, and this is all that an eavesdropper gets:"
            ),
            recipient="bob@example.test",
            content=_wire("html.eml"),
            tls=True,
            sent=Shown(head=1, tail=1),
            fetched=Shown(head=1, tail=1),
        ),
        Letter(
            title="Ukrainian and Japanese",
            about=(
                "Mail was made for letters of seven bits. mailgate announces 8BITMIME, so the client may send these as "
                "they are, and says so in MAIL:"
            ),
            recipient="olena@example.test",
            content=_wire("eight-bit.eml"),
            options=("BODY=8BITMIME",),
            start="MAIL",
            sent=Shown(head=1, tail=8),
            fetched=Shown(head=1, tail=4),
        ),
        Letter(
            title="Lines of dots",
            about=(
                "A line with nothing but a dot ends a message. So that a line of the text cannot do that, the sender "
                "puts one more dot in front of each that begins with one, and the receiver takes it away again:"
            ),
            recipient="dora@example.test",
            content=_wire("dots.eml"),
            sent=Shown(head=1, tail=8),
            fetched=Shown(head=1, tail=4),
        ),
        Letter(
            title="An attachment of 2 MiB",
            about=(
                "An attachment travels as letters and digits (base64), which makes it a third larger. mailgate puts a "
                "message of this size into a file while it arrives; it never holds all of it in memory:"
            ),
            recipient="emil@example.test",
            content=_wire("large.eml"),
            sent=Shown(head=1, tail=2),
            fetched=Shown(head=1, tail=2),
        ),
    )


def _wire(name: str) -> bytes:
    kept = (files("mailgate.cli") / "messages" / name).read_bytes()
    return kept.replace(ATTACHMENT, encodebytes(_attachment())).replace(b"\n", b"\r\n")


def _attachment() -> bytes:
    """Every value an octet can have, over and over."""
    return bytes(range(256)) * (ATTACHMENT_OCTETS // 256)
