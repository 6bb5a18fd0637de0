"""What an mbox says of its messages besides their contents.

Our own exports put these fields in front of a message; the last one says that they are ours:

    X-UIDL: <the UID>
    Status: RO                  R: seen; O: not new
    X-Status: AFDT              answered, flagged, deleted (trashed), draft
    X-Mailgate-Message: octets=<12 digits>; seconds=<arrival, Unix time>[; name=<in a Maildir>][; passed][; smtputf8]

So mail programs that read mbox files know a message's flags. `octets` is its size without these fields and without
the quoting, and if its last line does not end, without the line end that the file needs.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from mailgate.archive.message import Archived, fitting_uid, known_flags

MAX_FIELD_OCTETS: Final = 65_536  # so far into a message fields are looked for
_OCTETS_DIGITS: Final = 12
_X_UIDL: Final = "X-UIDL"
_STATUS: Final = "Status"
_X_STATUS: Final = "X-Status"
_OURS: Final = re.compile(
    rb"(?:X-UIDL: (?P<uid>[\x21-\x7e]{1,70})\n)?"
    rb"Status: (?P<status>[RO]*)\n"
    rb"X-Status: (?P<x_status>[AFDT]*)\n"
    rb"X-Mailgate-Message: octets=(?P<octets>[0-9]{12}); seconds=(?P<seconds>[0-9]{1,11})"
    rb"(?:; name=(?P<name>[\x21-\x3a\x3c-\x7e]{1,200}))?(?P<passed>; passed)?(?P<smtputf8>; smtputf8)?\n"
)
_NAME: Final = re.compile(r"[\x21-\x3a\x3c-\x7e]{1,200}")
_FOREIGN: Final = re.compile(rb"(?im)^(X-UIDL|Status|X-Status):(.*)$")
_X_STATUS_FLAGS: Final = {"A": "R", "F": "F", "D": "T", "T": "D"}  # as in a Maildir


@frozen
class Told:
    """What the fields say."""

    uid: str = ""
    seconds: int | None = None
    unique: str = ""
    flags: str = ""
    is_new: bool = False
    smtputf8: bool = False
    octets: int = 0
    fields_octets: int = 0  # of the fields that are ours, and no part of the message


def compose_fields(message: Archived) -> tuple[bytes, int]:
    """Our fields for a message, with a size of zeros; and at which octet these zeros begin: write the size there."""
    uid = f"{_X_UIDL}: {message.uid}\n" if fitting_uid(message.uid) else ""
    status = ("R" if "S" in message.flags else "") + ("" if message.is_new else "O")
    x_status = "".join(letter for letter, flag in _X_STATUS_FLAGS.items() if flag in message.flags)
    before = f"{uid}{_STATUS}: {status}\n{_X_STATUS}: {x_status}\nX-Mailgate-Message: octets="
    name = f"; name={message.unique}" if _NAME.fullmatch(message.unique) else ""
    passed = "; passed" if "P" in message.flags else ""
    smtputf8 = "; smtputf8" if message.smtputf8 else ""
    after = f"; seconds={max(message.seconds, 0)}{name}{passed}{smtputf8}\n"
    return f"{before}{compose_octets(0)}{after}".encode("ascii"), len(before)


def compose_octets(octets: int) -> str:
    """A size as it stands in our fields."""
    return f"{octets:0{_OCTETS_DIGITS}d}"


def read_fields(head: bytes) -> Told | None:
    """What our own fields at the beginning of a message say; None: they are not there."""
    ours = _OURS.match(head)
    if ours is None:
        return None
    flags = _flags(ours["status"].decode(), ours["x_status"].decode()) + ("P" if ours["passed"] else "")
    return Told(
        uid=(ours["uid"] or b"").decode(),
        seconds=int(ours["seconds"]),
        unique=(ours["name"] or b"").decode(),
        flags=known_flags(flags),
        is_new=b"O" not in ours["status"],
        smtputf8=ours["smtputf8"] is not None,
        octets=int(ours["octets"]),
        fields_octets=ours.end(),
    )


def read_foreign_fields(head: bytes, *, x_uidl: bool) -> Told:
    """What the header of another program's message says; `x_uidl`: its UID, too."""
    header = re.split(rb"\n\r?\n", head, maxsplit=1)[0]
    found = {
        name.decode().lower(): value.decode("ascii", "replace").strip() for name, value in _FOREIGN.findall(header)
    }
    status = found.get("status", "")
    return Told(
        uid=fitting_uid(found.get("x-uidl", "")) if x_uidl else "",
        flags=known_flags(_flags(status, found.get("x-status", ""))),
        is_new="O" not in status and "R" not in status,
    )


def _flags(status: str, x_status: str) -> str:
    seen = "S" if "R" in status else ""
    return seen + "".join(_X_STATUS_FLAGS.get(letter, "") for letter in x_status)
