"""Content in and out: nothing but CRLF.CRLF ends it, and what was written is what is read."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.content import ContentFault
from mailgate.wire.dots import DotReader, DotWriter, WireCounter, dotted
from tests.support import splits

ALPHABET = [b"\r\n", b"\r", b"\n", b".", b"\0", b"a", b"\r\n.", b"\r\n..", b"text"]
RAW = st.lists(st.sampled_from(ALPHABET), max_size=14).map(b"".join)
# Content as the house keeps it: LF ends lines, no CR, no NUL.
CONTENTS = st.lists(st.sampled_from([b"\n", b".", b"..", b"a", b"\n.", b"text", b"\xff"]), max_size=14).map(b"".join)


def read(blocks: list[bytes]) -> tuple[bytes, bytes | None, str | None]:
    """(content, what follows the end, fault); blocks behind the end follow it."""
    reader = DotReader()
    content, rest = b"", None
    for block in blocks:
        if rest is not None:
            rest += block
            continue
        some, rest = reader.feed(block)
        content += some
    return content, rest, reader.fault


def written(blocks: list[bytes]) -> bytes:
    writer = DotWriter()
    return b"".join([writer.feed(block) for block in blocks]) + writer.finish()


def counted(blocks: list[bytes]) -> int:
    counter = WireCounter()
    for block in blocks:
        counter.feed(block)
    return counter.finish()


def stuffed(content: bytes) -> bytes:
    """As a client sends it (RFC 5321 4.5.2), line by line."""
    lines = content.split(b"\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"


# Reading.


@pytest.mark.parametrize(
    ("stream", "content", "rest"),
    [
        (b".\r\n", b"", b""),
        (b".\r\nRSET\r\n", b"", b"RSET\r\n"),
        (b"hello\r\n.\r\n", b"hello\n", b""),
        (b"\r\n.\r\n", b"\n", b""),
        (b"..\r\n.\r\n", b".\n", b""),
        (b".hidden\r\n.\r\n", b"hidden\n", b""),  # RFC 5321 4.5.2: a leading dot goes, whatever follows
        (b"a\r\n..b\r\n...\r\n.\r\nQUIT\r\n", b"a\n.b\n..\n", b"QUIT\r\n"),
        (b"a.\r\n.\r\n", b"a.\n", b""),
        (b"\r\n\r\n..\r\n\r\n.\r\n.\r\n", b"\n\n.\n\n", b".\r\n"),
        (b"x" * 100_000 + b"\r\n.\r\n", b"x" * 100_000 + b"\n", b""),
    ],
)
def test_reads_to_the_final_dot(stream: bytes, content: bytes, rest: bytes) -> None:
    assert read([stream]) == (content, rest, None)
    assert read([stream[at : at + 1] for at in range(len(stream))]) == (content, rest, None)


LINE_ENDS = [b"\r\n", b"\r", b"\n", b"\n\r", b"\r\r\n", b"\r\0\n", b" \r\n", b""]
NEAR_MISSES = [
    before + b"." + after
    for before, after in itertools.product(LINE_ENDS, repeat=2)
    if not (before.endswith(b"\r\n") and after == b"\r\n")  # that is the end
]


@pytest.mark.parametrize("near_miss", NEAR_MISSES)
def test_nothing_else_ends_content(near_miss: bytes) -> None:
    stream = b"a" + near_miss + b"MAIL FROM:<evil@example.org>\r\n.\r\nNOOP\r\n"
    content, rest, _ = read([stream])
    assert rest == b"NOOP\r\n"
    assert content.endswith(b"MAIL FROM:<evil@example.org>\n")


@pytest.mark.parametrize("start", [b".\n", b".\r", b".\r\r\n", b"\n.\n", b"\r.\r", b".\0\r\n", b". \r\n"])
def test_nothing_else_ends_content_at_its_beginning(start: bytes) -> None:
    assert read([start])[1] is None
    assert read([start + b"\r\n.\r\n"])[1] == b""


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", None),
        (b"a\r\nb\r\n\r\n", None),
        (b"a\nb", ContentFault.BARE_LF),
        (b"\n", ContentFault.BARE_LF),
        (b"\r\n\n", ContentFault.BARE_LF),
        (b"a\rb", ContentFault.BARE_CR),
        (b"a\r\r\nb", ContentFault.BARE_CR),
        (b"a\0b", ContentFault.NUL),
        (b"a\n\rb\0", ContentFault.BARE_LF),  # the first that was seen
        (b"a\rb\nc\0", ContentFault.BARE_CR),
        (b"a\0\n\r", ContentFault.NUL),
        (b"a\r\n.\n", ContentFault.BARE_LF),
        (b"a\r\n.\r\r\n", ContentFault.BARE_CR),
    ],
)
def test_faults(raw: bytes, fault: str | None) -> None:
    stream = raw + b"\r\n.\r\n"
    assert read([stream])[2] == fault
    assert read([stream[at : at + 1] for at in range(len(stream))])[2] == fault
    assert read([stream, b"never\nfed"])[2] == fault


def test_a_fault_is_that_of_content_not_of_what_follows() -> None:
    assert read([b"a\r\n.\r\nNO\nOP"]) == (b"a\n", b"NO\nOP", None)


@given(st.data(), RAW)
def test_cutting_changes_nothing_in_reading(data: st.DataObject, raw: bytes) -> None:
    stream = raw + b"\r\n.\r\nNOOP\r\n"
    assert read(data.draw(splits(stream))) == read([stream])


@given(RAW)
def test_reading_is_what_the_rule_says(raw: bytes) -> None:
    stream = b"\r\n" + raw + b"\r\n.\r\n"  # as if after a line's end
    before, end, rest = stream.partition(b"\r\n.\r\n")
    content = re.sub(rb"\r\n\.?", b"\n", before + end[:2])[1:]
    assert read([stream[2:]])[:2] == (content, rest)


@given(st.data(), CONTENTS)
def test_stuffed_content_comes_back(data: st.DataObject, content: bytes) -> None:
    assert read(data.draw(splits(stuffed(content) + b"rest"))) == (content + b"\n", b"rest", None)


@given(st.data(), st.one_of(RAW, st.binary(max_size=60)))
def test_what_is_put_right_has_nothing_wrong_and_ends_where_it_did(data: st.DataObject, raw: bytes) -> None:
    stream = raw + b"\r\n.\r\nNOOP\r\n"
    reader = DotReader(normalise=True)
    content, rest = b"", None
    for block in data.draw(splits(stream)):
        if rest is not None:
            rest += block
            continue
        some, rest = reader.feed(block)
        content += some
    strict, strict_rest, _ = read([stream])
    assert rest == strict_rest
    assert content == strict.replace(b"\r", b"\n").replace(b"\0", b"")
    assert reader.fault is None


@given(st.data(), st.binary(max_size=80))
def test_what_any_client_sends_is_what_a_pop3_client_gets(data: st.DataObject, raw: bytes) -> None:
    stream = (b"\r\n" + raw + b"\r\n").replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"
    content, rest, fault = read(data.draw(splits(stream)))
    assert rest == b""
    if fault is None:  # anything else is refused
        assert written(data.draw(splits(content))) == stream


def test_a_line_may_be_only_so_long() -> None:
    reader = DotReader(10)
    reader.feed(b"..3456789\r\na\r\n..3456789")  # stuffing does not count
    assert reader.fault is None
    reader.feed(b"0")
    assert reader.fault == ContentFault.LONG_LINE


def test_holds_back_no_more_than_an_end() -> None:
    reader = DotReader()
    for block in [b"a\r\n.", b"b\r\n", b"\r", b"c" * 65_536]:
        content, _ = reader.feed(block)
        assert len(content) >= len(block) - 5


# Writing.


@pytest.mark.parametrize(
    ("content", "wire"),
    [
        (b"", b".\r\n"),
        (b"\n", b"\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"a\n", b"a\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\n.\n..\n", b"..\r\n..\r\n...\r\n.\r\n"),
        (b"a\r\nb\r\n", b"a\r\nb\r\n.\r\n"),
        (b"a\rb", b"a\rb\r\n.\r\n"),
        (b"a\r", b"a\r\r\n.\r\n"),
        (b"\r.", b"\r.\r\n.\r\n"),
        (b"a\r\n.", b"a\r\n..\r\n.\r\n"),
    ],
)
def test_writes(content: bytes, wire: bytes) -> None:
    assert written([content]) == wire
    assert written([content[at : at + 1] for at in range(len(content))]) == wire
    assert dotted(content, b"+OK\r\n") == b"+OK\r\n" + wire


MIXED = st.lists(st.sampled_from(ALPHABET), max_size=14).map(b"".join)


@given(st.data(), MIXED)
def test_cutting_changes_nothing_in_writing(data: st.DataObject, content: bytes) -> None:
    blocks = data.draw(splits(content))
    assert written(blocks) == written([content])
    assert counted(blocks) == counted([content])
    assert written(blocks) == dotted(content)


@given(st.data(), CONTENTS)
def test_what_is_written_is_read_again(data: st.DataObject, content: bytes) -> None:
    wire = written([content])
    ended = content if not content or content.endswith(b"\n") else content + b"\n"
    assert read(data.draw(splits(wire))) == (ended, b"", None)


@given(MIXED)
def test_counts_what_is_written_but_stuffing_and_final_dot(content: bytes) -> None:
    wire = written([content])
    assert wire.endswith(b".\r\n")
    unstuffed = (b"\r\n" + wire[:-3]).replace(b"\r\n.", b"\r\n")[2:]
    assert counted([content]) == len(unstuffed)
