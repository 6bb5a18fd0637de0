"""What is exported is imported as it was: octet for octet, with all that is known of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.archive.mbox_reading import MboxArchive
from mailgate.archive.message import Archived, ArchiveError
from mailgate.archive.reading import open_archive
from mailgate.archive.writing import WRITERS
from tests.archive.support import archived, content_of, contents, known_of

FORMS = pytest.mark.parametrize("form", sorted(WRITERS))
CONTENTS = st.lists(
    st.lists(st.sampled_from([b"From ", b">", b"\n", b"\n\n", b"x", b"\xff", b"\r", b"Status: R\n"]), max_size=8).map(
        b"".join
    ),
    max_size=4,
)


def write(form: str, path: str, *messages: Archived) -> None:
    with WRITERS[form](path) as archive:
        for message in messages:
            archive.add(message)


@FORMS
@settings(max_examples=60, deadline=None)
@given(contents_=CONTENTS)
def test_octet_for_octet(form: str, contents_: list[bytes]) -> None:
    messages = [
        archived(content, uid=f"uid-{number}", unique=f"170000000{number}.a.b", flags="S")
        for number, content in enumerate(contents_)
    ]
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/export"
        write(form, path, *messages)
        if messages:
            archive = open_archive(path)
            assert contents(archive) == [content.replace(b"\r\n", b"\n") for content in contents_]
            assert [message.uid for message in archive] == [message.uid for message in messages]


@FORMS
def test_all_that_is_known(form: str, tmp_path: Path) -> None:
    messages = [
        archived(uid="000000016b043f4c", unique="1700000000.M1P2.host", flags="DFPRST", smtputf8=True),
        archived(uid="1700000001.x.y", unique="1700000001.x.y", is_new=True, seconds=1_700_000_001),
        archived(uid="a/b", unique="1700000002.x.y", seconds=1_700_000_002),
    ]
    path = str(tmp_path / "export")
    write(form, path, *messages)
    assert [known_of(message) for message in open_archive(path)] == [known_of(message) for message in messages]


@FORMS
def test_what_fails_for_one_leaves_no_trace(form: str, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half a mess"
        raise ArchiveError("unreadable")

    path = str(tmp_path / "export")
    one, two = archived(b"1\n", unique="1.a", uid="1"), archived(b"2\n", unique="2.a", uid="2")
    with WRITERS[form](path) as archive:
        archive.add(one)
        with pytest.raises(ArchiveError):
            archive.add(evolve(one, open=broken))
        archive.add(two)
    assert contents(open_archive(path)) == [b"1\n", b"2\n"]


def test_a_maildir(tmp_path: Path) -> None:
    path = tmp_path / "export"
    write(
        "maildir",
        str(path),
        archived(b"1\n", unique="1700000000.a.b", uid="one", flags="S"),
        archived(b"2\n", unique="1700000000.c.d", uid="two", is_new=True, smtputf8=True),
        archived(b"3\n"),
    )
    assert sorted(os.listdir(path)) == ["cur", "dovecot-uidlist", "new", "tmp"]
    assert os.listdir(path / "new") == ["1700000000.c.d,S=2,W=3,U=1"]
    assert sorted(os.listdir(path / "cur")) == ["1700000000.3.export,S=2,W=3:2,", "1700000000.a.b,S=2,W=3:2,S"]
    header, *lines = (path / "dovecot-uidlist").read_text().splitlines()
    assert lines == ["1 Pone :1700000000.a.b,S=2,W=3", "2 Ptwo :1700000000.c.d,S=2,W=3,U=1"]
    assert header.split()[2] == "N0000000004"
    assert os.stat(path / "new" / "1700000000.c.d,S=2,W=3,U=1").st_mtime == 1_700_000_000


@pytest.mark.parametrize("unique", ["", "a/b", ".a", "a:b", "x" * 161])
def test_names_that_a_maildir_cannot_have(tmp_path: Path, unique: str) -> None:
    write("maildir", str(tmp_path / "export"), archived(unique=unique, uid="u"))
    (message,) = open_archive(str(tmp_path / "export"))
    assert (message.unique, message.uid) == ("1700000000.1.export", "u")


def test_two_of_one_name(tmp_path: Path) -> None:
    with WRITERS["maildir"](str(tmp_path / "export")) as archive:
        archive.add(archived(unique="1.a", uid="1"))
        with pytest.raises(ArchiveError, match="another message"):
            archive.add(archived(unique="1.a", uid="2"))
    assert os.listdir(tmp_path / "export" / "tmp") == []


def test_an_mbox_that_was_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    write("mbox", str(path), archived(b"one\n"), archived(b"two\nthree\n"))
    path.write_bytes(path.read_bytes()[:-4])
    one, two = MboxArchive(str(path))
    assert content_of(one) == b"one\n"
    with pytest.raises(ArchiveError, match="has 7 octets, but had 10"):
        content_of(two)


def test_an_mbox_as_it_stands(tmp_path: Path) -> None:
    write("mbox", str(tmp_path / "mbox"), archived(b"From x", uid="u", unique="1.a", flags="RS"))
    assert (tmp_path / "mbox").read_bytes() == (
        b"From MAILER-DAEMON Tue Nov 14 22:13:20 2023\nX-UIDL: u\nStatus: RO\nX-Status: A\n"
        b"X-Mailgate-Message: octets=000000000006; seconds=1700000000; name=1.a\n>From x\n\n"
    )
