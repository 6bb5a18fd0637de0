"""Dovecot's `pop3_uidl_format`: the UIDs here are those that Dovecot 2.3.19.1 gave."""

from __future__ import annotations

import pytest

from mailgate.archive.message import ArchiveError
from mailgate.archive.uidl_format import DEFAULT, compose
from mailgate.archive.uidlist import Listed

BASE = "1700000060.M1P77.host,S=62"


@pytest.mark.parametrize(
    ("uidl_format", "uid"),
    [
        (DEFAULT, "0000000b6b043f4c"),
        ("%v.%u", "1795440460.11"),
        ("%Xu-%05u", "b-00011"),
        ("a%%b%u", "a%b11"),
        ("%f", BASE),
        ("%g", "guid"),
        ("%Xf", BASE),
        ("%03u", "011"),
        ("%01u", "11"),
    ],
)
def test_as_dovecot_has_it(uidl_format: str, uid: str) -> None:
    assert compose(uidl_format, Listed(11, None, "guid"), 1_795_440_460, BASE) == uid


@pytest.mark.parametrize("uidl_format", ["%m", "%", "%08", "%-5u", "%{uid}", "%1u"])
def test_what_is_not_understood(uidl_format: str) -> None:
    with pytest.raises(ArchiveError, match="pop3_uidl_format"):
        compose(uidl_format, Listed(1, None, "guid"), 1, BASE)
