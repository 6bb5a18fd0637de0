from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgate.mail import Entry
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.locate import Locator, locating
from tests.store.support import FaultyDisk, open_descriptors


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("new", "cur"):
        (tmp_path / folder).mkdir()
    return tmp_path


@pytest.fixture
def maildrop(root: Path) -> Iterator[int]:
    with Disk().opened(str(root), DIRECTORY) as descriptor:
        yield descriptor


def _name(folder: int, name: str) -> str:
    os.stat(name, dir_fd=folder)
    return name


def _entry(key: str) -> Entry:
    return Entry("uid", 1, key)


def test_where_it_was(root: Path, maildrop: int) -> None:
    (root / "new" / "1.a").write_bytes(b"")
    faulty = FaultyDisk()
    assert Locator(faulty.disk).act(maildrop, _entry("new/1.a"), _name) == "1.a"
    assert faulty.calls == ["open", "close"]


def test_where_it_went(root: Path, maildrop: int) -> None:
    (root / "cur" / "1.a,S=3:2,FS").write_bytes(b"")
    (root / "cur" / "1.b,S=3:2,").write_bytes(b"")
    assert Locator(Disk()).act(maildrop, _entry("new/1.a,S=3"), _name) == "1.a,S=3:2,FS"
    assert Locator(Disk()).act(maildrop, _entry("cur/1.b,S=3:2,FT"), _name) == "1.b,S=3:2,"


def test_the_folders_are_read_once_for_many(root: Path, maildrop: int) -> None:
    for number in range(20):
        (root / "cur" / f"{number}.a:2,S").write_bytes(b"")
    faulty = FaultyDisk()
    locator = Locator(faulty.disk)
    for number in range(20):
        locator.act(maildrop, _entry(f"new/{number}.a"), _name)
    assert faulty.calls.count("scandir") == 2
    os.rename(root / "cur" / "7.a:2,S", root / "cur" / "7.a:2,FS")
    assert locator.act(maildrop, _entry("new/7.a"), _name) == "7.a:2,FS"
    assert faulty.calls.count("scandir") == 4


@pytest.mark.parametrize("there", ["new", "cur"])
def test_nowhere(root: Path, maildrop: int, there: str) -> None:
    (root / there).rmdir()
    faulty = FaultyDisk()
    with pytest.raises(FileNotFoundError):
        Locator(faulty.disk).act(maildrop, _entry("new/1.a"), _name)


def test_one_that_keeps_moving_is_given_up(root: Path, maildrop: int) -> None:
    (root / "cur" / "1.a:2,0").write_bytes(b"")
    moves = 0

    def keeps_moving(folder: int, name: str) -> str:
        nonlocal moves
        if name != "1.a":
            os.rename(root / "cur" / f"1.a:2,{moves}", root / "cur" / f"1.a:2,{moves + 1}")
            moves += 1
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        Locator(Disk()).act(maildrop, _entry("new/1.a"), keeps_moving)
    assert 0 < moves < 5


def test_one_that_shares_its_base_name_is_not_looked_for(root: Path, maildrop: int) -> None:
    (root / "cur" / "1.a:2,S").write_bytes(b"another message")
    with pytest.raises(FileNotFoundError):
        Locator(Disk()).act(maildrop, _entry("=new/1.a"), _name)
    assert Locator(Disk()).act(maildrop, _entry("=cur/1.a:2,S"), _name) == "1.a:2,S"


def test_for_many_files_each_folder_is_opened_once(root: Path, maildrop: int) -> None:
    for place in ("new/1.a", "new/1.b", "cur/1.c:2,S", "cur/1.d:2,S"):
        (root / place).write_bytes(b"")
    faulty, before = FaultyDisk(), open_descriptors()
    with locating(faulty.disk) as locator:
        found = [locator.act(maildrop, _entry(key), _name) for key in ("new/1.a", "cur/1.c:2,S", "new/1.b", "new/1.d")]
    assert found == ["1.a", "1.c:2,S", "1.b", "1.d:2,S"]  # the last one has moved: that takes a look at both folders
    assert faulty.calls.count("scandir") == 2
    assert faulty.calls.count("open") == faulty.calls.count("close") == 2 + 2
    assert open_descriptors() == before


def test_a_folder_that_is_not_there_is_looked_for_again(root: Path, maildrop: int) -> None:
    (root / "cur").rmdir()
    with locating(Disk()) as locator:
        with pytest.raises(FileNotFoundError):
            locator.act(maildrop, _entry("cur/1.a"), _name)
        (root / "cur").mkdir()
        (root / "cur" / "1.a").write_bytes(b"")
        assert locator.act(maildrop, _entry("cur/1.a"), _name) == "1.a"


def test_folders_are_closed_whatever_happens(root: Path, maildrop: int) -> None:
    (root / "new" / "1.a").write_bytes(b"")
    before = open_descriptors()
    with pytest.raises(ZeroDivisionError), locating(Disk()) as locator:
        locator.act(maildrop, _entry("new/1.a"), _name)
        raise ZeroDivisionError
    assert open_descriptors() == before
