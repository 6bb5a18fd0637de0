"""LineBuffer: lines are what CRLF ends, wherever the stream is cut, and it holds no more than it must."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.lines import OVERLONG, LineBuffer, Overlong, is_clean
from tests.support import splits

LIMIT = 12
STREAMS = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b"\0", b"abc", b".", b"x" * LIMIT, b"x" * (LIMIT - 2)]), max_size=12
).map(b"".join)


def lines_of(blocks: list[bytes], limit: int = LIMIT) -> list[bytes | Overlong]:
    """All lines, taken as soon as they are there; on the way the buffer keeps its bound."""
    buffer = LineBuffer()
    lines: list[bytes | Overlong] = []
    for block in blocks:
        buffer.feed(block)
        while (line := buffer.take_line(limit)) is not None:
            lines.append(line)
        assert len(buffer) <= limit
    return lines


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", []),
        (b"\r\n", [b""]),
        (b"NOOP\r\nQUIT\r\n", [b"NOOP", b"QUIT"]),
        (b"unfinished", []),
        (b"unfinished\r", []),
        (b"a\nb\r\n", [b"a\nb"]),  # RFC 5321 2.3.8: a lone LF or CR ends nothing
        (b"a\rb\r\n", [b"a\rb"]),
        (b"a\r\r\n", [b"a\r"]),
        (b"\n\r\n", [b"\n"]),
        (b"\r\n\r\n", [b"", b""]),
        (b"0123456789\r\n", [b"0123456789"]),  # exactly the limit, with CRLF
        (b"0123456789a\r\nok\r\n", [OVERLONG, b"ok"]),
        (b"0123456789a\r\r\nok\r\n", [OVERLONG, b"ok"]),
        (b"x" * 1000 + b"\r\nok\r\n", [OVERLONG, b"ok"]),
        (b"x" * 1000 + b"\r\n" + b"y" * 1000 + b"\r\n", [OVERLONG, OVERLONG]),
    ],
)
def test_lines(stream: bytes, expected: list[bytes | Overlong]) -> None:
    assert lines_of([stream]) == expected
    assert lines_of([stream[at : at + 1] for at in range(len(stream))]) == expected


@given(st.data(), STREAMS)
def test_cutting_changes_nothing(data: st.DataObject, stream: bytes) -> None:
    assert lines_of(data.draw(splits(stream))) == lines_of([stream])


@given(STREAMS)
def test_lines_are_those_of_split(stream: bytes) -> None:
    whole = stream.split(b"\r\n")[:-1]
    assert lines_of([stream]) == [line if len(line) + 2 <= LIMIT else OVERLONG for line in whole]


def test_an_endless_line_is_not_kept() -> None:
    buffer = LineBuffer()
    for _ in range(1000):
        buffer.feed(b"x" * 1000)
        assert buffer.take_line(512) is None
        assert len(buffer) <= 1
    buffer.feed(b"\r\nNOOP\r\n")
    assert [buffer.take_line(512), buffer.take_line(512)] == [OVERLONG, b"NOOP"]


def test_where_nothing_is_nothing_is_taken() -> None:
    buffer = LineBuffer()
    assert (buffer.take_line(LIMIT), buffer.take_all()) == (None, b"")
    buffer.feed(b"a\r\n")
    assert (buffer.take_line(LIMIT), buffer.take_line(LIMIT), buffer.take_all()) == (b"a", None, b"")


def test_take_all_gives_what_lines_left() -> None:
    buffer = LineBuffer()
    buffer.feed(b"DATA\r\ncontent\r")
    assert buffer.take_line(LIMIT) == b"DATA"
    assert buffer.take_line(LIMIT) is None
    assert (buffer.take_all(), len(buffer), buffer.take_all()) == (b"content\r", 0, b"")
    buffer.feed(b"\nNOOP\r\n")
    assert buffer.take_line(LIMIT) == b"\nNOOP"


def test_take_gives_so_many_octets_and_no_more() -> None:
    buffer = LineBuffer()
    buffer.feed(b"ab\r\ncd\r\nNOOP\r\nhalf")
    assert (buffer.take(5), buffer.take(0), buffer.take(3)) == (b"ab\r\nc", b"", b"d\r\n")
    assert buffer.take_line(LIMIT) == b"NOOP"
    assert buffer.take_line(LIMIT) is None
    assert (buffer.take(100), buffer.take(1), len(buffer)) == (b"half", b"", 0)


def test_lines_after_octets_that_were_taken() -> None:
    buffer = LineBuffer()
    buffer.feed(b"x" * (LIMIT + 1))
    assert buffer.take_line(LIMIT) is None  # too long, and thrown away
    assert buffer.take(100) == b"x"
    buffer.feed(b"NOOP\r\n")
    assert buffer.take_line(LIMIT) == b"NOOP"  # it begins a line of its own
    buffer.feed(b"a\r")
    assert buffer.take_line(LIMIT) is None
    assert buffer.take(1) == b"a"
    buffer.feed(b"\n")
    assert buffer.take_line(LIMIT) == b""


def test_clear_forgets_an_overlong_line_as_well() -> None:
    buffer = LineBuffer()
    buffer.feed(b"x" * 100)
    assert buffer.take_line(LIMIT) is None
    buffer.clear()
    buffer.feed(b"NOOP\r\n")
    assert buffer.take_line(LIMIT) == b"NOOP"


@pytest.mark.parametrize(
    ("line", "clean"),
    [(b"", True), (b"NOOP \xc3\xbc\t\x7f", True), (b"a\0", False), (b"a\r", False), (b"\na", False)],
)
def test_is_clean(line: bytes, clean: bool) -> None:
    assert is_clean(line) is clean
