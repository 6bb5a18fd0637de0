"""A file that people edit while we run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailgate.accounts.watched import SETTLED_NANOSECONDS, Watched
from mailgate.faults import Fault


class Reader:
    """Parses a file of numbers, counts how often, and has a clock that stands still."""

    def __init__(self, path: Path) -> None:
        self.parsed = 0
        self.now = 10**18
        self.path = path
        self.watched: Watched[tuple[int, ...]] = Watched(str(path), self.parse, lambda: self.now)

    def parse(self, text: str, where: str) -> tuple[tuple[int, ...], tuple[Fault, ...]]:
        self.parsed += 1
        words = text.split()
        faults = tuple(Fault(where, f"not a number: {word}") for word in words if not word.isdigit())
        return tuple(int(word) for word in words if word.isdigit()), faults

    def value(self) -> object:
        return self.watched.value

    def draft(self) -> object:
        return self.watched.draft

    def write(self, text: str | bytes, age: int = 2 * SETTLED_NANOSECONDS) -> None:
        """Write in place, as of `age` nanoseconds ago."""
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)
        os.utime(self.path, ns=(self.now - age, self.now - age))


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path / "numbers")


def test_a_file_that_was_never_there_says_nothing(reader: Reader) -> None:
    assert not reader.watched.refresh()
    assert reader.watched.value is None
    assert reader.watched.faults == ()


def test_it_is_read_once_while_it_stays_the_same(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.write("1 2")
    assert reader.watched.refresh()
    assert reader.value() == (1, 2)
    monkeypatch.setattr("builtins.open", None)  # from here on, a stat has to do
    assert not reader.watched.refresh()
    assert reader.parsed == 1


def test_a_change_is_noticed(reader: Reader) -> None:
    reader.write("1")
    reader.watched.refresh()
    reader.write("1 2 3")
    assert reader.watched.refresh()
    assert reader.value() == (1, 2, 3)


def test_a_change_within_the_same_tick_of_the_clock_is_noticed(reader: Reader) -> None:
    reader.write("1", age=0)
    reader.watched.refresh()
    reader.write("2", age=0)  # same size, same inode, same time
    assert reader.watched.refresh()
    assert reader.value() == (2,)


def test_what_is_read_again_and_is_the_same_is_not_parsed_again(reader: Reader) -> None:
    reader.write("1", age=0)
    assert reader.watched.refresh()
    assert not reader.watched.refresh()
    assert reader.parsed == 1


def test_a_file_put_in_its_place_is_noticed(reader: Reader, tmp_path: Path) -> None:
    reader.write("1")
    reader.watched.refresh()
    other = Reader(tmp_path / "new")
    other.write("2")
    os.rename(other.path, reader.path)
    assert reader.watched.refresh()
    assert reader.value() == (2,)


def test_a_broken_edit_changes_nothing_and_is_a_fault_until_it_is_mended(reader: Reader) -> None:
    reader.write("1")
    reader.watched.refresh()
    reader.write("1 2 x")
    assert reader.watched.refresh()
    assert reader.value() == (1,)
    assert reader.draft() == (1, 2)
    assert [fault.what for fault in reader.watched.faults] == ["not a number: x"]
    assert not reader.watched.refresh()
    reader.write("1 23")
    assert reader.watched.refresh()
    assert reader.value() == (1, 23)
    assert reader.watched.faults == ()


def test_a_draft_that_changes_is_a_change_even_if_its_faults_stay(reader: Reader) -> None:
    reader.write("1 x")
    assert reader.watched.refresh()
    reader.write("1 2 x")
    assert reader.watched.refresh()
    assert (reader.value(), reader.draft()) == (None, (1, 2))


def test_a_file_cut_to_nothing_a_moment_ago_is_being_saved(reader: Reader) -> None:
    reader.write("1")
    reader.watched.refresh()
    reader.write("", age=0)
    assert not reader.watched.refresh()
    assert reader.value() == (1,)
    reader.now += 2 * SETTLED_NANOSECONDS
    assert reader.watched.refresh()
    assert reader.value() == ()


def test_a_file_that_vanishes_stays_in_force(reader: Reader) -> None:
    reader.write("1")
    reader.watched.refresh()
    reader.path.unlink()
    assert reader.watched.refresh()
    assert reader.value() == (1,)
    assert "has gone" in reader.watched.faults[0].what
    assert not reader.watched.refresh()
    reader.write("1")
    assert reader.watched.refresh()
    assert reader.watched.faults == ()


def test_what_is_not_utf8_is_told_with_its_line(reader: Reader) -> None:
    reader.write(b"1\n2\n\xff\n")
    reader.watched.refresh()
    assert reader.watched.faults == (Fault(f"{reader.path}:3", "not UTF-8"),)
    assert reader.watched.value is None


def test_a_byte_order_mark_is_no_content(reader: Reader) -> None:
    reader.write("\ufeff7")
    reader.watched.refresh()
    assert reader.value() == (7,)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_only_a_regular_file_is_opened(reader: Reader, make: object) -> None:
    make(reader.path)  # type: ignore[operator]
    reader.watched.refresh()
    assert reader.watched.faults == (Fault(str(reader.path), "cannot be read: not a regular file"),)


def test_a_file_is_bounded(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.accounts.watched.MAX_FILE_OCTETS", 3)
    reader.write("1234")
    reader.watched.refresh()
    assert reader.watched.faults[0].what == "cannot be read: larger than 3 octets"


def test_errors_of_the_system_are_faults(reader: Reader) -> None:
    reader.path.symlink_to(reader.path)
    reader.watched.refresh()
    assert "cannot be read: " in reader.watched.faults[0].what
