from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailgate.store.maildir import uidlist
from mailgate.store.maildir.disk import DIRECTORY, Disk

# As Dovecot 2.3 writes it; the third was imported with its POP3 UID, the fourth says "my file's name".
SAMPLE = b"""3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1
1 :1276528487.M364837P9451.kurkku,S=1355,W=1394:2,
2 W2481 :1276533073.M242911P3632.kurkku:2,F
3 P00000a1b4c0a1b4c W99 O3 :1276533074.M2P3.kurkku,S=9:2,S
4 P :1276533075.M2P3.kurkku,S=9,W=9
"""


def test_pop3_uids_by_base_name() -> None:
    assert uidlist.parse(SAMPLE) == {
        "1276533074.M2P3.kurkku,S=9": "00000a1b4c0a1b4c",
        "1276533075.M2P3.kurkku,S=9,W=9": "1276533075.M2P3.kurkku,S=9,W=9",
    }


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"1 1275660208 3\n1 Pabc :x\n", b"garbage", b"3 V1\n5 Pabc x\n", b"3 V1\nPabc :x\n", b"3 V1 N1\n"],
)
def test_what_makes_no_sense_says_nothing(content: bytes) -> None:
    assert uidlist.parse(content) == {}


def test_names_that_are_not_text() -> None:
    assert uidlist.parse(b"3 V1\n1 P\xff :a\xfe:2,S\n") == {os.fsdecode(b"a\xfe"): os.fsdecode(b"\xff")}


def test_read_from_a_maildrop(tmp_path: Path) -> None:
    disk = Disk()
    with disk.opened(str(tmp_path), DIRECTORY) as maildrop:
        assert uidlist.read(disk, maildrop) == {}
        (tmp_path / uidlist.NAME).write_bytes(SAMPLE)
        assert len(uidlist.read(disk, maildrop)) == 2


def test_a_list_that_is_too_long_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / uidlist.NAME).write_bytes(SAMPLE)
    os.truncate(tmp_path / uidlist.NAME, uidlist.MAX_OCTETS + 1)
    disk = Disk()
    with disk.opened(str(tmp_path), DIRECTORY) as maildrop:
        assert uidlist.read(disk, maildrop) == {}
