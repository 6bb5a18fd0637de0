"""Lines are found wherever blocks are cut, and what was not written whole is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailgate.journal import scanning
from mailgate.journal.scanning import first_line, head, lines_of, lines_with

LINES = st.lists(st.text(alphabet="abA,", max_size=12).map(str.encode), max_size=12)


@given(LINES, st.text(alphabet="ab,", min_size=1, max_size=3).map(str.encode), st.integers(1, 20), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_blocks_are_cut(tmp_path: Path, lines: list[bytes], text: bytes, block: int, torn: bool) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"".join(line + b"\n" for line in lines) + (b"abtorn" if torn else b""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "BLOCK_OCTETS", block)
        assert list(lines_with(str(file), text)) == [line for line in lines if text in line.lower()]
        heads = {b"a", b"ab"}
        assert list(lines_of(str(file), heads)) == [line for line in lines if line.split(b",")[0] in heads]
        assert first_line(str(file)) == (lines[0] if lines else b"")


def test_what_has_no_end_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "BLOCK_OCTETS", 4)
    monkeypatch.setattr(scanning, "MAX_LINE_OCTETS", 8)
    file = tmp_path / "file"
    file.write_bytes(b"ab" * 100 + b"\nab,c\n")
    found = list(lines_with(str(file), b"ab"))
    assert found[-1] == b"ab,c" and max(map(len, found)) < 20


def test_a_head() -> None:
    assert head(b'{"message":"m","at":1}') == b'{"message":"m"' and head(b"x") == b"x"
