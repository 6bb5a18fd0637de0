"""The names of message files: ours, `<seconds>.<id>.<node>,S=<octets>,W=<octets on the wire>`, and other programs'.

A name is `<unique>[,<extras>][:<info>]`. What other programs change is the info (`2,` and the flags). Dovecot's
`S=` and `W=` sizes have the same meaning as ours; it ignores extras that it does not know, such as our `U=1`.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from mailgate.failures import StoreError

UNIQUE_OCTETS: Final = 60
EARLIEST_SECONDS: Final = 100_000_000  # March 1973, before any mail: a smaller number counts something else
_SMTPUTF8: Final = "U=1"
_PART: Final = re.compile(r"[0-9A-Za-z_-]+")
_SECONDS: Final = re.compile(r"([0-9]{1,11})(?:\.|\Z)")
_OURS: Final = re.compile(r"[0-9]{1,11}\.([0-9a-hjkmnp-tv-z]{26})\.[0-9A-Za-z_-]+")
_SIZE: Final = re.compile(r"[0-9]{1,18}")
# The first extra that begins so counts, whether or not it is a size; what follows a colon is the info.
_OCTETS: Final = re.compile(r"[^,:]*(?:,(?!S=)[^,:]*)*,S=([0-9]{1,18})(?![^,:])")
# What `compose` makes, at once: unique (70 octets at most), seconds, id, octets on the wire, SMTPUTF8.
_COMPOSED: Final = re.compile(
    r"(([0-9]{1,11})\.([0-9a-hjkmnp-tv-z]{26})\.[0-9A-Za-z_-]{1,31}),S=[0-9]{1,18},W=([0-9]{1,18})(,U=1)?"
)


@frozen
class Filename:
    """What a message file's name says."""

    base: str  # without the info: what stays the same when flags change
    unique: str  # without the extras as well
    seconds: int | None  # arrival, Unix time; None as well for a number that cannot be one
    wire_octets: int | None  # None as well where a file of the named size cannot have so many
    id: str  # the message's, where mailgate delivered it; else empty
    smtputf8: bool


def compose_unique(seconds: int, message_id: str, node: str) -> str:
    """The part before the comma. Raises `StoreError` for what does not belong in a name."""
    unique = f"{max(seconds, 0)}.{message_id}.{node}"
    if not (_PART.fullmatch(message_id) and _PART.fullmatch(node)) or len(unique) > UNIQUE_OCTETS:
        raise StoreError(f"{message_id!r} and {node!r} do not make the name of a file")
    return unique


def compose(unique: str, octets: int, wire_octets: int, smtputf8: bool) -> str:
    """The whole name; sizes as in the file and with CRLF line ends."""
    return f"{unique},S={octets},W={wire_octets}" + (f",{_SMTPUTF8}" if smtputf8 else "")


def base_of(name: str) -> str:
    """The name without the info."""
    return name.partition(":")[0]


def octets_of(name: str) -> int | None:
    """The size of the file, as its name tells it, with or without the info."""
    told = _OCTETS.match(name)
    return int(told[1]) if told is not None else None


def parse_composed(base: str) -> tuple[str, int, str, int, bool] | None:
    """A name that `compose` made, without the info, as (unique, seconds, id, octets on the wire, SMTPUTF8); None: it is
    of another form, and for `parse`. A large maildrop has 100,000 of these: no object is made for each.
    """
    composed = _COMPOSED.fullmatch(base)
    if composed is None:
        return None
    unique, seconds, message_id, wire_octets, smtputf8 = composed.groups()
    return unique, int(seconds), message_id, int(wire_octets), smtputf8 is not None


def parse(name: str) -> Filename:
    """Read any name; what it does not say is None, empty or False."""
    base = base_of(name)
    unique, *extras = base.split(",")
    seconds = _SECONDS.match(unique)
    ours = _OURS.fullmatch(unique)
    return Filename(
        base,
        unique,
        int(seconds[1]) if seconds and (ours or int(seconds[1]) >= EARLIEST_SECONDS) else None,
        _size("W=", extras) if ours else _plausible_wire_octets(extras),
        ours[1] if ours else "",
        _SMTPUTF8 in extras,
    )


def _plausible_wire_octets(extras: list[str]) -> int | None:
    wire_octets, octets = _size("W=", extras), _size("S=", extras)
    if wire_octets is None or octets is None:
        return wire_octets
    # Each octet becomes two at most, where all of it is bare LF, and a last line without an end is given one.
    return wire_octets if octets <= wire_octets <= 2 * octets + 2 else None


def _size(key: str, extras: list[str]) -> int | None:
    value = next((extra[len(key) :] for extra in extras if extra.startswith(key)), "")
    return int(value) if _SIZE.fullmatch(value) else None
