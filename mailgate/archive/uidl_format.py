"""How Dovecot makes a POP3 UID where nothing else gives one: its setting `pop3_uidl_format` (Dovecot 2.3).

`%u` is the IMAP UID, `%v` the UIDVALIDITY, `%f` the name of the file without its info, `%g` the GUID. Between the `%`
and the letter may stand a width that zeros fill up, such as `08`, and `X` for a hexadecimal number.
"""

from __future__ import annotations

import re
from typing import Final

from mailgate.archive.message import ArchiveError
from mailgate.archive.uidlist import Listed

DEFAULT: Final = "%08Xu%08Xv"
_PART: Final = re.compile(r"%(?P<width>0[0-9]{1,2})?(?P<hex>X)?(?P<key>[uvfg])|(?P<percent>%%)|(?P<text>[^%]+)")


def compose(uidl_format: str, listed: Listed, validity: int, base: str) -> str:
    """The UID of a message. Raises `ArchiveError` for a format that is not understood."""
    made = []
    at = 0
    values: dict[str, int | str] = {"u": listed.imap_uid, "v": validity, "f": base, "g": listed.guid}
    while at < len(uidl_format):
        part = _PART.match(uidl_format, at)
        if part is None:
            raise ArchiveError(f"not understood in a pop3_uidl_format: {uidl_format[at:]!r}; known are %u %v %f %g")
        at = part.end()
        made.append(_made(part, values))
    return "".join(made)


def _made(part: re.Match[str], values: dict[str, int | str]) -> str:
    if part["key"] is None:
        return part["text"] or "%"
    value = values[part["key"]]
    if part["hex"] and isinstance(value, int):
        value = f"{value:x}"
    return str(value).rjust(int(part["width"] or 0), "0")
