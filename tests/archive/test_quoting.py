"""`From ` lines: quoted and unquoted they are what they were."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.archive import quoting
from mailgate.archive.quoting import quoted, unquoted

TEXT = st.lists(
    st.sampled_from([b">", b">>>>", b"From ", b"From", b"Fro", b"F", b"m ", b"\n", b" ", b"x"]), max_size=20
).map(b"".join)


def quote(content: bytes) -> bytes:
    return b"".join(quoted(io.BytesIO(content)))


@given(TEXT, st.sampled_from([2, 3, 7, 65_536]))
def test_mboxrd_can_be_undone(content: bytes, piece_octets: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quoting, "_PIECE_OCTETS", piece_octets)  # what is cut anywhere is the same
        written = quote(content)
        assert not any(line.startswith(b"From ") for line in written.splitlines())
        assert b"".join(unquoted(io.BytesIO(written), "mboxrd")) == content


def test_what_is_quoted() -> None:
    assert quote(b"From a\n>From b\n >From c\nfrom d\nFrom\n>\n") == b">From a\n>>From b\n >From c\nfrom d\nFrom\n>\n"


@pytest.mark.parametrize("piece_octets", [2, 65_536])
def test_mboxo_undoes_one(piece_octets: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quoting, "_PIECE_OCTETS", piece_octets)
    content = b">From a\n>>From b\n>Fro\n> From c\n>"
    assert b"".join(unquoted(io.BytesIO(content), "mboxo")) == b"From a\n>>From b\n>Fro\n> From c\n>"


def test_a_long_run_takes_no_memory() -> None:
    content = b">" * 300_000 + b"From x"
    assert max(map(len, quoted(io.BytesIO(content)))) <= 70_000
    assert quote(content) == b">" + content
