from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.store.maildir import trash
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.trash import Trash, compose, empty, make_trash, parse
from tests.store.support import FaultyDisk, fault, open_descriptors

AT = 1_700_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("new", "cur"):
        (tmp_path / folder).mkdir()
    return tmp_path


@pytest.fixture
def maildrop(root: Path) -> Iterator[int]:
    with Disk().opened(str(root), DIRECTORY) as descriptor:
        yield descriptor


def _throw(disk: Disk, maildrop: int, *places: str, seconds: int = AT) -> None:
    bin_ = Trash(disk, maildrop, seconds)
    try:
        for place in places:
            folder, _, name = place.partition("/")
            with Disk().opened(folder, DIRECTORY, maildrop) as descriptor:
                bin_.take(descriptor, name)
        bin_.sync()
    finally:
        bin_.close()


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1)


@given(st.integers(0, 10**11 - 1), _NAMES, st.integers(0, trash.SAME_NAMES - 1))
def test_time_and_name_can_be_had_back(seconds: int, name: str, number: int) -> None:
    composed = compose(seconds, name, number)
    assert len(os.fsencode(composed)) <= trash.NAME_OCTETS
    when, was = parse(composed) or (None, "")
    if len(os.fsencode(name)) <= trash.NAME_OCTETS - 15:
        assert (when, was) == (seconds, name)
    else:
        assert when == seconds and os.fsencode(name).startswith(os.fsencode(was))


@pytest.mark.parametrize("name", ["1.a", "~x", "1~", "x~y", "1.2", "1.~x", "123456789012~x", " 1~x", "1.1234~x"])
def test_other_names_are_not_ours(name: str) -> None:
    assert parse(name) is None


def test_what_is_thrown_away_lies_in_the_trash(root: Path, maildrop: int) -> None:
    (root / "new" / "1.a").write_bytes(b"one")
    (root / "cur" / "1.a:2,FS").write_bytes(b"two")
    before = open_descriptors()
    _throw(Disk(), maildrop, "new/1.a", "cur/1.a:2,FS")
    assert open_descriptors() == before
    assert os.listdir(root / "new") == os.listdir(root / "cur") == []
    assert (root / trash.NAME / f"{AT}~1.a").read_bytes() == b"one"
    assert (root / trash.NAME / f"{AT}~1.a:2,FS").read_bytes() == b"two"
    assert (root / trash.NAME).stat().st_mode & 0o777 == 0o700


def test_nothing_is_replaced(root: Path, maildrop: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trash, "SAME_NAMES", 3)
    for number in range(3):
        (root / "new" / "1.a").write_bytes(b"%d" % number)
        _throw(Disk(), maildrop, "new/1.a")
    contents = {name: (root / trash.NAME / name).read_bytes() for name in os.listdir(root / trash.NAME)}
    assert contents == {f"{AT}~1.a": b"0", f"{AT}.1~1.a": b"1", f"{AT}.2~1.a": b"2"}
    (root / "new" / "1.a").write_bytes(b"3")
    with pytest.raises(FileExistsError):
        _throw(Disk(), maildrop, "new/1.a")
    assert (root / "new" / "1.a").read_bytes() == b"3"


def test_it_is_made_with_the_first_and_synced_with_its_own_name(root: Path, maildrop: int) -> None:
    faulty = FaultyDisk()
    _throw(faulty.disk, maildrop)
    assert faulty.calls == [] and not (root / trash.NAME).exists()
    (root / "new" / "1.a").write_bytes(b"")
    _throw(faulty.disk, maildrop, "new/1.a")
    assert faulty.calls.count("mkdir") == 1
    assert [call for call in faulty.calls if call in ("rename", "fsync")][-3:] == ["fsync", "rename", "fsync"]
    faulty.calls.clear()
    (root / "new" / "2.b").write_bytes(b"")
    _throw(faulty.disk, maildrop, "new/2.b")
    assert faulty.calls == ["stat", "open", "fsync", "rename", "fsync", "close"]


def test_it_can_be_made_in_advance(root: Path, maildrop: int) -> None:
    before = open_descriptors()
    make_trash(Disk(), maildrop)
    assert (root / trash.NAME).stat().st_mode & 0o777 == 0o700
    faulty = FaultyDisk()
    make_trash(faulty.disk, maildrop)
    assert faulty.calls == ["open", "close"]
    assert open_descriptors() == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.EACCES])
def test_where_it_cannot_be_made_in_advance_nobody_is_troubled(root: Path, maildrop: int, number: int) -> None:
    rehearsal, before = FaultyDisk(), open_descriptors()
    make_trash(rehearsal.disk, maildrop)
    for at in range(len(rehearsal.calls)):
        with suppress(FileNotFoundError):
            (root / trash.NAME).rmdir()
        faulty = FaultyDisk()
        faulty.faults[at] = fault(number)
        make_trash(faulty.disk, maildrop)
        assert open_descriptors() == before


def test_a_file_that_is_gone(root: Path, maildrop: int) -> None:
    with pytest.raises(FileNotFoundError):
        _throw(Disk(), maildrop, "new/1.a")
    assert not (root / trash.NAME).exists()
    (root / "cur" / "2.b").write_bytes(b"")
    with pytest.raises(FileNotFoundError):
        _throw(Disk(), maildrop, "cur/2.b", "new/1.a")


def test_a_trash_that_is_gone_is_not_taken_for_a_file_that_is(root: Path, maildrop: int) -> None:
    def rename(*names: str, **keywords: Any) -> None:
        os.rmdir(root / trash.NAME)
        os.rename(*names, **keywords)

    (root / "new" / "1.a").write_bytes(b"kept")
    with pytest.raises(OSError, match=r"just removed mailgate-removed") as caught:
        _throw(FaultyDisk(rename=rename).disk, maildrop, "new/1.a")
    assert not isinstance(caught.value, FileNotFoundError)
    assert (root / "new" / "1.a").read_bytes() == b"kept"


def test_a_link_in_its_place_is_not_followed(root: Path, maildrop: int) -> None:
    (root / "elsewhere").mkdir()
    (root / trash.NAME).symlink_to("elsewhere")
    (root / "elsewhere" / "1~x").write_bytes(b"")
    (root / "new" / "1.a").write_bytes(b"kept")
    with pytest.raises(NotADirectoryError):
        _throw(Disk(), maildrop, "new/1.a")
    with pytest.raises(NotADirectoryError):
        empty(Disk(), maildrop, AT)
    assert (root / "new" / "1.a").exists() and os.listdir(root / "elsewhere") == ["1~x"]


@pytest.fixture
def filled(root: Path, maildrop: int) -> Path:
    for seconds in (AT, AT + 1, AT + 2):
        (root / "new" / "1.a").write_bytes(b"")
        _throw(Disk(), maildrop, "new/1.a", seconds=seconds)
    return root / trash.NAME


def test_only_what_is_older_goes(filled: Path, maildrop: int) -> None:
    assert empty(Disk(), maildrop, AT) == 0
    assert empty(Disk(), maildrop, AT + 0.9) == 0  # it may have come within that second
    assert empty(Disk(), maildrop, AT + 2) == 2
    assert os.listdir(filled) == [f"{AT + 2}~1.a"]


def test_only_files_of_our_form_go(filled: Path, maildrop: int) -> None:
    (filled / "1.a").write_bytes(b"an administrator's")
    (filled / "2~folder").mkdir()
    (filled / "3~link").symlink_to(filled.parent)
    before = open_descriptors()
    assert empty(Disk(), maildrop, AT + 100) == 3
    assert sorted(os.listdir(filled)) == ["1.a", "2~folder", "3~link"]
    assert open_descriptors() == before


def test_without_a_trash_it_costs_one_call(maildrop: int) -> None:
    faulty = FaultyDisk()
    assert empty(faulty.disk, maildrop, AT) == 0
    assert faulty.calls == ["open"]


def test_one_that_cannot_be_removed_does_not_keep_the_others(filled: Path, maildrop: int) -> None:
    faulty, before = FaultyDisk(), open_descriptors()
    faulty.faults[3] = fault(errno.EIO)
    with pytest.raises(OSError, match="Input"):
        empty(faulty.disk, maildrop, AT + 100)
    assert faulty.calls == ["open", "scandir", "unlink", "unlink", "unlink", "close"]
    assert len(os.listdir(filled)) == 1 and open_descriptors() == before


def test_one_that_an_administrator_took_meanwhile_is_not_counted(filled: Path, maildrop: int) -> None:
    def unlink(name: str, **keywords: Any) -> None:
        os.unlink(name, **keywords)
        if name.startswith(f"{AT}~"):
            raise fault(errno.ENOENT)

    assert empty(FaultyDisk(unlink=unlink).disk, maildrop, AT + 100) == 2
