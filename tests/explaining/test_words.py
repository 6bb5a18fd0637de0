"""Lists, sizes and days in words."""

from __future__ import annotations

import pytest

from mailgate.explaining.words import counted, day, listed, size


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d"], "a, b, c and d"),
        (["a", "b", "c", "d", "e", "f"], "a, b, c, d and 2 others"),
    ],
)
def test_lists(names: list[str], words: str) -> None:
    assert listed(names, most=4) == words


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (0, "0 octets"),
        (1, "1 octet"),
        (1023, "1023 octets"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (25 << 20, "25 MiB"),
        (3 << 40, "3072 GiB"),
    ],
)
def test_sizes(octets: int, words: str) -> None:
    assert size(octets) == words


def test_counts() -> None:
    assert (counted(1, "day"), counted(2, "day"), counted(0, "day")) == ("1 day", "2 days", "0 days")


def test_days() -> None:
    assert day(1_700_000_000.0) == "2023-11-14"
    assert day(1e18) == "1000000000000000000 seconds after 1970"
