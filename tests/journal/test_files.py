"""Files: one a day and more, private, bounded in size and age, and whole after a crash."""

from __future__ import annotations

import fcntl
import os
import stat
from datetime import date
from pathlib import Path

import pytest

from mailgate.journal import files as files_module
from mailgate.journal.files import LOCK_SECONDS, SEGMENTS, Files, Segment, day_of, segments
from tests.journal.support import DAY, NOW, content, names

MIB = 1 << 20
LINE = b"x" * 99 + b"\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal"


def test_a_file_a_day(directory: Path) -> None:
    files = Files(str(directory), MIB, 30)
    for at in (NOW, NOW + 60, NOW + DAY):
        files.append(b"line\n", at)
    assert names(directory) == ["2023-11-14.00000.jsonl", "2023-11-15.00000.jsonl"]
    assert content(directory) == b"line\n" * 3


def test_for_nobody_else_to_read(directory: Path) -> None:
    before = os.umask(0)
    try:
        Files(str(directory), MIB, 30).append(b"line\n", NOW)
    finally:
        os.umask(before)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()} == {0o600}


def test_a_day_with_much_mail_has_several_and_the_whole_stays_bounded(directory: Path) -> None:
    files = Files(str(directory), 100 * 160, 30)  # ten lines a file
    for number in range(1000):
        files.append(LINE, NOW + number)
        assert sum(segment.octets() for segment in segments(str(directory))) <= 100 * 160
    there = segments(str(directory))
    assert SEGMENTS - 2 <= len(there) <= SEGMENTS
    assert all(segment.octets() <= 1000 for segment in there)
    assert there[-1].number == 99 and there[0].number > 80  # the oldest have gone


def test_a_line_that_is_larger_than_a_file_is_written(directory: Path) -> None:
    files = Files(str(directory), 1600, 30)
    files.append(LINE * 5, NOW)
    files.append(LINE, NOW)
    assert [segment.octets() for segment in segments(str(directory))] == [500, 100]


def test_what_is_too_old_goes(directory: Path) -> None:
    files = Files(str(directory), MIB, 2)
    for days in range(5):
        files.append(b"line\n", NOW + days * DAY)
    assert [name[:10] for name in names(directory)] == ["2023-11-16", "2023-11-17", "2023-11-18"]
    files.tidy(NOW + 6 * DAY)
    assert [name[:10] for name in names(directory)] == ["2023-11-18"]


def test_with_no_days_nothing_is_kept(directory: Path) -> None:
    Files(str(directory), MIB, 2).append(b"line\n", NOW)
    Files(str(directory), MIB, 0).tidy(NOW)
    assert names(directory) == []


def test_a_torn_line_is_kept_apart(directory: Path) -> None:
    files = Files(str(directory), MIB, 30)
    files.append(b"one\n", NOW)
    with open(segments(str(directory))[0].path, "ab") as stream:
        stream.write(b"tor")
    files.append(b"two\n", NOW)
    files.append(b"three\n", NOW)
    assert content(directory) == b"one\ntor\ntwo\nthree\n"


def test_what_cannot_be_written_whole_is_not_written(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(str(directory), MIB, 30)
    files.append(b"one\n", NOW)
    real, room = os.write, [3]

    def little(descriptor: int, octets: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        written = real(descriptor, octets[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", little)
    with pytest.raises(OSError, match="No space"):
        files.append(b"two\n", NOW)
    assert content(directory) == b"one\n"
    room[0] = 100
    files.append(b"three\n", NOW)
    assert content(directory) == b"one\nthree\n"


def test_files_that_somebody_took_away(directory: Path) -> None:
    files = Files(str(directory), MIB, 30)
    files.append(b"one\n", NOW)
    for file in directory.iterdir():
        file.unlink()
    directory.rmdir()
    files.append(b"two\n", NOW)
    assert content(directory) == b"two\n"


def test_a_file_that_goes_meanwhile(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Segment(day_of(NOW - 9 * DAY), 0, str(directory))
    assert gone.octets() == 0
    monkeypatch.setattr(files_module, "segments", lambda _: [gone])
    Files(str(directory), MIB, 1).tidy(NOW)


def test_what_is_not_ours_stays(directory: Path) -> None:
    directory.mkdir(parents=True)
    for name in ("notes", "2023-02-31.00000.jsonl", "2001-01-01.jsonl"):
        (directory / name).write_text("x")
    files = Files(str(directory), 1, 1)
    files.append(b"line\n", NOW)
    files.tidy(NOW + 9 * DAY)
    assert segments(str(directory)) == [] and len(list(directory.iterdir())) == 3


def test_none_where_there_is_no_directory(tmp_path: Path) -> None:
    assert segments(str(tmp_path / "nowhere")) == []
    assert day_of(0) == date(1970, 1, 1)


def test_one_process_writes_at_a_time(directory: Path) -> None:
    slept: list[float] = []
    files = Files(str(directory), MIB, 30, slept.append)
    files.append(b"first\n", NOW)
    holder = os.open(directory, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(OSError, match="another process writes") as caught:
        files.append(b"lost\n", NOW)
    assert caught.value.filename == str(directory)
    assert LOCK_SECONDS <= sum(slept) < LOCK_SECONDS + 1  # not for ever
    let_go = Files(str(directory), MIB, 30, lambda _: fcntl.flock(holder, fcntl.LOCK_UN))
    let_go.append(b"second\n", NOW)
    files.append(b"third\n", NOW)
    os.close(holder)
    assert content(directory) == b"first\nsecond\nthird\n"
