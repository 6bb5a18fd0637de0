from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from mailgate.failures import Gone, NotRemoved, StoreError, Unrepaired
from mailgate.mail import Entry
from mailgate.store.maildir import trash
from mailgate.store.maildir.directory import LockedDirectory
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.handover import SharedDescriptor
from mailgate.store.maildir.snapshots import Snapshots
from tests.store.support import FaultyDisk, at_once, content_of, fault, open_descriptors
from tests.support import logged, result_of

AT = 1_700_000_000
TO = pytest.mark.parametrize("trashed_at", [None, AT], ids=["expunge", "trash"])
NUMBERS = pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.EACCES]
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("tmp", "new", "cur"):
        (tmp_path / folder).mkdir()
    return tmp_path


def _opened(home: Path, disk: Disk) -> LockedDirectory:
    held = SharedDescriptor(Disk(), os.open(home, DIRECTORY))
    return LockedDirectory(disk, held, str(home), Snapshots(disk, lambda: AT))


def _fill(home: Path, *names: str) -> None:
    for name in names:
        (home / "new" / name).write_bytes(name.encode() + b"\n")


def _everywhere(home: Path) -> dict[str, int]:
    """How often each message is there, the trash included, by its content."""
    times: dict[str, int] = {}
    for folder in ("new", "cur", trash.NAME):
        for path in (home / folder).iterdir() if (home / folder).is_dir() else ():
            content = path.read_text()
            times[content] = times.get(content, 0) + 1
    return times


def test_what_is_missing_is_made_again_before_it_is_listed(home: Path) -> None:
    for folder in ("tmp", "new", "cur"):
        (home / folder).rmdir()
    faulty = FaultyDisk()
    directory = _opened(home, faulty.disk)
    assert directory.take().entries == ()
    assert sorted(os.listdir(home)) == ["cur", "new", "tmp"] and faulty.calls.count("fsync") == 1
    faulty.calls.clear()
    directory.take()
    assert "mkdir" not in faulty.calls
    directory.held.close()


def test_an_unchanged_one_costs_three_calls(home: Path) -> None:
    faulty = FaultyDisk()
    for folder in ("new", "cur"):
        os.utime(home / folder, (AT - 100, AT - 100))
    directory = _opened(home, faulty.disk)
    first = directory.take()
    faulty.calls.clear()
    assert directory.take() is first and faulty.calls == ["stat"] * 3
    directory.held.close()


@NUMBERS
def test_listing_goes_on_where_nothing_can_be_made(home: Path, number: int) -> None:
    _fill(home, "1.a")
    (home / "cur").rmdir()
    faulty = FaultyDisk()
    faulty.always = {"mkdir": fault(number)}
    directory = _opened(home, faulty.disk)
    assert [entry.uid for entry in directory.take().entries] == ["1.a"]
    directory.held.close()


def test_what_needs_repair_is_said_to(home: Path) -> None:
    _fill(home, "1.a")
    directory = _opened(home, Disk())
    (entry,) = directory.take().entries
    os.rename(home / "new", home / "old")
    (home / "new").symlink_to("old")
    with pytest.raises(Unrepaired, match="cannot list the maildrop"):
        directory.take()
    with pytest.raises(Unrepaired, match="cannot open the message"):
        directory.open(at_once, entry, ())
    directory.held.close()


def test_a_message_and_what_comes_next(home: Path) -> None:
    _fill(home, "1.a", "2.b", "3.c")
    directory = _opened(home, Disk())
    first, second, third = directory.take().entries
    content, ahead = directory.open(at_once, first, [second, third])
    assert result_of(content_of(content)) == b"1.a\n"
    assert ahead == {"new/2.b": b"2.b\n", "new/3.c": b"3.c\n"}
    os.unlink(home / "new" / "2.b")
    assert directory.open(at_once, first, [second, third])[1] == {}
    with pytest.raises(Gone):
        directory.open(at_once, second, [third])
    directory.held.close()
    with pytest.raises(StoreError, match="closed"):
        directory.open(at_once, first, ())


@TO
def test_moved_and_marked_ones_are_found_and_gone_ones_count(home: Path, trashed_at: int | None) -> None:
    _fill(home, "1.a", "2.b", "3.c")
    directory = _opened(home, Disk())
    entries = directory.take().entries
    os.rename(home / "new" / "1.a", home / "cur" / "1.a:2,FS")
    os.unlink(home / "new" / "2.b")
    directory.remove(entries[:2], trashed_at)
    assert os.listdir(home / "new") == ["3.c"] and os.listdir(home / "cur") == []
    if trashed_at:
        assert os.listdir(home / trash.NAME) == [f"{AT}~1.a:2,FS"]
    directory.held.close()


def test_removal_is_durable_and_in_the_trash_first(home: Path) -> None:
    synced: list[str] = []

    def fsync(descriptor: int) -> None:
        synced.extend(
            path.name for path in (home, *home.iterdir()) if path.stat().st_ino == os.fstat(descriptor).st_ino
        )
        os.fsync(descriptor)

    _fill(home, "1.a", "2.b")
    directory = _opened(home, Disk(fsync=fsync))
    entries = directory.take().entries
    directory.remove(entries[:1], None)
    assert synced == ["new", "cur"]
    (home / trash.NAME).mkdir()
    synced.clear()
    directory.remove(entries[1:], AT)
    assert synced == [home.name, trash.NAME, "new", "cur"]
    directory.held.close()


@TO
def test_nothing_to_remove_costs_nothing(home: Path, trashed_at: int | None) -> None:
    faulty = FaultyDisk()
    directory = _opened(home, faulty.disk)
    directory.remove((), trashed_at)
    assert faulty.calls == []
    directory.held.close()


@TO
@NUMBERS
def test_whichever_call_fails_what_remains_is_named(home: Path, number: int, trashed_at: int | None) -> None:
    names = ("1.a", "2.b", "3.c")
    calls = _remove_two(home, FaultyDisk(), names, trashed_at, None)
    assert calls.count("rename" if trashed_at else "unlink") == 2
    for at, call in enumerate(calls):
        for folder in ("new", "cur", trash.NAME):
            for path in (home / folder).iterdir() if (home / folder).is_dir() else ():
                path.unlink()
        faulty, before = FaultyDisk(), open_descriptors()
        faulty.faults[at] = fault(number)
        _remove_two(home, faulty, names, trashed_at, call)
        assert open_descriptors() == before


def _remove_two(
    home: Path, faulty: FaultyDisk, names: tuple[str, ...], trashed_at: int | None, failing: str | None
) -> list[str]:
    _fill(home, *names)
    if (home / trash.NAME).is_dir():
        (home / trash.NAME).rmdir()
    looking, directory = _opened(home, Disk()), _opened(home, faulty.disk)
    entries = looking.take().entries
    named: tuple[Entry, ...] = ()
    try:
        directory.remove(entries[:2], trashed_at)
    except NotRemoved as error:
        named = error.entries
    assert bool(named) == (failing not in (None, "close")), failing
    left = set(looking.take().entries)
    assert left - set(named) == set(entries[2:])  # the rest was tried, nothing unmarked was touched
    if trashed_at:
        assert _everywhere(home) == {f"{name}\n": 1 for name in names}  # nothing lost, nothing twice
    directory.held.close()
    looking.held.close()
    return faulty.calls


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_where_no_trash_can_be_made_all_remain(home: Path, number: int) -> None:
    _fill(home, "1.a", "2.b", "3.c")
    faulty = FaultyDisk()
    faulty.always = {"mkdir": fault(number)}
    directory = _opened(home, faulty.disk)
    entries = directory.take().entries
    os.unlink(home / "new" / "2.b")
    with pytest.raises(NotRemoved) as caught:
        directory.remove(entries, AT)
    assert [entry.uid for entry in caught.value.entries] == ["1.a", "3.c"]
    assert sorted(os.listdir(home / "new")) == ["1.a", "3.c"]
    directory.held.close()


def test_what_cannot_be_made_durable_is_reported_as_a_whole(home: Path) -> None:
    _fill(home, "1.a", "2.b")
    faulty = FaultyDisk()
    directory = _opened(home, faulty.disk)
    entries = directory.take().entries
    (home / trash.NAME).mkdir()
    faulty.always = {"fsync": fault(errno.EIO)}
    for trashed_at, some in ((AT, entries[:1]), (None, entries[1:])):
        with pytest.raises(NotRemoved, match="input/output") as caught:
            directory.remove(some, trashed_at)
        assert caught.value.entries == some
    directory.held.close()


def test_a_folder_that_is_gone_needs_no_sync(home: Path) -> None:
    def unlink(name: str, **keywords: Any) -> None:
        os.unlink(name, **keywords)
        (home / "cur").rmdir()

    _fill(home, "1.a")
    directory = _opened(home, Disk(unlink=unlink))
    directory.remove(directory.take().entries, None)
    directory.held.close()


def test_a_copy_never_has_the_uid_of_the_one_that_was_removed(home: Path) -> None:
    (home / "new" / "1700000000.a").write_bytes(b"x\n")
    (home / "cur" / "1700000000.a:2,S").write_bytes(b"x\n")
    directory = _opened(home, Disk())
    first, second = sorted(directory.take().entries, key=lambda entry: len(entry.uid))
    assert first.uid == "1700000000.a"
    directory.remove([first], None)
    assert [entry.uid for entry in directory.take().entries] == [second.uid]
    directory.held.close()
    again = _opened(home, Disk())  # and the next time, which is written down
    assert [entry.uid for entry in again.take().entries] == [second.uid]
    again.held.close()


def test_one_that_remains_keeps_its_uid(home: Path) -> None:
    (home / "new" / "1700000000.a").write_bytes(b"x\n")
    (home / "cur" / "1700000000.a:2,S").write_bytes(b"x\n")
    faulty = FaultyDisk()
    directory = _opened(home, faulty.disk)
    entries = directory.take().entries
    faulty.always = {"unlink": fault(errno.EIO)}
    with pytest.raises(NotRemoved):
        directory.remove(entries, None)
    faulty.always = {}
    assert directory.take().entries == entries
    directory.held.close()


@pytest.mark.parametrize("name", ["1700000000.a", "1700000000.a,S=2,W=3"])
def test_a_size_that_is_wrong_is_told_once_and_right_the_next_time(home: Path, name: str) -> None:
    _fill(home, name)
    (home / "new" / name).write_bytes(b"x\n")
    for folder in ("new", "cur"):
        os.utime(home / folder, (AT - 100, AT - 100))
    directory = _opened(home, Disk())
    (entry,) = directory.take().entries
    with logged() as events:
        directory.open(at_once, entry, ())
        assert events == []
        (home / "new" / name).write_bytes(b"x\ny\n")
        for _ in range(2):
            content, _ = directory.open(at_once, entry, ())
            assert result_of(content_of(content)) == b"x\ny\n"
        (now,) = directory.take().entries
        assert (entry.octets, now.octets, now.uid) == (3, 6, entry.uid)
        directory.open(at_once, now, [now])
    (event,) = events
    assert (event["uid"], event["octets"], event["log_namespace"]) == (entry.uid, 4, "mailgate.store")
    directory.held.close()
