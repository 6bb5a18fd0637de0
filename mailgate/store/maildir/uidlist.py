"""`dovecot-uidlist`: which POP3 UIDs a maildrop's messages had elsewhere. Read only; imports write it, and Dovecot.

The form is that of Dovecot 2.3 (maildir-uidlist.c): a first line `3 V<uidvalidity> N<next uid> G<guid>`, then a line
a message, `<imap uid> [<key><value> ...] :<file name>`. Of the keys we want `P`, the POP3 UID; empty means the file's
name without the info. The name is as it was when the line was written: its info may have changed since.
"""

from __future__ import annotations

import os
from typing import Final

from mailgate.store.maildir.disk import READ, Disk
from mailgate.store.maildir.filename import base_of

NAME: Final = "dovecot-uidlist"
MAX_OCTETS: Final = 67_108_864  # some 500,000 messages; a longer one is not ours to hold in memory
_VERSION: Final = b"3 "
_READ_OCTETS: Final = 1_048_576


def parse(content: bytes) -> dict[str, str]:
    """POP3 UIDs by base name. A line that makes no sense, and an older version of the file, say nothing."""
    header, _, rest = content.partition(b"\n")
    if not header.startswith(_VERSION):
        return {}
    uids = {}
    for line in rest.split(b"\n"):
        fields, colon, name = line.partition(b" :")
        _, *extensions = fields.split(b" ")
        value = next((field[1:] for field in extensions if field.startswith(b"P")), None)
        if colon and value is not None:
            base = base_of(os.fsdecode(name))
            uids[base] = os.fsdecode(value) or base
    return uids


def read(disk: Disk, maildrop: int) -> dict[str, str]:
    """The POP3 UIDs of an open maildrop directory; empty if there is no list. Raises OSError."""
    try:
        with disk.opened(NAME, READ, maildrop) as descriptor:
            if disk.fstat(descriptor).st_size > MAX_OCTETS:
                return {}
            blocks = []
            while block := disk.read(descriptor, _READ_OCTETS):
                blocks.append(block)
            return parse(b"".join(blocks))
    except FileNotFoundError:
        return {}
