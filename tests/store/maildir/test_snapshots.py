from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mailgate.mail import Snapshot
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.snapshots import EMPTY, RACY_NS, Snapshots
from tests.store.support import FaultyDisk

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
def take(root: Path, clock: _Clock, faulty: FaultyDisk) -> Take:
    snapshots = Snapshots(faulty.disk, clock)

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
