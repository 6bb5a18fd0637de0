"""What a message may cost: beyond that the rest of a header passes in bulk, and parts are not looked into."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.surrogate.stream import LOOK_OCTETS, Surrogate
from tests.support import splits
from tests.wire.surrogate.test_stream import CONTENTS

SUBJECT = "Subject: \u00fc\n"
ENCODED = "Subject: =?utf-8?b?w7w=?=\n"
MULTIPART = "Content-Type: multipart/mixed; boundary=b\n\n"


def one_look(*fields: str) -> int:
    return sum(LOOK_OCTETS + len(field.encode()) for field in fields)


def of(text: str, effort: int) -> str:
    filter_ = Surrogate(effort_octets=effort)
    return (filter_.feed(text.encode()) + filter_.finish()).decode()


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_rest_of_a_header_becomes_ascii_in_bulk(line_end: str) -> None:
    text = f"{SUBJECT}{SUBJECT}To: \u00fc\nX: y\n\n\u00fc\n\nX: \u00fc\n".replace("\n", line_end)
    expected = f"{ENCODED}{ENCODED}To: ??\nX: y\n\n\u00fc\n\nX: \u00fc\n".replace("\n", line_end)
    subject = SUBJECT.replace("\n", line_end)
    assert of(text, one_look(subject)) == expected
    assert "To: ??" not in of(text, 10_000)


def test_a_header_whose_rest_is_empty() -> None:
    assert of(f"{SUBJECT}{SUBJECT}\n\u00fc", one_look(SUBJECT)) == f"{ENCODED}{ENCODED}\n\u00fc"


def test_a_header_that_is_the_whole_message() -> None:
    assert of(f"{SUBJECT}{SUBJECT}X: \u00fc", one_look(SUBJECT)) == f"{ENCODED}{ENCODED}X: ??"
    assert of(f"{SUBJECT}{SUBJECT}X: \u00fc\n\r", one_look(SUBJECT)) == f"{ENCODED}{ENCODED}X: ??\n\r"


def test_parts_are_not_looked_into_behind_that() -> None:
    text = f"{SUBJECT}{SUBJECT}{MULTIPART}--b\n{SUBJECT}\n\n--b--\n"
    assert of(text, one_look(SUBJECT)) == text.replace(SUBJECT, ENCODED, 2)


def test_lines_that_look_like_delimiters_cost_something_too() -> None:
    text = MULTIPART + "\n".join(["--x"] * 100) + f"\n--b\n{SUBJECT}\n"
    assert of(text, one_look(MULTIPART) + 200 * LOOK_OCTETS) == text.replace(SUBJECT, ENCODED)
    assert of(text, one_look(MULTIPART) + 50 * LOOK_OCTETS) == text


def test_so_do_delimiters() -> None:
    text = MULTIPART + f"--b\n{SUBJECT}\n" * 5
    effort = one_look(MULTIPART[:-1]) + 2 * (LOOK_OCTETS + one_look(SUBJECT)) - 1
    assert of(text, effort) == text.replace(SUBJECT, ENCODED, 2)


@given(st.data(), CONTENTS, st.integers(0, 600))
def test_cutting_changes_nothing(data: st.DataObject, content: bytes, effort: int) -> None:
    def cut(*blocks: bytes) -> bytes:
        filter_ = Surrogate(300, effort)
        return b"".join([*map(filter_.feed, blocks), filter_.finish()])

    assert cut(*data.draw(splits(content))) == cut(content)


@given(CONTENTS, st.integers(0, 600))
def test_the_header_is_ascii_whatever_it_costs(content: bytes, effort: int) -> None:
    filter_ = Surrogate(300, effort)
    header = (filter_.feed(content) + filter_.finish()).replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    if not content.startswith((b"\n", b"\r\n")):
        assert header.isascii()
