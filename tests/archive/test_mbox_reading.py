"""mbox files of other programs. Our own: test_writing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailgate.archive.mbox_reading import MboxArchive
from mailgate.archive.message import ArchiveError
from tests.archive.support import content_of, contents

TWO = b"""\
From a@example.test Tue Nov 14 22:13:20 2023
Subject: one
Status: RO

>From here
>>From there
From me, who am no separator 12:30

From nowhere

From b@example.test  Tue Nov 14 23:13:20 2023 +0100
Subject: two
X-UIDL: second

two
"""


def mbox(tmp_path: Path, content: bytes) -> str:
    (tmp_path / "mbox").write_bytes(content)
    os.utime(tmp_path / "mbox", (1_600_000_000, 1_600_000_000))
    return str(tmp_path / "mbox")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_two(tmp_path: Path, end: bytes) -> None:
    archive = MboxArchive(mbox(tmp_path, TWO.replace(b"\n", end)))
    assert (len(archive), archive.notes) == (2, ())
    one, two = archive
    assert content_of(one) == (
        b"Subject: one\nStatus: RO\n\nFrom here\n>From there\nFrom me, who am no separator 12:30\n\nFrom nowhere\n"
    )
    assert content_of(two) == b"Subject: two\nX-UIDL: second\n\ntwo\n"
    assert [(m.where, m.seconds, m.uid, m.flags, m.is_new) for m in (one, two)] == [
        ("message 1", 1_700_000_000, "", "S", False),
        ("message 2", 1_700_000_000, "", "", True),
    ]


def test_mboxo(tmp_path: Path) -> None:
    one, _ = MboxArchive(mbox(tmp_path, TWO), "mboxo")
    assert b"\nFrom here\n>>From there\n" in content_of(one)


def test_uids_of_others_where_that_is_wanted(tmp_path: Path) -> None:
    assert [message.uid for message in MboxArchive(mbox(tmp_path, TWO), reuse_x_uidl=True)] == ["", "second"]


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b"", b""),
        (b"\n", b""),
        (b"\n\n", b"\n"),
        (b"x", b"x"),
        (b"x\n", b"x\n"),
        (b"x\n\n", b"x\n"),
        (b"x\n\n\n", b"x\n\n"),
        (b"x" * 10_000 + b"\n\n", b"x" * 10_000 + b"\n"),
        (b"x" * 4096 + b"\n\nFrom " + b"y" * 5000, b"x" * 4096 + b"\n\nFrom " + b"y" * 5000),
    ],
)
def test_ends(tmp_path: Path, body: bytes, content: bytes) -> None:
    separator = b"From a Tue Nov 14 22:13:20 2023\n"
    assert contents(MboxArchive(mbox(tmp_path, separator + body))) == [content]
    if body.endswith(b"\n\n") or body == b"\n":
        assert contents(MboxArchive(mbox(tmp_path, (separator + body) * 2))) == [content] * 2


@pytest.mark.parametrize(
    ("separator", "seconds"),
    [
        (b"From a Tue, 14 Nov 2023 22:13:20 +0000", 1_700_000_000),
        (b"From Tue Nov 14 22:13:20 2023", 1_700_000_000),
        (b"From a b c 22:13 2023", 1_600_000_000),
        (b"From a Xyz Foo 14 22:13:20 2023", 1_600_000_000),
        (b"From a Tue Nov 14 22:13:20 1000", 0),
        (b"From a Tue Nov 14 22:13:20 99999", 1_600_000_000),
    ],
)
def test_arrival(tmp_path: Path, separator: bytes, seconds: int) -> None:
    (message,) = MboxArchive(mbox(tmp_path, separator + b"\nx\n"))
    assert message.seconds == seconds


def test_what_is_no_mbox(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is not an mbox"):
        MboxArchive(mbox(tmp_path, b"Subject: x\n\nx\n"))
    assert len(MboxArchive(mbox(tmp_path, b""))) == 0


@pytest.mark.parametrize("line", [b"From " + b"1:11" * 1000 + b":x", b"From Abc" + b" " * 4000 + b"1:11 11111"])
def test_lines_that_are_made_to_take_long(tmp_path: Path, line: bytes) -> None:
    separator = b"From a Tue Nov 14 22:13:20 2023\n"
    path = mbox(tmp_path, separator + (b"\n" + line + b"\n") * 200)
    assert len(list(MboxArchive(path))) in (1, 201)
