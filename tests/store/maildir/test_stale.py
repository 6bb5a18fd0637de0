from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailgate.failures import StoreError, Unrepaired
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.stale import STALE_SECONDS, remove
from mailgate.store.maildir.store import MaildirStore
from tests.store.support import (
    ALICE,
    NODE,
    FaultyDisk,
    at_once,
    copies,
    deliver,
    entries_of,
    fault,
    message,
    open_descriptors,
)
from tests.support import logged, result_of

NOW = 1_700_000_000


@pytest.fixture
def tmp(tmp_path: Path) -> Path:
    for folder in ("tmp", "new", "cur"):
        (tmp_path / folder).mkdir()
    return tmp_path / "tmp"


@pytest.fixture
def maildrop(tmp: Path) -> Iterator[int]:
    with Disk().opened(str(tmp.parent), DIRECTORY) as descriptor:
        yield descriptor


def _put(folder: Path, name: str, age_seconds: int) -> None:
    (folder / name).write_bytes(b"half a mess")
    os.utime(folder / name, (NOW - age_seconds, NOW - age_seconds))


def test_only_what_is_old_goes_and_only_from_tmp(tmp: Path, maildrop: int) -> None:
    for folder in (tmp, tmp.parent / "new", tmp.parent / "cur", tmp.parent):
        _put(folder, "old", STALE_SECONDS)
    _put(tmp, ".hidden", STALE_SECONDS + 1)
    _put(tmp, "fresh", STALE_SECONDS - 1)
    _put(tmp, "from the future", -1000)
    before = open_descriptors()
    assert remove(Disk(), maildrop, NOW) == 2
    assert sorted(os.listdir(tmp)) == ["fresh", "from the future"]
    assert all((tmp.parent / place).exists() for place in ("new/old", "cur/old", "old"))
    assert remove(Disk(), maildrop, NOW) == 0
    assert open_descriptors() == before


def test_only_regular_files_go(tmp: Path, maildrop: int) -> None:
    _put(tmp.parent, "elsewhere", STALE_SECONDS)
    (tmp / "link").symlink_to(tmp.parent / "elsewhere")
    (tmp / "dangling").symlink_to("nowhere")
    (tmp / "folder").mkdir()
    os.mkfifo(tmp / "fifo")
    for name in ("link", "dangling", "folder", "fifo"):
        os.utime(tmp / name, (0, 0), follow_symlinks=False)
    assert remove(Disk(), maildrop, NOW) == 0
    assert len(os.listdir(tmp)) == 4 and (tmp.parent / "elsewhere").exists()


def test_one_that_becomes_something_else_while_it_is_looked_at(tmp: Path, maildrop: int) -> None:
    def look(name: str, **keywords: Any) -> os.stat_result:
        (tmp / name).unlink()
        (tmp / name).symlink_to("/etc/passwd")
        os.utime(tmp / name, (0, 0), follow_symlinks=False)
        return os.stat(name, **keywords)

    _put(tmp, "old", STALE_SECONDS)
    assert remove(FaultyDisk(stat=look).disk, maildrop, NOW) == 0
    assert stat.S_ISLNK((tmp / "old").lstat().st_mode)


def test_a_link_in_place_of_tmp_is_not_followed(tmp: Path, maildrop: int) -> None:
    _put(tmp, "old", STALE_SECONDS)
    tmp.rename(tmp.parent / "elsewhere")
    tmp.symlink_to("elsewhere")
    with pytest.raises(NotADirectoryError):
        remove(Disk(), maildrop, NOW)
    assert os.listdir(tmp.parent / "elsewhere") == ["old"]


def test_without_tmp_there_is_nothing(tmp: Path, maildrop: int) -> None:
    tmp.rmdir()
    assert remove(Disk(), maildrop, NOW) == 0


@pytest.mark.parametrize("call", ["stat", "unlink"])
def test_what_is_gone_meanwhile_is_not_counted(tmp: Path, maildrop: int, call: str) -> None:
    for name in ("one", "two"):
        _put(tmp, name, STALE_SECONDS)
    rehearsal = FaultyDisk()
    rehearsal.always = {"unlink": fault(errno.EIO)}
    with pytest.raises(OSError, match="Input"):
        remove(rehearsal.disk, maildrop, NOW)
    faulty = FaultyDisk()
    faulty.faults[rehearsal.calls.index(call)] = fault(errno.ENOENT)
    assert remove(faulty.disk, maildrop, NOW) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.EACCES])
def test_whichever_call_fails_the_rest_is_done_and_all_of_it_the_next_time(tmp_path: Path, number: int) -> None:
    tmp = tmp_path / "example.test" / "alice" / "tmp"
    plain, before = MaildirStore(str(tmp_path), NODE, at_once), open_descriptors()
    result_of(deliver(plain, message(), ALICE))

    def tidy(faulty: FaultyDisk) -> int:
        return result_of(MaildirStore(str(tmp_path), NODE, at_once, lambda: NOW, faulty.disk).tidy(ALICE))

    def fill() -> FaultyDisk:
        for name in ("one", "two"):
            _put(tmp, name, STALE_SECONDS)
        return FaultyDisk()

    rehearsal = fill()
    assert tidy(rehearsal) == 2
    assert rehearsal.calls.count("unlink") == 2
    for at, call in enumerate(rehearsal.calls):
        faulty = fill()
        faulty.faults[at] = fault(number)
        try:
            assert tidy(faulty) == 2 and call == "close"
        except StoreError as error:
            assert isinstance(error, Unrepaired) == (number == errno.EACCES) and "tidy the maildrop of alice" in str(
                error
            )
            assert len(os.listdir(tmp)) == (1 if call in ("stat", "unlink") else 2)
        assert open_descriptors() == before
        tidy(FaultyDisk())
        assert os.listdir(tmp) == []
    assert len(result_of(entries_of(plain, ALICE))) == 1


def test_the_log_is_told(tmp_path: Path) -> None:
    store = MaildirStore(str(tmp_path), NODE, at_once, lambda: NOW)
    result_of(deliver(store, message(), ALICE))
    with logged() as events:
        assert result_of(store.tidy(ALICE)) == 0
        assert events == []
        _put(tmp_path / "example.test" / "alice" / "tmp", "old", STALE_SECONDS)
        assert result_of(store.tidy(ALICE)) == 1
    (event,) = events
    assert (event["maildrop"], event["removed"]) == (ALICE, 1)


def test_a_delivery_whose_file_is_taken_away_is_put_off(tmp_path: Path) -> None:
    store = MaildirStore(str(tmp_path), NODE, at_once)
    later = MaildirStore(str(tmp_path), NODE, at_once, lambda: 4e9)  # a clock that has jumped
    staged = result_of(store.stage(message(b"x" * 2_000_000), copies(ALICE)))
    assert result_of(later.tidy(ALICE)) == 1
    with pytest.raises(StoreError):
        result_of(staged.commit())
    assert result_of(entries_of(store, ALICE)) == ()
