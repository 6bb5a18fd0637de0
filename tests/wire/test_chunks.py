"""Content in chunks: the cuts mean nothing, and it is what DATA would have brought."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.chunks import ChunkReader
from mailgate.wire.content import ContentFault
from mailgate.wire.dots import DotReader
from tests.support import splits

RAW = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"\0", b"a", b"\r\n.\r\n", b"text", b"x" * 20]), max_size=14
).map(b"".join)


def read(chunks: list[bytes], limit: int = 16, *, normalise: bool = False) -> tuple[bytes, str | None]:
    reader = ChunkReader(limit, normalise=normalise)
    content = b"".join([reader.feed(chunk) for chunk in chunks]) + reader.finish()
    return content, reader.fault


@pytest.mark.parametrize(
    ("chunks", "content", "fault"),
    [
        ([], b"", None),
        ([b""], b"", None),
        ([b"a\r\n"], b"a\n", None),
        ([b"a\r", b"\nb\r\n"], b"a\nb\n", None),  # a line end may be cut
        ([b"a"], b"a\n", None),  # RFC 5321 4.1.1.4: content ends with a line's end
        ([b"a\r\n", b""], b"a\n", None),
        ([b"a\r"], b"a\r\n", ContentFault.BARE_CR),
        ([b"a\r", b"", b"b"], b"a\rb\n", ContentFault.BARE_CR),
        ([b"a\n", b"\r\n"], b"a\n\n", ContentFault.BARE_LF),
        ([b".\r\n..\r\n", b".\r\n"], b".\n..\n.\n", None),  # dots are dots
        ([b"QUIT\r\n.\r\n"], b"QUIT\n.\n", None),
        ([b"x" * 8, b"x" * 8], b"x" * 16 + b"\n", ContentFault.LONG_LINE),
        ([b"a\0"], b"a\0\n", ContentFault.NUL),
    ],
)
def test_chunks(chunks: list[bytes], content: bytes, fault: str | None) -> None:
    assert read(chunks) == (content, fault)


@pytest.mark.parametrize(
    ("chunks", "content"),
    [([b"a\r"], b"a\n"), ([b"a\r", b"\nb"], b"a\nb\n"), ([b"a\n\r", b"b\0"], b"a\n\nb\n"), ([b"\0"], b"")],
)
def test_line_ends_put_right(chunks: list[bytes], content: bytes) -> None:
    assert read(chunks, normalise=True) == (content, None)


@given(st.data(), RAW, st.booleans())
def test_cutting_changes_nothing(data: st.DataObject, raw: bytes, normalise: bool) -> None:
    assert read(data.draw(splits(raw)), normalise=normalise) == read([raw], normalise=normalise)


@given(RAW, st.booleans())
def test_chunks_bring_what_data_brings(raw: bytes, normalise: bool) -> None:
    # Bare line ends beside dots are not the client's to stuff, so both see the same octets.
    raw += b"\r\n"
    reader = DotReader(16, normalise=normalise)
    stuffed = (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:]
    content, rest = reader.feed(stuffed + b".\r\n")
    assert (content, rest) == (read([raw], normalise=normalise)[0], b"")
    assert reader.fault == read([raw], normalise=normalise)[1]


@given(RAW)
def test_what_is_put_right_has_nothing_wrong(raw: bytes) -> None:
    content, _ = read([raw], normalise=True)
    assert b"\r" not in content and b"\0" not in content
    assert not content or content.endswith(b"\n")


def test_holds_back_no_more_than_a_cr() -> None:
    reader = ChunkReader()
    for block in [b"a\r", b"\n\r", b"c" * 65_536]:
        assert len(reader.feed(block)) >= len(block) - 1
