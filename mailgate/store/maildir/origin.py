"""What the place and the name of a message's file say of it, besides what its entry has."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from mailgate.mail import Entry
from mailgate.store.maildir.filename import base_of
from mailgate.store.maildir.layout import NEW
from mailgate.store.maildir.listing import EXACT

_FLAGS: Final = "DFPRST"  # those that every Maildir has; lower case letters mean something to Dovecot alone


@frozen
class Origin:
    """See the module."""

    unique: str  # the unique part of the name
    flags: str  # of D F P R S T, in that order: draft, flagged, passed, replied, seen, trashed
    is_new: bool  # no program that reads mail has seen it


def origin_of(entry: Entry) -> Origin:
    """Of an entry of a snapshot."""
    folder, _, name = entry.key.removeprefix(EXACT).partition("/")
    info = name.partition(":")[2]
    letters = info[2:] if info.startswith("2,") else ""
    return Origin(base_of(name).partition(",")[0], "".join(flag for flag in _FLAGS if flag in letters), folder == NEW)
