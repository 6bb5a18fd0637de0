"""A message in an archive, whatever the archive's form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from attrs import field, frozen

FLAGS: Final = "DFPRST"  # those that every Maildir has: draft, flagged, passed, replied, seen, trashed
UID: Final = re.compile(r"[\x21-\x7e]{1,70}")  # RFC 1939 section 7


class ArchiveError(ValueError):
    """What is there cannot be read, or not as what it should be. The message says what can be done."""


@frozen
class Archived:
    """One message, and what is known of it besides its content."""

    where: str  # for people: which one it is
    open: Callable[[], Iterator[bytes]] = field(repr=False)  # its content in blocks, as often as wanted
    seconds: int  # arrival, Unix time
    uid: str = ""  # its UID in POP3; empty: not known
    unique: str = ""  # the unique part of its name in a Maildir; empty: it had none
    flags: str = ""  # of FLAGS, in that order
    is_new: bool = False  # no program that reads mail has seen it
    smtputf8: bool = False  # received with SMTPUTF8 (RFC 6531)


class Archive(Protocol):
    """What can be read. `open` of its messages gives LF line ends, and raises OSError or `ArchiveError`."""

    @property
    def notes(self) -> Sequence[str]:
        """What is there and is not taken, for people."""

    def __len__(self) -> int:
        """How many messages it has."""

    def __iter__(self) -> Iterator[Archived]:
        """They, in order."""


def known_flags(letters: str) -> str:
    """Those of FLAGS that are among these, in their order, once each."""
    return "".join(flag for flag in FLAGS if flag in letters)


def fitting_uid(text: str) -> str:
    """The text if it can be a UID in POP3, else nothing."""
    return text if UID.fullmatch(text) else ""
