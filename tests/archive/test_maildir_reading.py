"""Maildirs of others, Dovecot's above all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailgate.archive.maildir_reading import MaildirArchive
from mailgate.archive.message import ArchiveError
from tests.archive.support import contents, known_of
from tests.archive.test_uidlist import RECORDED


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for folder in ("new", "cur", "tmp", ".Sent/cur", ".Sent/new"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def test_dovecots(maildir: Path) -> None:
    (maildir / "dovecot-uidlist").write_bytes(RECORDED)
    (maildir / "cur" / "1700000000.M0P77.host:2,RS").write_bytes(b"Subject: 0\r\n\r\n0\r\n")
    (maildir / "cur" / "1700000060.M1P77.host,S=62:2,abF").write_bytes(b"1\n")
    (maildir / "cur" / "1700000600.M10P77.host:1,S").write_bytes(b"10\n")
    (maildir / "new" / "1700000660.M11P77.host,S=65").write_bytes(b"11\n")
    (maildir / "new" / "1800000000.M12P77.host,U=1").write_bytes(b"12\n")  # Dovecot has not seen it
    archive = MaildirArchive(str(maildir))
    assert len(archive) == 5
    found = {message.where: message for message in archive}
    first = found["cur/1700000000.M0P77.host:2,RS"]
    assert known_of(first) == {
        "seconds": 1_700_000_000,
        "uid": "000000016b043f4c",
        "unique": "1700000000.M0P77.host",
        "flags": "RS",
        "is_new": False,
        "smtputf8": False,
    }
    assert [message.uid for message in archive] == [
        "000000016b043f4c",
        "000000026b043f4c",
        "0000000b6b043f4c",
        "1700000660.M11P77.host,S=65",
        "1800000000.M12P77.host",
    ]
    assert [message.flags for message in archive] == ["RS", "F", "", "", ""]
    assert [(message.is_new, message.smtputf8) for message in archive][3:] == [(True, False), (True, True)]
    assert contents(archive) == [b"Subject: 0\n\n0\n", b"1\n", b"10\n", b"11\n", b"12\n"]
    assert archive.notes == ["not taken, a folder, which POP3 does not have: .Sent"]


def test_another_format(maildir: Path) -> None:
    (maildir / "dovecot-uidlist").write_bytes(RECORDED)
    (maildir / "cur" / "1700000000.M0P77.host:2,").write_bytes(b"0\n")
    assert [message.uid for message in MaildirArchive(str(maildir), "%v-%u")] == ["1795440460-1"]
    with pytest.raises(ArchiveError, match="pop3_uidl_format"):
        MaildirArchive(str(maildir), "%m")


def test_names_of_all_kinds(maildir: Path) -> None:
    for name in ("odd", ".hidden", "1.a b", "17.M1"):
        (maildir / "new" / name).write_bytes(b"x\n")
        os.utime(maildir / "new" / name, (1_600_000_000, 1_600_000_000))
    found = {message.where: (message.uid, message.seconds) for message in MaildirArchive(str(maildir))}
    assert found == {"new/1.a b": ("", 1), "new/17.M1": ("17.M1", 17), "new/odd": ("odd", 1_600_000_000)}


def test_what_cannot_be_taken_says_so_when_it_is_opened(maildir: Path) -> None:
    (maildir / "cur" / "1.gz").write_bytes(b"\x1f\x8b\x08rest")
    (maildir / "cur" / "2.link").symlink_to("/etc/passwd")
    (maildir / "cur" / "3.directory").mkdir()
    (maildir / "cur" / "gone").write_bytes(b"")
    archive = MaildirArchive(str(maildir))
    (maildir / "cur" / "gone").unlink()
    compressed, link, directory, gone = archive
    with pytest.raises(ArchiveError, match="uncompress it first"):
        list(compressed.open())
    for message in (link, directory, gone):
        with pytest.raises((OSError, ArchiveError)):
            list(message.open())
    assert gone.seconds == 0


def test_without_one_of_its_folders(tmp_path: Path) -> None:
    (tmp_path / "cur").mkdir()
    assert list(MaildirArchive(str(tmp_path))) == []
