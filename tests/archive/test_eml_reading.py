"""Files called *.eml, with and without the index of an export."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mailgate.archive.eml_reading import INDEX, EmlArchive
from mailgate.archive.message import ArchiveError
from tests.archive.support import content_of, contents, known_of

KNOWN = {
    "file": "1.eml",
    "uid": "uid-1",
    "seconds": 1_700_000_000,
    "octets": 2,
    "name": "1700000000.a.b",
    "flags": "SR",
    "new": False,
    "smtputf8": True,
}


def index(directory: Path, **other: Any) -> None:
    (directory / INDEX).write_text(json.dumps({**KNOWN, **other}) + "\n")


def test_without_an_index(tmp_path: Path) -> None:
    for name in ("b.eml", "a.EML", "c.txt"):
        (tmp_path / name).write_bytes(name.encode() + b"\r\n")
        os.utime(tmp_path / name, (1_600_000_000, 1_600_000_000))
    archive = EmlArchive(str(tmp_path))
    assert (len(archive), archive.notes) == (2, ())
    assert contents(archive) == [b"a.EML\n", b"b.eml\n"]
    assert [(message.where, message.seconds, message.uid) for message in archive] == [
        ("a.EML", 1_600_000_000, ""),
        ("b.eml", 1_600_000_000, ""),
    ]


def test_one_file(tmp_path: Path) -> None:
    (tmp_path / "letter").write_bytes(b"x\n")
    assert contents(EmlArchive(str(tmp_path / "letter"))) == [b"x\n"]


def test_with_an_index(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(b"x\n")
    index(tmp_path)
    (message,) = EmlArchive(str(tmp_path))
    assert known_of(message) == {
        "seconds": 1_700_000_000,
        "uid": "uid-1",
        "unique": "1700000000.a.b",
        "flags": "RS",
        "is_new": False,
        "smtputf8": True,
    }
    assert content_of(message) == b"x\n"


def test_a_file_that_changed_or_is_gone(tmp_path: Path) -> None:
    index(tmp_path)
    (message,) = EmlArchive(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        content_of(message)
    (tmp_path / "1.eml").write_bytes(b"longer\n")
    with pytest.raises(ArchiveError, match="has 7 octets, but had 2"):
        content_of(message)


def test_a_file_that_is_gone_before_it_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(b"x\n")
    archive = EmlArchive(str(tmp_path))
    (tmp_path / "1.eml").unlink()
    (message,) = archive
    assert message.seconds == 0


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "[" * 100_000, '{"file": "1.eml"}', json.dumps({**KNOWN, "seconds": "1"})]
    + [json.dumps({**KNOWN, "file": name}) for name in ("../1.eml", "", "a/b")],
)
def test_an_index_that_makes_no_sense(tmp_path: Path, line: str) -> None:
    (tmp_path / INDEX).write_text(line)
    with pytest.raises(ArchiveError, match="makes no sense"):
        EmlArchive(str(tmp_path))
