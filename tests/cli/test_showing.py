"""`mailgate store show`: for eyes, as it is, for programs."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.cli.support import ALICE, deliver, entries, rows, store

CONTENT = b"Subject: x\r\n\n\x1b[2Jhello\tyou\x00\xff J\xc3\xb6rg\nno end"


def test_for_eyes(gateway: Path) -> None:
    deliver(gateway, CONTENT)
    (entry,) = entries(gateway)
    assert store(gateway, "show", ALICE, entry.uid).output == (
        "Subject: x\n\n\\x1b[2Jhello    you\\x00\\xff Jörg\nno end\n"
    )


def test_raw(gateway: Path) -> None:
    deliver(gateway, CONTENT)
    (entry,) = entries(gateway)
    assert store(gateway, "show", ALICE, entry.uid, "--raw").stdout_bytes == CONTENT


@pytest.mark.parametrize("content", [CONTENT, b"", b"x" * 200_001])
def test_for_programs(gateway: Path, content: bytes) -> None:
    deliver(gateway, content)
    (entry,) = entries(gateway)
    (row,) = rows(store(gateway, "show", ALICE, entry.uid, "--json"))
    assert base64.b64decode(row.pop("content")) == content
    assert row == {
        "uid": entry.uid,
        "octets": entry.octets,
        "id": entry.id,
        "seconds": entry.seconds,
        "smtputf8": False,
    }


def test_what_is_not_there(gateway: Path) -> None:
    deliver(gateway)
    for user, uid in ((ALICE, "x"), ("nobody@example.test", "x")):
        assert store(gateway, "show", user, uid).exit_code == 1
