from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.files import left_over, read
from tests.crash.ledger import Found
from tests.crash.messages import USERS, digest_of

ANN = USERS[0]
SENT = b"Subject: crash x-1\n\nhello\n"
CONTENT = b"Delivered-To: " + ANN.encode() + b"\n" + SENT
NAME = f"1700000000.01hf7yatz80000000000000001.node0001,S={len(CONTENT)},W={len(CONTENT) + 4}"
UID = "1700000000.01hf7yatz80000000000000001.node0001"


@pytest.fixture
def maildrop(tmp_path: Path) -> Path:
    for folder in ("tmp", "new", "cur"):
        (tmp_path / folder).mkdir()
    return tmp_path


@pytest.mark.parametrize(("folder", "info"), [("new", ""), ("cur", ":2,S")])
def test_a_message_is_read_by_its_uid(maildrop: Path, folder: str, info: str) -> None:
    (maildrop / folder / (NAME + info)).write_bytes(CONTENT)
    assert read(maildrop, ANN) == [Found(UID, digest_of(SENT))]


def test_a_file_that_is_shorter_than_its_name_says_is_no_message(maildrop: Path) -> None:
    (maildrop / "new" / NAME).write_bytes(CONTENT[:-1])
    (maildrop / "new" / "strange").write_bytes(CONTENT)
    assert [found.uid for found in read(maildrop, ANN)] == [UID, "strange"]
    assert digest_of(SENT) not in {found.digest for found in read(maildrop, ANN)}


def test_what_no_user_sees_is_counted(tmp_path: Path) -> None:
    mail = tmp_path / "mail" / "example.test"
    for path in (mail / "a" / "tmp" / "x", mail / "a" / "new" / "y", mail.parent / ".spool" / "node" / "z"):
        path.parent.mkdir(parents=True)
        path.touch()
    assert left_over(mail) == 2
