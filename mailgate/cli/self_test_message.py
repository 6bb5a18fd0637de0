"""The message of a self-test: known by a name that nobody can guess, and made of octets that are easily spoilt."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

if TYPE_CHECKING:
    from datetime import datetime

TOKEN_OCTETS: Final = 16
HOST: Final = "self-test.invalid"  # RFC 2606 section 2: nobody has it
_BODY: Final = (
    b"This was sent by mailgate self-test, which removes it again. If you see it, delete it.",
    b"",
    b".a line that begins with a dot",  # RFC 5321 4.5.2
    b".",
    b"..",
    b"white space at the end \t ",
    "Grüße, 8 bits wide: € 日本語".encode(),  # RFC 6152
    b"From the beginning of a line",
    b"x" * 998,  # RFC 5322 2.1.1
    b"",
    b"",
)


@frozen
class Sample:
    """A message that was made to be sent once."""

    token: str
    content: bytes = field(repr=False)  # lines end with CRLF

    @property
    def message_id(self) -> str:
        """As its field has it."""
        return f"<{self.token}@{HOST}>"

    def is_head_of(self, lines: Iterable[bytes]) -> bool:
        """Does this header belong to a copy of it? Answers to it name it too, in other fields."""
        wanted = f"message-id: {self.message_id}".encode().lower()
        return any(line.lower() == wanted for line in lines)

    def spoilt(self, fetched: bytes) -> str:
        """What happened to it on its way, for people; empty: nothing but that fields were put in front."""
        if fetched.endswith(self.content):
            return ""
        here, there = self.content.split(b"\r\n")[::-1], fetched.split(b"\r\n")[::-1]
        same = next((at for at, pair in enumerate(zip(here, there, strict=False)) if pair[0] != pair[1]), len(there))
        return f"it came back altered: only its last {max(same - 1, 0)} lines are as they were sent"


def make_sample(address: str, listener: str, now: datetime) -> Sample:
    """One to `address` through `listener`."""
    token = secrets.token_hex(TOKEN_OCTETS)
    # Only ASCII in the header: what else it has is nobody's matter but the body's.
    to = address if address.isascii() else "undisclosed-recipients:;"
    head = (
        f"From: mailgate self-test <self-test@{HOST}>",
        f"To: {to}",
        f"Subject: mailgate self-test {token} through {listener}",
        f"Date: {format_datetime(now)}",
        f"Message-ID: <{token}@{HOST}>",
        "Auto-Submitted: auto-generated",  # RFC 3834: nobody is to answer
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
    )
    return Sample(token, b"".join(line + b"\r\n" for line in (*(each.encode() for each in head), *_BODY)))
