"""What somebody asks the journal for, and whether a line has to do with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import field, frozen

_ASCII: Final = re.compile(r"[\x20-\x7e]+")
_IDS: Final = ("message", "session", "message_id", "client")
_ADDRESS: Final = ("sender", "recipient", "user")
_ADDRESSES: Final = ("recipients", "maildrops")


def _bare(what: str) -> str:
    return what.strip().removeprefix("<").removesuffix(">")


@frozen
class Question:
    """A message's id, a session's, a Message-ID, a UID, a client's IP address, an address of somebody, or, as
    `@example.org`, all of a domain. Brackets around it, and case, do not matter.

    Raises ValueError for what can be none of these.
    """

    what: str = field(converter=_bare)
    _folded: str = field(init=False, repr=False)
    text: bytes = field(init=False, repr=False)  # what every line that answers has in it, in lower case

    @_folded.default
    def _fold(self) -> str:
        return self.what.casefold()

    @text.default
    def _longest_text(self) -> bytes:
        # Beyond ASCII, JSON has escapes of either case of a letter, and folding may give one letter for another: that
        # part is left to a closer look.
        longest = max(_ASCII.findall(self.what), key=len, default="")
        if not longest.strip():
            raise ValueError("expected a message's id, an address, a Message-ID or a session's id")
        return json.dumps(longest)[1:-1].lower().encode()

    def is_answered_by(self, values: Mapping[str, Any]) -> bool:
        """Does the line with these values have to do with it?"""
        if any(self._folded == str(values.get(name, "")).casefold() for name in _IDS):
            return True
        if self._folded in str(values.get("uid", "")).casefold().split(" "):
            return True
        if self._folded.startswith("@"):
            return any(address.endswith(self._folded) for address in _addresses(values))
        return self._folded in _addresses(values)


def _addresses(values: Mapping[str, Any]) -> Iterator[str]:
    for name in _ADDRESS:
        if name in values:
            yield str(values[name]).casefold()
    for name in _ADDRESSES:
        for address in values.get(name, ()):
            yield str(address).casefold()
