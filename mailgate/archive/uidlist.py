"""`dovecot-uidlist`, the list in a Maildir of the UIDs that Dovecot gave: the form of Dovecot 1.0 (1) and since (3).

`3 V<uidvalidity> N<next uid> G<guid>`, then a line a message, `<uid> [<key><value> ...] :<file name>`. Of the keys, P
is the POP3 UID (empty: the file's name without its info) and G the GUID (which else is that name). Version 1 is
`1 <uidvalidity> <next uid>`, and `<uid> <file name>`. A name's info may have changed since the line was written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import field, frozen

NAME: Final = "dovecot-uidlist"
_HEADER: Final = re.compile(rb"(?:3 (?:\S+ )*?V([0-9]{1,10})(?: .*)?|1 ([0-9]{1,10}) [0-9]+)")
_LINE: Final = re.compile(rb"([0-9]{1,10})((?: [A-Z][^ ]*)*) :(.+)")
_OLD_LINE: Final = re.compile(rb"([0-9]{1,10})( )(.+)")


@frozen
class Listed:
    """What the list says of a message."""

    imap_uid: int
    pop3_uid: str | None  # None: it is made by the server's pop3_uidl_format
    guid: str


@frozen
class Uidlist:
    """All of it."""

    validity: int = 0  # 0: there is no list
    messages: Mapping[str, Listed] = field(factory=dict, repr=False)  # by the file's name without its info


def parse(lines: Iterable[bytes]) -> Uidlist:
    """Lines with their ends. What makes no sense says nothing."""
    rows = iter(lines)
    first = next(rows, b"").rstrip(b"\n")
    header = _HEADER.fullmatch(first)
    if header is None:
        return Uidlist()
    is_old = first.startswith(b"1")
    return Uidlist(int(header[2] if is_old else header[1]), dict(_messages(rows, _OLD_LINE if is_old else _LINE)))


def _messages(rows: Iterator[bytes], form: re.Pattern[bytes]) -> Iterator[tuple[str, Listed]]:
    for row in rows:
        line = form.fullmatch(row.rstrip(b"\n"))
        if line is not None:
            base = os.fsdecode(line[3]).partition(":")[0]
            keys = {part[:1]: os.fsdecode(part[1:]) for part in line[2].split()}
            uid = keys.get(b"P")
            yield base, Listed(int(line[1]), base if uid == "" else uid, keys.get(b"G") or base)


def header_line(validity: int, next_uid: int, guid: str) -> bytes:
    """The first line; `guid` is 32 hexadecimal digits."""
    return f"3 V{validity} N{next_uid} G{guid}\n".encode("ascii")


def message_line(imap_uid: int, pop3_uid: str, base: str) -> bytes:
    """A message's."""
    return f"{imap_uid} P{pop3_uid} :".encode("ascii") + os.fsencode(base) + b"\n"
