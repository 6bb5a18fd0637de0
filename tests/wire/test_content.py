"""What content may be on the wire: the same found wherever it is cut, and nothing after it was found."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.content import MAX_LINE_OCTETS, ContentFault, ContentReader

LIMIT = 8  # with CRLF: six octets of text
ALPHABET = [b"\r\n", b"\r", b"\n", b"\0", b"a", b".", b"x" * (LIMIT - 2), b"x" * (LIMIT - 3), b"\xff"]
RAW = st.lists(st.sampled_from(ALPHABET), max_size=14).map(b"".join)


def read(blocks: list[bytes], *, normalise: bool = False) -> tuple[bytes, str | None]:
    reader = ContentReader(LIMIT, normalise=normalise)
    content = b"".join([reader.feed(block) for block in blocks])
    return content, reader.fault


@st.composite
def whole_line_ends(draw: st.DrawFn, raw: bytes) -> list[bytes]:
    """`raw` cut anywhere but between a CR and its LF."""
    places = [at for at in range(len(raw) + 1) if raw[at - 1 : at + 1] != b"\r\n"]
    cuts = sorted(draw(st.sets(st.sampled_from(places), max_size=8)))
    return [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]


@pytest.mark.parametrize(
    ("raw", "content", "fault"),
    [
        (b"", b"", None),
        (b"a\r\nb\r\n\r\n", b"a\nb\n\n", None),
        (b"a\rb", b"a\rb", ContentFault.BARE_CR),
        (b"a\nb", b"a\nb", ContentFault.BARE_LF),
        (b"a\0b", b"a\0b", ContentFault.NUL),
        (b"\r\r\n", b"\r\n", ContentFault.BARE_CR),
        (b"\r\n\n", b"\n\n", ContentFault.BARE_LF),
        (b"x" * 6 + b"\r\n", b"x" * 6 + b"\n", None),
        (b"x" * 6, b"x" * 6, None),
        (b"x" * 7 + b"\r\n", b"x" * 7 + b"\n", ContentFault.LONG_LINE),
        (b"x" * 7, b"x" * 7, ContentFault.LONG_LINE),  # nothing that may come makes it shorter
        (b"a\r\n" + b"x" * 7 + b"\r\nb\r\n", b"a\n" + b"x" * 7 + b"\nb\n", ContentFault.LONG_LINE),
        (b"x" * 7 + b"\r\n\0", b"x" * 7 + b"\n\0", ContentFault.LONG_LINE),  # the first that is there
        (b"\0" + b"x" * 7, b"\0" + b"x" * 7, ContentFault.NUL),
    ],
)
def test_faults(raw: bytes, content: bytes, fault: str | None) -> None:
    assert read([raw]) == (content, fault)


@pytest.mark.parametrize(
    ("raw", "content", "fault"),
    [
        (b"a\rb\nc\r\nd\0e\n\r", b"a\nb\nc\nde\n\n", None),
        (b"\0" * 100 + b"x" * 6 + b"\n", b"x" * 6 + b"\n", None),  # what is dropped makes no line long
        (b"x" * 7 + b"\r", b"x" * 7 + b"\n", ContentFault.LONG_LINE),
    ],
)
def test_line_ends_put_right(raw: bytes, content: bytes, fault: str | None) -> None:
    assert read([raw], normalise=True) == (content, fault)


@given(st.data(), RAW, st.booleans())
def test_cutting_changes_nothing(data: st.DataObject, raw: bytes, normalise: bool) -> None:
    assert read(data.draw(whole_line_ends(raw)), normalise=normalise) == read([raw], normalise=normalise)


@given(RAW)
def test_what_is_put_right_has_nothing_wrong(raw: bytes) -> None:
    content, fault = read([raw], normalise=True)
    assert b"\r" not in content and b"\0" not in content
    assert fault in (None, ContentFault.LONG_LINE)
    assert re.sub(rb"[\r\n\0]", b"", content) == re.sub(rb"[\r\n\0]", b"", raw)  # and nothing else is touched


@given(RAW)
def test_the_fault_is_what_the_rule_says(raw: bytes) -> None:
    content, fault = read([raw])
    assert content == raw.replace(b"\r\n", b"\n")
    lines = raw.split(b"\r\n")
    clean = not re.search(rb"[\r\n\0]", b"".join(lines))
    short = all(len(line) + 2 <= LIMIT for line in lines)
    if clean or short:
        assert (fault is None) is (clean and short)
        assert (fault == ContentFault.LONG_LINE) is not short
    else:
        assert fault is not None


def test_the_limit_is_generous_unless_told() -> None:
    reader = ContentReader()
    for _ in range(MAX_LINE_OCTETS // 1024):
        reader.feed(b"x" * 1023)
    reader.feed(b"\r\n")
    assert reader.fault is None
    reader.feed(b"x" * (MAX_LINE_OCTETS - 1) + b"\r\n")
    assert reader.fault == ContentFault.LONG_LINE
