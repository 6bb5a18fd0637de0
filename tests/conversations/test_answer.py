"""An answer, at once or in blocks: its lines, or how long it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.conversations.answer import LONG_OCTETS, Answer
from tests.support import splits


def lines(*blocks: bytes, has_content: bool = False, whole: bool = True) -> list[str]:
    answer = Answer(has_content=has_content)
    for block in blocks:
        answer.feed(block)
    return answer.lines(whole=whole)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", []),
        (b"250 OK\r\n", ["250 OK"]),
        (b"250-a\r\n250 b\r\n", ["250-a", "250 b"]),
        (b"+OK\r\n1 120\r\n\r\n.\r\n", ["+OK", "1 120", "", "."]),
        (b"250 cut o", ["250 cut o"]),
    ],
)
def test_a_short_answer_is_all_its_lines(octets: bytes, expected: list[str]) -> None:
    assert lines(octets) == expected


def test_of_content_there_is_the_first_line_and_its_length() -> None:
    assert lines(b"+OK 9 octets\r\na: b\r\n\r\nc\r\n.\r\n", has_content=True) == ["+OK 9 octets", "[14 octets]"]
    assert lines(b"-ERR no such message\r\n", has_content=True) == ["-ERR no such message"]
    assert lines(b"+OK\r\na: b", has_content=True, whole=False) == ["+OK", "[4 octets, without an end]"]


def test_a_long_listing_is_no_dialogue() -> None:
    listing = b"+OK\r\n" + b"1 120\r\n" * 2_000 + b".\r\n"
    assert lines(listing) == ["+OK", "[14,003 octets]"]
    short = b"+OK\r\n" + b"x" * (LONG_OCTETS - 7) + b"\r\n"
    assert len(lines(short)[1]) == 1_000
    assert lines(short + b"x") == ["+OK", f"[{LONG_OCTETS - 4:,} octets]"]


LISTING = b"+OK 700 messages\r\n" + b"1 120\r\n" * 700 + b".\r\n"


@given(splits(LISTING), st.booleans())
def test_it_does_not_matter_in_which_blocks_it_goes(blocks: list[bytes], has_content: bool) -> None:
    assert lines(*blocks, has_content=has_content) == ["+OK 700 messages", "[4,903 octets]"]
