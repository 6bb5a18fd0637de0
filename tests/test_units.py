"""Sizes and durations."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.units import MAX_OCTETS, MAX_SECONDS, parse_octets, parse_seconds, size


@pytest.mark.parametrize(
    ("written", "octets"),
    [
        ("25 MiB", 25 << 20),
        ("1GiB", 1 << 30),
        ("10 kB", 10_000),
        ("10 KB", 10_000),
        ("1.5 KiB", 1536),
        ("7 B", 7),
        ("2TB", 2 * 10**12),
        (0, 0),
        (4096, 4096),
    ],
)
def test_sizes(written: object, octets: int) -> None:
    assert parse_octets(written) == octets


@pytest.mark.parametrize(
    "written",
    ["", "25", "25 M", "MiB", "-1 MiB", "1  MiB", "0.1 KiB", "1e3 kB", "99999999999 TiB", -1, True, 1.0, None, []],
)
def test_what_is_no_size(written: object) -> None:
    with pytest.raises(ValueError, match=r"size|octets"):
        parse_octets(written)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30d", 2_592_000),
        ("5m", 300),
        ("1h", 3600),
        ("90s", 90),
        ("250ms", 0.25),
        ("1.5 h", 5400),
        ("2w", 1_209_600),
        (7, 7),
        (0.5, 0.5),
    ],
)
def test_durations(written: object, seconds: float) -> None:
    assert parse_seconds(written) == seconds


@pytest.mark.parametrize(
    "written", ["", "5", "5 M", "five minutes", "-5m", "37000d", -1, math.inf, math.nan, False, None]
)
def test_what_is_no_duration(written: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_seconds(written)


def test_the_fault_shows_what_was_written_and_examples() -> None:
    with pytest.raises(ValueError, match=r"'25 Mb/s' is not understood: expected a size, such as \"25 MiB\""):
        parse_octets("25 Mb/s")


@given(
    st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.from_regex(r"[0-9.]+ ?[a-zA-Z]+", fullmatch=True))
)
def test_anything_is_in_range_or_refused(value: object) -> None:
    for parse, most in ((parse_octets, MAX_OCTETS), (parse_seconds, MAX_SECONDS)):
        with contextlib.suppress(ValueError):
            assert 0 <= parse(value) <= most


@given(st.integers(0, 1 << 40))
def test_sizes_in_kibibytes_are_exact(number: int) -> None:
    assert parse_octets(f"{number} KiB") == number << 10


@pytest.mark.parametrize(
    ("octets", "words"),
    [(0, "0 octets"), (1_023, "1023 octets"), (1_536, "1.5 KiB"), (104_857_600, "100 MiB"), (2**62, "4096.0 PiB")],
)
def test_sizes_for_people(octets: int, words: str) -> None:
    assert size(octets) == words


@given(st.integers(0, 1 << 50))
def test_what_people_read_is_near_what_it_is(octets: int) -> None:
    number, _, unit = size(octets).partition(" ")
    power = ("octets", "KiB", "MiB", "GiB", "TiB", "PiB").index(unit)
    assert abs(float(number) * 1024**power - octets) <= octets / 20
