"""A file that people edit while we run."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.watched import AT_ONCE_OCTETS, SETTLED_NANOSECONDS, Watched
from mailgate.faults import Fault
from tests.accounts.later import Later
from tests.support import logged


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


def test_nor_is_a_new_file_believed_that_is_empty_yet(reader: Reader, tmp_path: Path) -> None:
    """Some editors rename the old file and write a new one in its place."""
    reader.write("1")
    reader.watched.refresh()
    os.rename(reader.path, tmp_path / "numbers~")
    reader.write("", age=0)
    assert not reader.watched.refresh()
    reader.write("2", age=0)
    assert reader.watched.refresh()
    assert reader.value() == (2,)


def test_a_blank_line_is_believed_at_once(reader: Reader) -> None:
    reader.write("1")
    reader.watched.refresh()
    reader.write("\n", age=0)
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


# Where much is new.


MANY = "".join(f"{number:09}\n" for number in range(AT_ONCE_OCTETS // 9 + 1))


def test_much_that_is_new_is_parsed_aside(reader: Reader) -> None:
    later = Later()
    reader.write("1")
    assert reader.watched.refresh(later)
    reader.write(MANY)
    assert reader.watched.refresh(later)
    assert (reader.value(), reader.parsed) == ((1,), 1)
    assert reader.watched.coming == Fault(str(reader.path), "is being read")
    assert reader.watched.faults == ()
    assert not reader.watched.refresh(later)
    later.run()
    assert reader.watched.coming is None
    assert reader.watched.refresh(later)
    assert len(later.waiting) == 0 and reader.value() == tuple(map(int, MANY.split()))
    assert not reader.watched.refresh(later)
    assert reader.parsed == 2


def test_a_long_file_that_is_new_altogether_is_too(reader: Reader) -> None:
    later = Later()
    reader.write(MANY)
    assert reader.watched.refresh(later)
    assert (reader.value(), reader.parsed) == (None, 0)
    later.run()
    assert reader.watched.refresh(later)
    assert reader.value() is not None


def test_it_is_parsed_at_once_where_nobody_does_it_aside(reader: Reader) -> None:
    reader.write(MANY)
    assert reader.watched.refresh()
    assert reader.value() is not None


@pytest.mark.parametrize("edit", [MANY + "7\n", "7\n" + MANY, MANY.replace("000000007\n", "")])
def test_an_edit_of_a_long_file_counts_at_once(reader: Reader, edit: str) -> None:
    reader.write(MANY)
    reader.watched.refresh()
    reader.write(edit)
    assert reader.watched.refresh(Later())
    assert reader.value() == tuple(map(int, edit.split()))


def test_while_it_is_parsed_the_file_is_left_alone_and_then_looked_at_again(reader: Reader) -> None:
    later = Later()
    reader.write(MANY)
    reader.watched.refresh(later)
    reader.write("1")
    assert not reader.watched.refresh(later)
    assert not reader.watched.refresh()  # not even by who would parse it here: one at a time
    assert (reader.value(), reader.parsed) == (None, 0)
    later.run()
    assert reader.watched.refresh(later)
    assert (reader.value(), reader.parsed) == ((1,), 2)


def test_what_is_broken_aside_changes_nothing_and_is_a_fault(reader: Reader) -> None:
    later = Later()
    reader.write("1")
    reader.watched.refresh(later)
    reader.write(MANY + "x\n")
    reader.watched.refresh(later)
    later.run()
    assert reader.watched.refresh(later)
    assert reader.value() == (1,)
    assert [fault.what for fault in reader.watched.faults] == ["not a number: x"]
    reader.write(MANY.encode() + b"\xff")
    reader.watched.refresh(later)
    assert later.waiting == []  # little of it is new
    assert [fault.what for fault in reader.watched.faults] == ["not UTF-8"]


def test_what_fails_aside_is_told_and_not_tried_again(reader: Reader) -> None:
    later = Later()
    reader.write(MANY)
    reader.watched.refresh(later)
    with logged() as events:
        later.fail(MemoryError())
    assert [event["path"] for event in events] == [str(reader.path)]
    assert reader.watched.refresh(later)
    assert reader.watched.faults == (Fault(str(reader.path), "cannot be read: MemoryError"),)
    assert reader.watched.coming is None
    assert not reader.watched.refresh(later) and later.waiting == []


@given(
    st.lists(st.text("12x \n", min_size=1, max_size=30), max_size=4), st.lists(st.booleans(), min_size=4, max_size=4)
)
def test_in_the_end_it_is_the_same_aside_and_at_once(texts: list[str], when: list[bool]) -> None:
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailgate.accounts.watched.AT_ONCE_OCTETS", 4)
        here, aside, later = Reader(Path(directory, "numbers")), Reader(Path(directory, "numbers")), Later()
        for text, is_time in zip(texts, when, strict=False):
            here.write(text, age=0)  # else the second of two in one tick would be overlooked
            here.watched.refresh()
            aside.watched.refresh(later)
            if is_time:
                later.run()
        later.run()
        aside.watched.refresh(later)
        later.run()
        assert (aside.draft(), aside.watched.faults) == (here.draft(), here.watched.faults)
