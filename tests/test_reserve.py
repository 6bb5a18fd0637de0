"""The reserve: when there is too little room, how often anybody looks, and what the log says of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogEvent, LogLevel, formatEvent

from mailgate.reserve import LOOK_SECONDS, MARGIN, Reserve
from tests.support import logged

BLOCK = 4_096
OCTETS = 1_600 * BLOCK


@frozen
class Found:
    """What `statvfs` gives, as far as anybody looks."""

    f_bavail: int
    f_frsize: int = BLOCK
    f_blocks: int = 0
    f_favail: int = 0
    f_files: int = 0


class Disk:
    """A file system with so many blocks free, its clock, and a reserve on it."""

    def __init__(self, octets: int = OCTETS, directory: str = "/mail/root") -> None:
        self.blocks = 10_000
        self.inodes = self.all_inodes = 0  # as btrfs says
        self.now = 1_000.0
        self.error: OSError | None = None
        self.missing: set[str] = set()
        self.looked: list[str] = []
        self.reserve = Reserve(directory, octets, lambda: self.now, self._statvfs)  # type: ignore[arg-type]

    def _statvfs(self, directory: str) -> Found:
        self.looked.append(directory)
        if self.error is not None:
            raise self.error
        if directory in self.missing:
            raise FileNotFoundError(errno.ENOENT, "no such file or directory", directory)
        return Found(self.blocks, f_favail=self.inodes, f_files=self.all_inodes)

    def later(self, blocks: int | None = None, inodes: int | None = None) -> bool:
        """Is there room, when it is time to look again, and so many blocks and inodes are free?"""
        self.now += LOOK_SECONDS
        self.blocks = self.blocks if blocks is None else blocks
        self.inodes = self.inodes if inodes is None else inodes
        return self.reserve.has_room()


@pytest.fixture
def log() -> Iterator[list[LogEvent]]:
    with logged() as events:
        yield events


def lines(log: list[LogEvent]) -> list[str]:
    return [formatEvent(event) for event in log]


@pytest.mark.parametrize(("blocks", "room"), [(10_000, True), (1_600, True), (1_599, False), (0, False)])
def test_there_is_room_while_the_reserve_is_untouched(log: list[LogEvent], blocks: int, room: bool) -> None:
    disk = Disk()
    disk.blocks = blocks
    assert disk.reserve.has_room() is room
    assert len(log) == (not room)


def test_without_a_reserve_nobody_looks() -> None:
    disk = Disk(octets=0)
    disk.blocks = 0
    assert disk.reserve.has_room()
    assert disk.later(0)
    assert disk.looked == []


def test_one_look_a_second_and_none_if_nobody_asks(log: list[LogEvent]) -> None:
    disk = Disk()
    assert disk.looked == []
    assert disk.reserve.has_room()
    disk.blocks = 0
    for _ in range(9):
        disk.now += LOOK_SECONDS / 10
        assert disk.reserve.has_room()
    assert disk.looked == ["/mail/root"]
    disk.now += LOOK_SECONDS / 5
    assert not disk.reserve.has_room()
    disk.blocks = 10_000
    assert not disk.reserve.has_room()
    assert len(disk.looked) == 2
    assert disk.later()


def test_the_log_says_once_what_to_do_and_once_that_it_is_over(log: list[LogEvent]) -> None:
    disk = Disk()
    assert [disk.later(blocks) for blocks in (10_000, 10, 10, 9, 0)] == [True, False, False, False, False]
    (said,) = lines(log)
    assert log[0]["log_level"] is LogLevel.error
    for word in (
        "no mail is taken: /mail/root has 40.0 KiB free, less than its reserve of 6.2 MiB; make room",
        "store.min_free",
    ):
        assert word in said
    assert disk.later(10_000) and disk.later(10_000)
    assert lines(log)[1:] == ["mail is taken again: /mail/root has 39.1 MiB free"]
    assert log[1]["log_level"] is LogLevel.info
    assert not disk.later(10)
    assert len(log) == 3


def test_a_disk_at_its_edge_does_not_fill_the_log(log: list[LogEvent]) -> None:
    disk = Disk()
    assert [disk.later(blocks) for blocks in (1_599, 1_600, 1_599, 1_601)] == [False, True, False, True]
    assert [disk.later(blocks) for blocks in (0, 1_699)] == [False, True]
    assert len(log) == 1
    assert disk.later(1_600 + 1_600 // MARGIN)
    assert len(log) == 2


@given(st.lists(st.sampled_from([0, 1_599, 1_600, 1_650, 1_700, 10_000]), max_size=30))
def test_the_log_says_one_and_the_other_in_turn(free: list[int]) -> None:
    disk = Disk()
    with logged() as log:
        for blocks in free:
            assert disk.later(blocks) is (blocks >= 1_600)
            levels = [event["log_level"] for event in log]
            assert levels == [(LogLevel.error, LogLevel.info)[number % 2] for number in range(len(levels))]
            if blocks < 1_600:
                assert levels[-1] is LogLevel.error
            if blocks >= 1_700:
                assert levels[-1:] in ([], [LogLevel.info])


def test_a_disk_without_inodes(log: list[LogEvent]) -> None:
    disk = Disk()
    disk.all_inodes = 65_536
    free = (20_000, 1_000, 999, 0, 1_000, 999, 1_061, 1_062)
    assert [disk.later(inodes=inodes) for inodes in free] == [True, True, False, False, True, False, True, True]
    assert lines(log) == [
        "no mail is taken: /mail/root has 999 free inodes of 65,536, fewer than 1,000: remove many small files from "
        "its file system, or move it to one with more inodes. Mail can be fetched and deleted meanwhile",
        "mail is taken again: /mail/root has 39.1 MiB free, and 1,062 free inodes",
    ]
    assert [event["log_level"] for event in log] == [LogLevel.error, LogLevel.info]


def test_a_disk_without_room_and_inodes(log: list[LogEvent]) -> None:
    disk = Disk()
    disk.all_inodes = 200  # of a tenth are enough
    assert disk.later(10_000, 20)
    assert not disk.later(10, 20)
    assert not disk.later(10, 19)
    assert not disk.later(10_000, 19)
    assert [event["log_level"] for event in log] == [LogLevel.error] * 2
    assert disk.later(10_000, 200)
    assert not disk.later(10, 0)
    assert [said.split(" has ")[1][:20] for said in lines(log)] == [
        "40.0 KiB free, less ",
        "19 free inodes of 20",
        "39.1 MiB free, and 2",
        "40.0 KiB free, less ",
        "0 free inodes of 200",
    ]


def test_inodes_without_a_reserve() -> None:
    disk = Disk(octets=0)
    disk.all_inodes = 65_536
    assert disk.later(inodes=0)


def test_what_is_not_there_yet_is_made_on_the_file_system_of_what_is_above(log: list[LogEvent]) -> None:
    disk = Disk()
    disk.missing = {"/mail/root", "/mail"}
    assert disk.reserve.has_room()
    assert disk.looked == ["/mail/root", "/mail", "/"]
    assert not disk.later(0)
    disk.missing.add("/")
    assert disk.later(0)
    assert "cannot be seen" in lines(log)[-1]


def test_who_cannot_tell_takes_mail_and_says_so_once(log: list[LogEvent]) -> None:
    disk = Disk()
    disk.blocks = 0
    disk.error = OSError(errno.EIO, "input/output error")
    assert disk.reserve.has_room() and disk.later()
    assert lines(log) == [
        "it cannot be seen how much room /mail/root has, and mail is taken all the same: input/output error"
    ]
    disk.error = None
    assert not disk.later()
    disk.error = OSError("odd")
    assert disk.later()
    assert lines(log)[2].endswith(": odd")


def test_a_relative_directory_is_the_one_it_was_at_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    disk = Disk(directory="mail")
    monkeypatch.chdir("/")
    disk.reserve.has_room()
    assert disk.looked == [str(tmp_path / "mail")]


def test_a_real_file_system(tmp_path: Path, log: list[LogEvent]) -> None:
    assert Reserve(str(tmp_path / "not" / "there"), 1).has_room()
    found = os.statvfs(tmp_path)
    assert not Reserve(str(tmp_path), (found.f_blocks + 1) * found.f_frsize).has_room()
