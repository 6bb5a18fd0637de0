"""Blocks: of files, with LF, by line."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.archive.message import ArchiveError
from mailgate.archive.octets import as_stream, blocks_of, blocks_of_file, open_regular, with_lf
from tests.support import splits

LINES = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b""]), max_size=12).map(b"".join)


@given(st.data(), LINES)
def test_crlf_becomes_lf_wherever_the_blocks_end(data: st.DataObject, content: bytes) -> None:
    blocks = data.draw(splits(content))
    assert b"".join(with_lf(blocks)) == content.replace(b"\r\n", b"\n")


@given(st.data(), LINES)
def test_lines_of_a_stream(data: st.DataObject, content: bytes) -> None:
    blocks = [block for block in data.draw(splits(content)) if block]
    assert list(as_stream(iter(blocks))) == list(io.BytesIO(content))


def test_so_many_octets() -> None:
    assert b"".join(blocks_of(io.BytesIO(b"12345"), 3)) == b"123"
    assert b"".join(blocks_of(io.BytesIO(b"12345"), 9)) == b"12345"


def test_a_large_file(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1024
    (tmp_path / "file").write_bytes(content)
    assert b"".join(blocks_of_file(str(tmp_path / "file"))) == content


def test_nothing_but_regular_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ArchiveError, match="not a regular file"):
        open_regular(str(tmp_path / "fifo"))
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="link"):
        open_regular(str(tmp_path / "link"))
