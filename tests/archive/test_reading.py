"""Which form an archive has."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.archive.eml_reading import EmlArchive
from mailgate.archive.maildir_reading import MaildirArchive
from mailgate.archive.mbox_reading import MboxArchive
from mailgate.archive.message import ArchiveError
from mailgate.archive.reading import find_form, open_archive


def test_found_out(tmp_path: Path) -> None:
    (tmp_path / "maildir" / "cur").mkdir(parents=True)
    (tmp_path / "emls").mkdir()
    (tmp_path / "emls" / "1.eml").write_text("x\n")
    (tmp_path / "one.eml").write_text("Subject: x\n\nx\n")
    (tmp_path / "mbox").write_text("From a Tue Nov 14 22:13:20 2023\nx\n")
    assert isinstance(open_archive(f"{tmp_path}/maildir/"), MaildirArchive)
    assert isinstance(open_archive(f"{tmp_path}/emls"), EmlArchive)
    assert isinstance(open_archive(f"{tmp_path}/one.eml"), EmlArchive)
    assert isinstance(open_archive(f"{tmp_path}/mbox"), MboxArchive)
    assert isinstance(open_archive(f"{tmp_path}/mbox", "mboxo"), MboxArchive)
    assert isinstance(open_archive(f"{tmp_path}/one.eml", "eml"), EmlArchive)


def test_not_to_be_found_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("Subject: x\n\n")
    with pytest.raises(ArchiveError, match="--format"):
        find_form(f"{tmp_path}/file")
    with pytest.raises(ArchiveError, match="neither new or cur"):
        find_form(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        find_form(f"{tmp_path}/nowhere")


def test_half_an_export(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="not finished"):
        open_archive(f"{tmp_path}/x.partial/")
