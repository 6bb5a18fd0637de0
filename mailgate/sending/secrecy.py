"""Keeps the smarthost's password out of what the log and our client are told: some hosts repeat what we said."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Final

from attrs import field, frozen

HIDDEN: Final = "***"
TELLTALE_CHARACTERS: Final = 6  # of base64 that are recognised: fewer give less than four octets away
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=]+")


def encoded(text: str) -> str:
    """As responses of AUTH are (RFC 4954 4)."""
    return base64.b64encode(text.encode()).decode("ascii")


def plain_response(user: str, password: str) -> str:
    """The response of PLAIN: [authzid] NUL authcid NUL passwd (RFC 4616 2)."""
    return encoded(f"\0{user}\0{password}")


@frozen
class Secrecy:
    """Knows what one login must not give away; without a password, nothing."""

    user: str
    password: str = field(repr=False)

    def hide(self, text: str) -> str:
        """`text`, printable ASCII, without the password, and without what was said to log in, nor parts of that, as a
        host may have cut it off.
        """
        if not self.password:
            return text
        pieces = set(self._pieces())
        text = _BASE64.sub(lambda run: HIDDEN if _shares(run[0], pieces) else run[0], text)
        return text.replace(_printable(self.password), HIDDEN)

    def _pieces(self) -> Iterator[str]:
        responses = encoded(self.user), encoded(self.password), plain_response(self.user, self.password)
        for response in filter(None, responses):
            length = min(TELLTALE_CHARACTERS, len(response))
            yield from (response[at : at + length] for at in range(len(response) - length + 1))


def _shares(run: str, pieces: set[str]) -> bool:
    lengths = {len(piece) for piece in pieces}
    return any(run[at : at + length] in pieces for length in lengths for at in range(len(run) - length + 1))


def _printable(text: str) -> str:
    # As replies are read: an octet that is no printable ASCII is a question mark.
    return re.sub(rb"[^\x20-\x7e]", b"?", text.encode()).decode("ascii")
