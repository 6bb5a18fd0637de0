"""What is written, what is lost, and how often that is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailgate.journal.files import Files
from mailgate.journal.writer import WRITE_OCTETS, Writer
from tests.journal.support import NOW, accepted, content, handled, names
from tests.support import logged


class Full(Files):
    """A disk that is full, or not."""

    full = False

    def append(self, lines: bytes, now: float) -> None:
        if self.full:
            raise OSError(28, "No space left on device", "/journal")
        super().append(lines, now)

    def tidy(self, now: float, room_octets: int = 0) -> None:
        if self.full:
            raise OSError(5, "Input/output error", "/journal")
        super().tidy(now, room_octets)


@pytest.fixture
def files(tmp_path: Path) -> Full:
    return Full(str(tmp_path), 1 << 20, 30)


def test_lines_in_their_order(files: Full, tmp_path: Path) -> None:
    writer = Writer(files, lambda: NOW)
    writer.write([handled("m1"), accepted("m1")])
    writer.write([])
    assert [json.loads(line)["what"] for line in content(tmp_path).splitlines()] == ["handled", "accepted"]
    assert (writer.written, writer.lost) == (2, 0)


def test_large_batches_are_written_in_parts(files: Full, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def noting(lines: bytes, now: float) -> None:
        sizes.append(len(lines))
        Files.append(files, lines, now)

    monkeypatch.setattr(files, "append", noting)
    Writer(files, lambda: NOW).write(accepted(f"m{number}") for number in range(1000))
    assert len(sizes) > 3 and max(sizes) <= WRITE_OCTETS
    assert content(tmp_path).count(b"\n") == 1000


def test_a_full_disk_is_said_once_and_so_is_its_end(files: Full, tmp_path: Path) -> None:
    writer = Writer(files, lambda: NOW)
    files.full = True
    with logged() as events:
        for _ in range(3):
            writer.write([accepted("m1"), accepted("m2")])
        assert [event["log_format"].format(**event) for event in events] == [
            "/journal cannot be written: No space left on device; lines are lost, mail is not"
        ]
        files.full = False
        writer.write([accepted("m3")])
        writer.write([accepted("m4")])
        assert [event["log_level"].name for event in events] == ["error", "warn"]
        assert events[1]["lost"] == 6
        files.full = True
        writer.write([accepted("m5")])
        assert len(events) == 3
    assert (writer.written, writer.lost) == (2, 7)
    assert content(tmp_path).count(b"\n") == 2


def test_tidying(files: Full, tmp_path: Path) -> None:
    writer = Writer(files, lambda: NOW)
    files.append(b"old\n", NOW - 40 * 86_400)
    writer.tidy()
    assert names(tmp_path) == []
    files.full = True
    with logged() as events:
        writer.tidy()
    assert "cannot be removed" in events[0]["log_format"]
