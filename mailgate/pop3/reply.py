"""What a POP3 session says: one value a reply. How it stands on the wire is for the machine to know."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from functools import lru_cache
from typing import Final

from attrs import field, frozen

_LEVEL: Final = r"[\x21-\x2e\x30-\x5c\x5e-\x7e]+"  # resp-level = 1*rchar (RFC 2449 section 3)
_CODE: Final = re.compile(rf"{_LEVEL}(?:/{_LEVEL})*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@lru_cache(maxsize=1_024)  # there are few templates and codes, and many replies
def _fault_of(text: str, code: str) -> str:
    # RFC 2449 section 6.4: a text that begins with "[" is a response code.
    if text.startswith("[") or _CONTROL.search(text) is not None:
        return f"not the text of a response: {text!r}"
    if code and _CODE.fullmatch(code) is None:
        return f"not a response code: {code!r}"
    return ""


@frozen
class Reply:
    """A status, a text, and what follows in a multi-line response.

    `text` is a template in English, filled with `values` by `str.format`: so it can be the key under which another
    language finds its own (RFC 6856 section 3). Raises ValueError for what would not be a response.
    """

    ok: bool
    text: str
    code: str = ""  # such as "IN-USE", sent in brackets (RFC 2449 section 8, RFC 3206)
    values: Mapping[str, object] = field(factory=dict)
    # Lines that follow: not stuffed yet; or in bytes, as they stand on the wire, without the final dot.
    lines: tuple[str, ...] | bytes | None = field(default=None, repr=False)
    # A message's content with any line ends, as `wire.dots.DotWriter` takes it: small enough for one write, or in
    # blocks, which are the machine's to close.
    content: bytes | AsyncGenerator[bytes, None] | None = field(default=None, repr=False)
    # What the server asks in the midst of AUTH, in base64: then the line is that alone (RFC 5034 section 4).
    challenge: str | None = None
    close: bool = False  # is the connection closed after it?

    def __attrs_post_init__(self) -> None:
        if fault := _fault_of(self.text, self.code):
            raise ValueError(fault)

    def __str__(self) -> str:
        """The first line, without its line end. Control characters in a value become question marks."""
        if self.challenge is not None:
            return f"+ {self.challenge}"  # the space stands there even if nothing follows
        line = "+OK" if self.ok else "-ERR"
        if self.code:
            line += f" [{self.code}]"
        if text := self.text.format(**self.values):
            line += f" {text}"
        return line if line.isprintable() else _CONTROL.sub("?", line)


def positive(
    text: str,
    /,
    *,
    lines: tuple[str, ...] | bytes | None = None,
    content: bytes | AsyncGenerator[bytes, None] | None = None,
    **values: object,
) -> Reply:
    """`+OK`, a text, and what follows it."""
    return Reply(True, text, values=values, lines=lines, content=content)


def negative(text: str, /, *, code: str = "", **values: object) -> Reply:
    """`-ERR` and a text, with a response code where there is one."""
    return Reply(False, text, code, values)
