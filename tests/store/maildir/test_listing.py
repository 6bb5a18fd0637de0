from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from attrs import evolve

from mailgate.mail import Entry
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.listing import EXACT, Listing, Sizes, place_in_order, scan
from tests.store.support import FaultyDisk, fault

Scan = Callable[..., Listing]


@pytest.fixture
def new(tmp_path: Path) -> Path:
    for folder in ("cur", "new", "tmp"):
        (tmp_path / folder).mkdir()
    return tmp_path / "new"


@pytest.fixture
def cur(new: Path) -> Path:
    return new.parent / "cur"


def _scan(folder: Path, disk: Disk | None = None, known: Sizes | None = None) -> Listing:
    with Disk().opened(str(folder.parent), DIRECTORY) as maildrop:
        return scan(disk or Disk(), maildrop, known or {})


def _entries(folder: Path) -> tuple[Entry, ...]:
    return _scan(folder).entries


def test_nothing_is_opened_or_looked_at_where_the_name_tells_all(new: Path) -> None:
    (new / "12.a.b,S=1,W=77").write_bytes(b"")
    faulty = FaultyDisk()
    (entry,) = _scan(new, faulty.disk).entries
    assert entry == Entry("12.a.b", 77, "new/12.a.b,S=1,W=77", "", 12, False)
    assert faulty.calls.count("open") == 3  # two folders, and the list of UIDs that is not there
    assert faulty.calls.count("stat") == 2  # of cur


def test_order_is_seconds_then_name(new: Path, cur: Path) -> None:
    for folder, name in ((new, "9.z"), (cur, "10.b:2,S"), (new, "10.a"), (cur, "10.c"), (new, "2.x")):
        (folder / name).write_bytes(b"x\n")
    assert [entry.uid for entry in _entries(new)] == ["2.x", "9.z", "10.a", "10.b", "10.c"]


OURS = "1700000000.06h1x1g0000000000000000001.node0001,S=9,W=10"


def test_our_own_names_among_others(new: Path, cur: Path) -> None:
    for folder, name in ((new, OURS), (cur, OURS.replace("170", "160") + ",U=1:2,S"), (new, "1650000000.x,S=1,W=3")):
        (folder / name).write_bytes(b"")
    first, second, third = _entries(new)
    unique = OURS.partition(",")[0]
    identity = unique.split(".")[1]
    key = f"cur/{OURS.replace('170', '160')},U=1:2,S"
    assert first == Entry(unique.replace("170", "160"), 10, key, identity, 1_600_000_000, True)
    assert second == Entry("1650000000.x", 3, "new/1650000000.x,S=1,W=3", "", 1_650_000_000, False)
    assert third == Entry(unique, 10, f"new/{OURS}", identity, 1_700_000_000, False)


def test_our_own_names_twice(new: Path, cur: Path) -> None:
    for place in (new / OURS, cur / f"{OURS}:2,S", cur / f"{OURS},U=1"):
        place.write_bytes(b"")
    entries = _entries(new)
    assert len({entry.uid for entry in entries}) == 3 and all(len(entry.uid) == 64 for entry in entries)
    assert [entry.key.startswith(EXACT) for entry in entries] == [True, True, False]


def test_an_entrys_place_in_the_order_can_be_told(new: Path, cur: Path) -> None:
    names = (OURS, "1700000000.z", "hello", "9.a", f"{OURS}:2,S", "9.a,S=2,W=2", "1.ü", ",", "1.b:2,S")
    for number, name in enumerate(names):
        ((new, cur)[number % 2] / name).write_bytes(b"x\n")
    (cur / OURS).write_bytes(b"x\n")
    entries = _entries(new)
    assert len(entries) == 10 and list(entries) == sorted(entries, key=place_in_order)
    assert len(set(map(place_in_order, entries))) == 10


def test_foreign_files_are_counted(new: Path, cur: Path) -> None:
    (new / "1.lf").write_bytes(b"a\nb\n")
    (cur / "2.crlf:2,S").write_bytes(b"a\r\nb\r\n")
    (new / "3.open").write_bytes(b"a\nb")
    (new / "4.dovecot,S=4,W=9").write_bytes(b"a\nb\n")  # a name is believed
    (new / "hello").write_bytes(b"")
    (new / "sized,W=9").write_bytes(b"x\n")
    os.utime(new / "hello", (5, 5))
    os.utime(new / "sized,W=9", (6, 6))
    sizes = [(entry.octets, entry.seconds) for entry in _entries(new)]
    assert sizes == [(6, 1), (6, 2), (6, 3), (9, 4), (0, 5), (9, 6)]


def test_sizes_are_remembered_until_the_file_changes(new: Path, cur: Path) -> None:
    (new / "1.x").write_bytes(b"a\n")
    first = _scan(new)
    os.rename(new / "1.x", cur / "1.x:2,S")
    faulty = FaultyDisk()
    second = _scan(new, faulty.disk, first.sizes)
    assert "read" not in faulty.calls and second.entries[0].octets == 3
    (cur / "1.x:2,S").write_bytes(b"a\nb\n")
    assert _scan(new, None, second.sizes).entries[0].octets == 6


def test_what_is_no_message_is_not_listed(new: Path) -> None:
    (new / "1.a").write_bytes(b"x\n")
    (new / ".hidden").write_bytes(b"x\n")
    (new / "folder").mkdir()
    (new / "2.link").symlink_to("1.a")
    (new / "3.dangling").symlink_to("nowhere")
    os.mkfifo(new / "4.fifo")
    (new.parent / ".Sent" / "cur").mkdir(parents=True)
    (new.parent / ".Sent" / "cur" / "5.sent").write_bytes(b"x\n")
    (new.parent / "tmp" / "6.tmp").write_bytes(b"x\n")
    assert [entry.uid for entry in _entries(new)] == ["1.a"]


@pytest.mark.parametrize("missing", ["new", "cur"])
def test_a_missing_folder_is_an_empty_one(new: Path, missing: str) -> None:
    (new.parent / ("cur" if missing == "new" else "new") / "1.a").write_bytes(b"x\n")
    (new.parent / missing).rmdir()
    assert len(_entries(new)) == 1


def test_a_folder_that_is_a_link_is_refused(new: Path) -> None:
    new.rmdir()
    new.symlink_to("cur")
    with pytest.raises(NotADirectoryError):
        _entries(new)


def test_uid_survives_flags_and_the_move_to_cur(new: Path, cur: Path) -> None:
    for name in ("1.a,S=1,W=1", "odd name", "x" * 90):
        (new / name).write_bytes(b"x\n")
    before = _entries(new)
    for name in ("1.a,S=1,W=1", "odd name", "x" * 90):
        os.rename(new / name, cur / f"{name}:2,FRS")
    after = _entries(new)
    assert [entry.uid for entry in before] == [entry.uid for entry in after]
    assert [entry.key for entry in before] != [entry.key for entry in after]


def test_a_name_that_makes_no_uid_is_hashed(new: Path) -> None:
    for made in (os.fsencode("1.ü"), b"2.a b", b"3." + b"x" * 69, b",S=1", b"4.\xff", b"5." + b"y" * 68):
        (new / os.fsdecode(made)).write_bytes(b"x\n")
    uids = {entry.key.removeprefix("new/"): entry.uid for entry in _entries(new)}
    assert uids["5." + "y" * 68] == "5." + "y" * 68
    for name, uid in uids.items():
        if not name.startswith("5."):
            assert uid == hashlib.sha256(os.fsencode(name)).hexdigest()


def test_names_that_differ_only_behind_the_comma(new: Path) -> None:
    for name in ("1.a,S=2", "1.a,S=3"):
        (new / name).write_bytes(b"x\n")
    uids = [entry.uid for entry in _entries(new)]
    assert uids == [hashlib.sha256(name).hexdigest() for name in (b"1.a,S=2", b"1.a,S=3")]


def test_imported_uids_count_first(new: Path, cur: Path) -> None:
    for name in ("1.a,S=2", "2.b", "3.c", "4.d", "5.e"):
        (new / name).write_bytes(b"x\n")
    (new / OURS).write_bytes(b"x\n")
    (new.parent / "dovecot-uidlist").write_bytes(
        b"3 V1 N9\n1 P0001 :1.a,S=2:2,S\n2 Pwith\x01control :2.b\n3 Psame :3.c\n4 Psame :4.d\n5 P :5.e\n"
        b"6 Pours :" + OURS.encode() + b":2,S\n"
    )
    first, second, third, fourth, fifth, sixth = (entry.uid for entry in _entries(new))
    assert (first, second, fifth, sixth) == ("0001", "2.b", "5.e", "ours")
    assert third != fourth and {len(third), len(fourth)} == {64}


def test_a_message_that_moves_during_the_scan_is_listed_once(new: Path, cur: Path) -> None:
    (new / "1.a").write_bytes(b"x\n")
    seen = 0

    @contextmanager
    def scandir(descriptor: int) -> Iterator[Iterator[os.DirEntry[str]]]:
        nonlocal seen
        with os.scandir(descriptor) as entries:
            listed = list(entries)
        seen += 1
        if seen == 1:
            os.rename(new / "1.a", cur / "1.a:2,S")
        yield iter(listed)

    (entry,) = _scan(new, evolve(Disk(), scandir=scandir)).entries
    assert entry.key == "cur/1.a:2,S"


def test_a_cur_that_changes_during_the_scan_is_read_again_but_not_for_ever(new: Path, cur: Path) -> None:
    scans = 0

    def scandir(descriptor: int) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
        nonlocal scans
        scans += 1
        os.utime(cur, ns=(scans, scans))
        return os.scandir(descriptor)

    assert _scan(new, evolve(Disk(), scandir=scandir)).entries == ()
    assert scans == 6


def test_two_files_with_one_base_name_are_two_messages(new: Path, cur: Path) -> None:
    (new / "1.a").write_bytes(b"first\n")
    (cur / "1.a:2,S").write_bytes(b"second\n")
    one, other = _entries(new)
    assert one.uid != other.uid and {one.key, other.key} == {"=new/1.a", "=cur/1.a:2,S"}


def test_one_that_vanishes_during_the_scan_is_left_out(new: Path) -> None:
    (new / "1.a").write_bytes(b"x\n")
    (new / "2.b").write_bytes(b"x\n")

    def stat(path: str, **keywords: object) -> os.stat_result:
        if path == "1.a":
            os.unlink(new / "1.a")
        return os.stat(path, **keywords)  # type: ignore[arg-type]

    assert [entry.uid for entry in _scan(new, evolve(Disk(), stat=stat)).entries] == ["2.b"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["open", "read"])
def test_one_bad_file_does_not_hide_the_others(new: Path, number: int, call: str) -> None:
    (new / "1.bad").write_bytes(b"abc\n")
    (new / "2.b,W=4").write_bytes(b"x\n")
    faulty = FaultyDisk()
    _scan(new, faulty.disk)
    faulty.calls.clear()
    at = _index_of_reading(new, call)
    faulty.faults[at] = fault(number)
    assert [entry.octets for entry in _scan(new, faulty.disk).entries] == [4, 4]


def test_want_of_descriptors_is_not_the_files_fault(new: Path) -> None:
    (new / "1.bad").write_bytes(b"abc\n")
    faulty = FaultyDisk()
    faulty.faults[_index_of_reading(new, "open")] = fault(errno.EMFILE)
    with pytest.raises(OSError, match="Too many"):
        _scan(new, faulty.disk)


def _index_of_reading(new: Path, call: str) -> int:
    rehearsal = FaultyDisk()
    _scan(new, rehearsal.disk)
    first_read = rehearsal.calls.index("read")
    return first_read if call == "read" else max(at for at in range(first_read) if rehearsal.calls[at] == "open")
