"""TopFilter: header, blank line and n lines of the body, wherever the blocks are cut."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.top import TopFilter

CONTENTS = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b".", b"A: b"]), max_size=16).map(b"".join),
)


def top(blocks: list[bytes], lines: int) -> bytes:
    filter_ = TopFilter(lines)
    return b"".join(filter_.feed(block) for block in blocks)


def naive(content: bytes, lines: int) -> bytes:
    """Line by line, as RFC 1939 tells it."""
    passed = b""
    in_header = True
    for line in re.findall(rb"[^\n]*\n|[^\n]+", content):
        if not in_header:
            if lines == 0:
                break
            lines -= 1
        elif line in (b"\n", b"\r\n"):
            in_header = False
        passed += line
    return passed


@pytest.mark.parametrize(
    ("content", "lines", "expected"),
    [
        (b"A: b\n\none\ntwo\n", 0, b"A: b\n\n"),
        (b"A: b\n\none\ntwo\n", 1, b"A: b\n\none\n"),
        (b"A: b\n\none\ntwo\n", 2, b"A: b\n\none\ntwo\n"),
        (b"A: b\n\none\ntwo\n", 10**100, b"A: b\n\none\ntwo\n"),
        (b"A: b\r\n\r\none\r\ntwo\r\n", 1, b"A: b\r\n\r\none\r\n"),
        (b"A: b\n\none", 1, b"A: b\n\none"),  # no final line end
        (b"A: b\n", 5, b"A: b\n"),  # no body, no blank line
        (b"A: b", 0, b"A: b"),
        (b"\none\ntwo\n", 1, b"\none\n"),  # no header
        (b"\r\none\r\n", 0, b"\r\n"),
        (b"", 3, b""),
    ],
)
def test_passes_header_blank_line_and_lines(content: bytes, lines: int, expected: bytes) -> None:
    assert top([content], lines) == expected == naive(content, lines)


@given(CONTENTS, st.integers(0, 6), st.lists(st.integers(0, 40)))
def test_agrees_with_the_naive_one_at_every_split(content: bytes, lines: int, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    blocks = [content[start:end] for start, end in itertools.pairwise(edges)]
    octets = [content[at : at + 1] for at in range(len(content))]
    assert top([content], lines) == top(blocks, lines) == top(octets, lines) == naive(content, lines)


@given(CONTENTS, st.integers(0, 6))
def test_once_done_nothing_more_passes(content: bytes, lines: int) -> None:
    filter_ = TopFilter(lines)
    filter_.feed(content)
    if filter_.done:
        assert filter_.feed(b"more\n\nand more\n") == b""


def test_is_done_as_soon_as_the_last_line_has_passed() -> None:
    filter_ = TopFilter(1)
    filter_.feed(b"A: b\n\n")
    assert not filter_.done
    filter_.feed(b"one\n")
    assert filter_.done


def test_with_no_lines_is_done_at_the_blank_line_and_not_before() -> None:
    filter_ = TopFilter(0)
    filter_.feed(b"A: b\n")
    assert not filter_.done
    filter_.feed(b"\n")
    assert filter_.done
