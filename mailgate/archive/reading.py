"""Archives to be read: which form is it?"""

from __future__ import annotations

import os
from typing import Final, Literal

from mailgate.archive.destination import PARTIAL
from mailgate.archive.eml_reading import INDEX, SUFFIX, EmlArchive
from mailgate.archive.maildir_reading import CUR, NEW, MaildirArchive
from mailgate.archive.mbox_reading import MboxArchive
from mailgate.archive.message import Archive, ArchiveError
from mailgate.archive.octets import open_regular
from mailgate.archive.uidl_format import DEFAULT

Form = Literal["maildir", "mbox", "mboxo", "eml"]
FORMS: Final = ("maildir", "mbox", "mboxo", "eml")  # mbox is mboxrd


def find_form(path: str) -> Form:
    """What it is. Raises OSError, and `ArchiveError` where that cannot be told."""
    if os.path.isdir(path):
        return _form_of_directory(path)
    with open_regular(path) as stream:
        if stream.read(5) == b"From ":
            return "mbox"
    if path.lower().endswith(SUFFIX):
        return "eml"
    raise ArchiveError(f"{path} is neither an mbox nor called *{SUFFIX}; say what it is with --format")


def open_archive(
    path: str, form: Form | None = None, *, pop3_uidl_format: str = DEFAULT, reuse_x_uidl: bool = False
) -> Archive:
    """An archive to be read; its form is found out where none is given. Raises OSError, and `ArchiveError`."""
    path = path.rstrip("/") or path
    if path.endswith(PARTIAL):
        raise ArchiveError(f"{path} is an export that was not finished; rename it to import what there is")
    form = form or find_form(path)
    if form == "maildir":
        return MaildirArchive(path, pop3_uidl_format)
    if form == "eml":
        return EmlArchive(path)
    return MboxArchive(path, "mboxo" if form == "mboxo" else "mboxrd", reuse_x_uidl=reuse_x_uidl)


def _form_of_directory(path: str) -> Form:
    if any(os.path.isdir(os.path.join(path, folder)) for folder in (NEW, CUR)):
        return "maildir"
    if any(name == INDEX or name.lower().endswith(SUFFIX) for name in os.listdir(path)):
        return "eml"
    raise ArchiveError(f"{path} has neither new or cur, as a Maildir, nor files called *{SUFFIX}")
