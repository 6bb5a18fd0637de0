"""Which message a UID belongs to that several files have claimed: `mailgate-uids.json`, `{"version": 1, "uids": {…}}`,
with `[<what was made of the UID and the content>, <copies removed>]` by UID.

Files of one unique name are rare: a backup that is laid over a live maildrop makes them. RFC 1939 section 7 wants that
a UID is never given to another message, also when the one that had it is gone: so a line stays for good. It is durable
before any client sees the UIDs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Final

from attrs import evolve, frozen
from twisted.logger import Logger

from mailgate.store.maildir import records
from mailgate.store.maildir.disk import Disk, in_words

NAME: Final = "mailgate-uids.json"
MAX_OCTETS: Final = 67_108_864  # some 500,000 UIDs; a longer one is not ours to hold in memory
_VERSION: Final = 1
_IDENTITY: Final = re.compile(r"[0-9a-f]{64}")

log = Logger(namespace="mailgate.store")


@frozen
class Owner:
    """Whose a UID is."""

    identity: str  # made of the UID and the content
    removed: int = 0  # how many copies that had this content were removed by their UIDs: these are not given again


Owners = Mapping[str, Owner]  # by UID


def parse(content: bytes) -> dict[str, Owner]:
    """Raises ValueError for what is damaged, or of another version."""
    try:
        record = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(record, dict) or record.get("version") != _VERSION or not isinstance(record.get("uids"), dict):
        raise ValueError("it is of a version that is not known here")
    return {uid: _owner(value) for uid, value in record["uids"].items()}


def _owner(value: object) -> Owner:
    match value:
        case [str(identity), int(removed)] if _IDENTITY.fullmatch(identity) and removed >= 0:
            return Owner(identity, int(removed))
    raise ValueError(f"{value!r} does not say whose a UID is")


def compose(owners: Owners) -> bytes:
    """The file's content."""
    uids = {uid: [owner.identity, owner.removed] for uid, owner in owners.items()}
    return json.dumps({"version": _VERSION, "uids": uids}, separators=(",", ":")).encode()


def read(disk: Disk, maildrop: int) -> dict[str, Owner]:
    """Of an open maildrop directory; empty if there is no such file, or if it makes no sense, which the log is told.

    Blocks. Raises OSError.
    """
    try:
        content = records.read(disk, maildrop, NAME, MAX_OCTETS)
        return parse(content) if content is not None else {}
    except ValueError as error:
        _complain(f"cannot make sense of it: {error}")
        return {}


def add(disk: Disk, maildrop: int, owners: Owners) -> bool:
    """Write down whose these UIDs are, besides those that are written down. Is it done? Else the log is told why.

    The maildrop directory is open and locked. Blocks; never raises.
    """
    try:
        _replace(disk, maildrop, {**owners, **read(disk, maildrop)})
    except OSError as error:
        _complain(in_words("cannot write it", error))
        return False
    return True


def note_removed(disk: Disk, maildrop: int, uids: Collection[str]) -> None:
    """The messages that had these UIDs are removed: no copy of them is to have one of these later.

    As `add`. What nobody else has claimed is not in the file, and not of interest.
    """
    try:
        owners = read(disk, maildrop)
        removed = {uid: evolve(owners[uid], removed=owners[uid].removed + 1) for uid in uids if uid in owners}
        if removed:
            _replace(disk, maildrop, owners | removed)
    except OSError as error:
        _complain(in_words("cannot write it", error))


def _replace(disk: Disk, maildrop: int, owners: Owners) -> None:
    records.replace(disk, maildrop, NAME, compose(owners), durable=True)


def _complain(reason: str) -> None:
    log.warn("{name}: {reason}. Of messages that have one name, UIDs may change.", name=NAME, reason=reason)
