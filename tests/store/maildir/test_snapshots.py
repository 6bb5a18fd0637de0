from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mailgate.mail import Snapshot
from mailgate.store.maildir import uid_owners
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.snapshots import EMPTY, RACY_NS, Snapshots
from tests.store.support import FaultyDisk, fault
from tests.support import logged

T0 = 1_700_000_000 * 10**9
Take = Callable[[], Snapshot]


class _Clock:
    def __init__(self) -> None:
        self.ns = T0

    def __call__(self) -> float:
        return self.ns / 1e9


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def faulty() -> FaultyDisk:
    return FaultyDisk()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("cur", "new"):
        (tmp_path / folder).mkdir()
    (tmp_path / "new" / "1.a").write_bytes(b"x\n")
    _settle(tmp_path, T0)
    return tmp_path


def _settle(root: Path, ns: int) -> None:
    for folder in ("cur", "new"):
        os.utime(root / folder, ns=(ns, ns))


@pytest.fixture
def snapshots(clock: _Clock, faulty: FaultyDisk) -> Snapshots:
    return Snapshots(faulty.disk, clock)


@pytest.fixture
def take(root: Path, snapshots: Snapshots) -> Take:
    def take() -> Snapshot:
        with Disk().opened(str(root), DIRECTORY) as maildrop:
            return snapshots.take(str(root), maildrop)

    return take


def test_an_unchanged_maildrop_is_not_scanned_again(take: Take, clock: _Clock, faulty: FaultyDisk) -> None:
    clock.ns = T0 + RACY_NS + 1_000_000
    first = take()
    assert faulty.calls.count("scandir") == 2
    assert take() is first
    assert faulty.calls.count("scandir") == 2
    assert faulty.calls[-3:] == ["stat"] * 3


@pytest.mark.parametrize("after_ns", [0, RACY_NS, -(10**9)], ids=["now", "just now", "from the future"])
def test_a_directory_changed_a_moment_before_the_scan_is_not_trusted(
    take: Take, clock: _Clock, faulty: FaultyDisk, after_ns: int
) -> None:
    clock.ns = T0 + after_ns
    first = take()
    clock.ns = T0 + 10**12  # however much later one asks: what counts is when the scan began
    assert take() is first  # equal, so the same
    assert faulty.calls.count("scandir") == 4
    assert take() is first
    assert faulty.calls.count("scandir") == 4  # and the second scan can be trusted


def test_a_change_within_the_tick_of_the_scan_is_seen(take: Take, root: Path, clock: _Clock) -> None:
    assert len(take().entries) == 1
    (root / "new" / "2.b").write_bytes(b"x\n")
    _settle(root, T0)  # the kernel's clock has not moved on
    assert len(take().entries) == 2


@pytest.mark.parametrize("folder", ["new", "cur"])
def test_a_change_in_either_directory_is_seen(take: Take, root: Path, clock: _Clock, folder: str) -> None:
    clock.ns = T0 + 10**9
    first = take()
    (root / folder / "2.b").write_bytes(b"x\n")
    second = take()
    assert (len(first.entries), len(second.entries)) == (1, 2) and first.revision != second.revision
    (root / folder / "2.b").unlink()
    third = take()
    assert third.entries == first.entries


def test_what_is_known_of_the_others_is_not_found_out_again(take: Take, root: Path, clock: _Clock) -> None:
    for number in range(10, 30):
        (root / "new" / f"17000000{number}.a,S=1,W=2").write_bytes(b"")
    clock.ns = T0 + 10**9
    first = take()
    (root / "new" / "1700000030.a,S=1,W=2").write_bytes(b"")
    second = take()
    assert len(second.entries) == 22
    same = {entry.key: entry for entry in first.entries}
    kept = [entry is same.get(entry.key) for entry in second.entries]
    assert kept == [True] * 20 + [False, False]  # one is new, and one had to be looked at


def test_a_change_of_the_imported_uids_is_seen(take: Take, root: Path, clock: _Clock) -> None:
    clock.ns = T0 + 10**9
    assert take().entries[0].uid == "1.a"
    (root / "dovecot-uidlist").write_bytes(b"3 V1 N2\n1 Pimported :1.a\n")
    assert take().entries[0].uid == "imported"


def test_a_glance_tells_what_is_missing(root: Path, clock: _Clock, faulty: FaultyDisk) -> None:
    snapshots = Snapshots(faulty.disk, clock)
    with Disk().opened(str(root), DIRECTORY) as maildrop:
        first = snapshots.glance(maildrop)
        assert faulty.calls == ["stat"] * 3
        assert not first.lacks_folders  # the list of UIDs is no folder
        clock.ns += 10**9
        second = snapshots.glance(maildrop)
        assert first == second and second.is_settled and not first.is_settled
        (root / "cur").rmdir()
        assert snapshots.glance(maildrop).lacks_folders


def test_by_a_glance_that_was_cast_already(root: Path, clock: _Clock, faulty: FaultyDisk) -> None:
    clock.ns = T0 + 10**9
    snapshots = Snapshots(faulty.disk, clock)
    with Disk().opened(str(root), DIRECTORY) as maildrop:
        taken = snapshots.take(str(root), maildrop)
        glance = snapshots.glance(maildrop)
        faulty.calls.clear()
        assert snapshots.take(str(root), maildrop, glance) is taken
        assert faulty.calls == []


def test_all_empty_maildrops_are_the_same(take: Take, root: Path) -> None:
    (root / "new" / "1.a").unlink()
    assert take() is EMPTY
    (root / "new").rmdir()
    assert take() is EMPTY


def test_what_is_cached_is_bounded_and_the_least_used_goes_first(root: Path, clock: _Clock, faulty: FaultyDisk) -> None:
    clock.ns = T0 + 10**9
    snapshots = Snapshots(faulty.disk, clock, entries=6)  # each maildrop here weighs three: itself, entry, size
    with Disk().opened(str(root), DIRECTORY) as maildrop:
        for path, scans in (("a", 2), ("b", 4), ("a", 4), ("c", 6), ("a", 6), ("b", 8)):
            snapshots.take(path, maildrop)
            assert faulty.calls.count("scandir") == scans


def test_one_that_is_larger_than_the_cache_is_served_all_the_same(root: Path, clock: _Clock) -> None:
    snapshots = Snapshots(Disk(), clock, entries=1)
    with Disk().opened(str(root), DIRECTORY) as maildrop:
        assert len(snapshots.take("a", maildrop).entries) == len(snapshots.take("a", maildrop).entries) == 1


def test_whose_a_uid_is_is_written_down_where_it_is_locked(root: Path, clock: _Clock, faulty: FaultyDisk) -> None:
    (root / "cur" / "1.a:2,S").write_bytes(b"y\n")
    _settle(root, T0)
    clock.ns = T0 + 10**9
    snapshots = Snapshots(faulty.disk, clock)
    with Disk().opened(str(root), DIRECTORY) as maildrop:
        first = snapshots.take(str(root), maildrop)
        assert not (root / uid_owners.NAME).exists()
        faulty.always = {"replace": fault(errno.EROFS)}
        with logged() as events:
            assert snapshots.take(str(root), maildrop, is_locked=True) is first
        assert len(events) == 1 and not (root / uid_owners.NAME).exists()
        faulty.always = {}
        assert snapshots.take(str(root), maildrop, is_locked=True) is first
        assert uid_owners.read(Disk(), maildrop).keys() == {"1.a"}
        faulty.calls.clear()
        assert snapshots.take(str(root), maildrop, is_locked=True) is first and faulty.calls == ["stat"] * 3


def test_what_is_doubted_is_looked_at_again(take: Take, snapshots: Snapshots, root: Path, clock: _Clock) -> None:
    lying = "1700000000.01h1x1g0000000000000000001.node0001,S=8,W=9"
    (root / "new" / lying).write_bytes(b"x\n" * 50)
    _settle(root, T0)
    clock.ns = T0 + 10**9
    foreign, ours = sorted(take().entries, key=lambda entry: len(entry.uid))
    assert (foreign.octets, ours.octets) == (3, 9)
    inode = (root / "new" / "1.a").stat().st_ino
    assert not snapshots.doubt(str(root), foreign, inode, 2) and not snapshots.doubt("/elsewhere", ours, 0, 100)
    with (root / "new" / "1.a").open("ab") as file:
        file.write(b"more\n")
    assert sum(entry.octets for entry in take().entries) == 12  # nothing shows that it has changed
    assert snapshots.doubt(str(root), foreign, inode, 7)
    assert snapshots.doubt(str(root), ours, (root / "new" / lying).stat().st_ino, 100)
    told = take()
    assert {entry.uid: entry.octets for entry in told.entries} == {foreign.uid: 9, ours.uid: 150}
    assert not snapshots.doubt(str(root), ours, (root / "new" / lying).stat().st_ino, 100)
    os.rename(root / "new" / lying, root / "cur" / f"{lying}:2,S")
    assert {entry.uid: entry.octets for entry in take().entries} == {foreign.uid: 9, ours.uid: 150}
