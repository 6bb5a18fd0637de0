"""What of a quota is used, for people and programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.cli.quota import Used, in_words, store_at, told, used_by
from mailgate.rules import NO_QUOTA, Quota
from tests.cli.support import ALICE, deliver

GIB = 1 << 30


@pytest.mark.parametrize(
    ("messages", "octets", "quota", "text"),
    [
        (12, 3_565_158, Quota(messages=1000, octets=GIB), "12 of 1,000 messages, 3.4 MiB of 1.0 GiB (1 %)"),
        (0, 0, Quota(messages=1000, octets=GIB), "0 of 1,000 messages, 0 octets of 1.0 GiB (0 %)"),
        (1200, GIB, Quota(messages=2000), "1,200 of 2,000 messages, 1.0 GiB (60 %)"),
        (1, 3 * GIB, Quota(octets=2 * GIB), "1 message, 3.0 GiB of 2.0 GiB (150 %)"),
        (1, 5, Quota(messages=1), "1 of 1 message, 5 octets (100 %)"),
        (1200, 5, NO_QUOTA, "1,200 messages, 5 octets"),
    ],
)
def test_in_words(messages: int, octets: int, quota: Quota, text: str) -> None:
    assert in_words(Used(ALICE, messages, octets, quota)) == text


def test_a_maildrop(gateway: Path) -> None:
    store, quota = store_at(str(gateway / "mail")), Quota(messages=7)
    assert used_by(store, ALICE, quota) == Used(ALICE, 0, 0, quota)
    assert not (gateway / "mail").exists()
    deliver(gateway, b"x\n")
    assert told(used_by(store, ALICE, quota)) == {
        "maildrop": ALICE,
        "messages": 1,
        "octets": 3,
        "quota_messages": 7,
        "quota_octets": 0,
    }
