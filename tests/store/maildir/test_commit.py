from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.failures import NotCommitted, StoreError, StoreFull
from mailgate.store.maildir.commit import Job, Outcome, Pending, commit, discard
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.syncing import Syncing, Way
from tests.store.support import FaultyDisk, fault, files_below, open_descriptors

FAULTS = [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE]


def _disk(**instead: Any) -> FaultyDisk:
    return FaultyDisk(**{"syncfs": lambda _: None} | instead)


def _commit(root: Path, disk: Disk, jobs: Sequence[Job], way: Way = "syncfs") -> list[Outcome]:
    return commit(disk, Syncing(str(root), disk, way), jobs)


def _pending(root: Path, target: str, name: str, *, durable: bool = False) -> Pending:
    (root / target).mkdir(parents=True, exist_ok=True)
    (root / "tmp").mkdir(exist_ok=True)
    tmp = root / "tmp" / f"{target}-{name}"
    tmp.write_bytes(b"content")
    descriptor = None if durable else os.open(tmp, os.O_WRONLY)
    return Pending(str(tmp), str(root / target / name), os.stat(root).st_dev, descriptor)


def _job(root: Path, name: str, *targets: str, durable: bool = False) -> Job:
    def write() -> list[Pending]:
        return [_pending(root, target, name, durable=durable) for target in targets]

    return Job(write, len(targets))


def _error(outcome: Outcome) -> NotCommitted:
    assert isinstance(outcome, NotCommitted)
    return outcome


@pytest.mark.parametrize(
    ("way", "order"),
    [
        ("syncfs", ["syncfs"] + ["rename"] * 3 + ["syncfs"]),
        ("fsync", ["fsync"] * 3 + ["rename"] * 3 + ["fsync"] * 2),  # a directory is synced once
    ],
)
def test_contents_then_names_then_the_names_durable(tmp_path: Path, way: Way, order: list[str]) -> None:
    faulty, before = _disk(), open_descriptors()
    syncing = Syncing(str(tmp_path), faulty.disk, way)
    commit(faulty.disk, syncing, [_job(tmp_path, "0", "a", "b")])
    faulty.calls.clear()  # of the first use of a file system: is syncfs there?
    outcomes = commit(faulty.disk, syncing, [_job(tmp_path, "1", "a", "b"), _job(tmp_path, "2", "a")])
    assert [call for call in faulty.calls if call in ("fsync", "syncfs", "rename")] == order
    assert outcomes == [(str(tmp_path / "a/1"), str(tmp_path / "b/1")), (str(tmp_path / "a/2"),)]
    assert files_below(str(tmp_path)) == ["a/0", "a/1", "a/2", "b/0", "b/1"]
    assert open_descriptors() == before


def test_the_file_system_is_opened_before_the_first_write(tmp_path: Path) -> None:
    # Else it would not be told of an error that comes before the first sync.
    faulty = _disk()
    when: list[int] = []

    def write() -> list[Pending]:
        when.append(len(faulty.calls))
        return [_pending(tmp_path, "a", "1")]

    _commit(tmp_path, faulty.disk, [Job(write, 1), _job(tmp_path, "2", "a")])
    assert faulty.calls[0] == "open" and when[0] > 0


def test_what_is_durable_already_is_not_synced_again(tmp_path: Path) -> None:
    faulty = _disk()
    _commit(tmp_path, faulty.disk, [_job(tmp_path, "1", "a", "b", durable=True)], "fsync")
    assert [call for call in faulty.calls if call in ("fsync", "rename")] == ["rename"] * 2 + ["fsync"] * 2


def test_files_elsewhere_are_synced_one_by_one(tmp_path: Path) -> None:
    faulty = _disk()

    def write() -> list[Pending]:
        here = _pending(tmp_path, "a", "1")
        return [Pending(here.tmp, here.final, here.device + 1, here.descriptor)]

    _commit(tmp_path, faulty.disk, [Job(write, 1), _job(tmp_path, "2", "b")])
    assert faulty.calls.count("syncfs") == 1  # only to see whether it is there
    assert faulty.calls.count("fsync") == 4


@pytest.mark.parametrize("error", [StoreError("no"), StoreFull("no room"), RuntimeError("a bug")])
def test_one_that_cannot_be_written_does_not_harm_the_others(tmp_path: Path, error: Exception) -> None:
    def write() -> list[Pending]:
        raise error

    outcomes = _commit(tmp_path, _disk().disk, [Job(write, 1), _job(tmp_path, "1", "a")])
    assert files_below(str(tmp_path)) == ["a/1"] and outcomes[1] == (str(tmp_path / "a/1"),)
    if isinstance(error, StoreError):
        assert str(_error(outcomes[0])) == str(error)
        assert _error(outcomes[0]).full == isinstance(error, StoreFull)
    else:
        assert outcomes[0] is error


@pytest.mark.parametrize("helpless", [False, True])
def test_a_name_is_never_taken_from_another_file(tmp_path: Path, helpless: bool) -> None:
    faulty = _disk()
    job = _job(tmp_path, "1", "a", "b")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/1").write_bytes(b"another")
    if helpless:
        unlinks = iter([None, fault(errno.EIO)])  # what has its name is taken back, the other's tmp file stays

        def unlink(path: str) -> None:
            if "/tmp/" in path[len(str(tmp_path)) :] and next(unlinks, None):
                raise fault(errno.EIO)
            os.unlink(path)

        faulty = _disk(unlink=unlink)
    (outcome,) = _commit(tmp_path, faulty.disk, [job])
    assert _error(outcome).visible == ()
    assert [name for name in files_below(str(tmp_path)) if not name.startswith("tmp/")] == ["b/1"]
    assert (tmp_path / "b/1").read_bytes() == b"another"


@pytest.mark.parametrize("way", ["syncfs", "fsync"])
@pytest.mark.parametrize("number", FAULTS)
def test_whichever_call_fails_all_or_none_of_a_job_is_visible(tmp_path: Path, number: int, way: Way) -> None:
    rehearsal, before = _disk(), open_descriptors()
    jobs = [("1", "a"), ("2", "b", "c"), ("3", "d")]
    _commit(tmp_path, rehearsal.disk, [_job(tmp_path / "rehearsal", *job) for job in jobs], way)
    for at, call in enumerate(rehearsal.calls):
        faulty, root = _disk(), tmp_path / str(at)
        faulty.faults[at] = fault(number)
        outcomes = _commit(tmp_path, faulty.disk, [_job(root, *job) for job in jobs], way)
        there: list[str] = []
        for (name, *targets), outcome in zip(jobs, outcomes, strict=True):
            if isinstance(outcome, tuple):
                there += [f"{target}/{name}" for target in targets]
            else:
                assert _error(outcome).visible == () and _error(outcome).full == (
                    number in (errno.ENOSPC, errno.EDQUOT)
                )
        assert files_below(str(root)) == sorted(there)
        failed = sum(not isinstance(outcome, tuple) for outcome in outcomes)
        # Nothing that matters has failed where the file system is looked at, or something is closed.
        looked_at = rehearsal.calls.index("syncfs") + 1 if way == "syncfs" else 0
        if call.startswith("close") or at < looked_at:
            assert failed == 0
        else:
            assert failed == (3 if call == "syncfs" else 1), (at, call)
        assert open_descriptors() == before


@given(st.dictionaries(st.integers(0, 40), st.sampled_from(FAULTS), max_size=6), st.sampled_from(["syncfs", "fsync"]))
def test_whatever_fails_a_job_is_there_or_says_what_is(faults: dict[int, int], way: Way) -> None:
    faulty, before = _disk(), open_descriptors()
    faulty.faults = {at: fault(number) for at, number in faults.items()}
    with tempfile.TemporaryDirectory() as directory:
        jobs = [_job(Path(directory), *job) for job in (("1", "a"), ("2", "b", "c"), ("3", "d"))]
        outcomes = _commit(Path(directory), faulty.disk, jobs, way)
        promised = {path for outcome in outcomes if isinstance(outcome, tuple) for path in outcome}
        confessed = {path for outcome in outcomes if isinstance(outcome, NotCommitted) for path in outcome.visible}
        there = {os.path.join(directory, name) for name in files_below(directory) if not name.startswith("tmp/")}
        assert promised <= there <= promised | confessed
    assert open_descriptors() == before


def test_when_the_sync_of_all_fails_those_fail_that_know_of_an_error(tmp_path: Path) -> None:
    asked: list[str] = []

    def fsync(descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        asked.append(os.path.relpath(path, tmp_path))
        if path.endswith("tmp/b-2"):
            raise fault(errno.EIO)

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("needs /proc")
    syncs = iter([None, fault(errno.EIO), None])

    def syncfs(_: int) -> None:
        if error := next(syncs):
            raise error

    faulty = _disk(fsync=fsync, syncfs=syncfs)
    one, two, three = _commit(
        tmp_path,
        faulty.disk,
        [_job(tmp_path, "1", "a"), _job(tmp_path, "2", "a", "b"), _job(tmp_path, "3", "c", durable=True)],
    )
    assert one == (str(tmp_path / "a/1"),) and three == (str(tmp_path / "c/3"),)
    assert _error(two).visible == ()
    assert files_below(str(tmp_path)) == ["a/1", "c/3"]
    assert asked == ["tmp/a-1", "tmp/a-2", "tmp/b-2"]  # by the descriptors that they were written through


def test_a_failed_sync_is_not_repeated_in_hope(tmp_path: Path) -> None:
    syncs = iter([None, fault(errno.EIO)])

    def syncfs(_: int) -> None:
        if error := next(syncs):
            raise error

    jobs = [_job(tmp_path, "2", "a"), _job(tmp_path, "3", "b"), _job(tmp_path, "4", "c", durable=True)]
    two, three, four = _commit(tmp_path, _disk(syncfs=syncfs).disk, jobs)
    # Every fsync succeeds afterwards; that says nothing.
    assert isinstance(two, NotCommitted) and isinstance(three, NotCommitted)
    assert four == (str(tmp_path / "c/4"),)  # that one was durable before
    assert files_below(str(tmp_path)) == ["c/4"]


def test_what_cannot_be_taken_back_is_named(tmp_path: Path) -> None:
    faulty = _disk()
    faulty.always = {"unlink": fault(errno.EROFS), "fsync": fault(errno.EROFS)}
    job = _job(tmp_path, "1", "a", "b", durable=True)
    (outcome,) = _commit(tmp_path, faulty.disk, [job], "fsync")
    assert set(_error(outcome).visible) == {str(tmp_path / "a/1"), str(tmp_path / "b/1")}
    assert files_below(str(tmp_path)) == ["a/1", "b/1"]


def test_a_file_that_another_program_has_taken_meanwhile_is_visible(tmp_path: Path) -> None:
    (tmp_path / "cur").mkdir()

    def rename(source: str, target: str) -> None:
        os.rename(source, target)
        if target == str(tmp_path / "b/1"):
            os.rename(tmp_path / "a/1", tmp_path / "cur/1")
            raise fault(errno.EIO)  # and this one has its name all the same

    (outcome,) = _commit(tmp_path, _disk(rename=rename).disk, [_job(tmp_path, "1", "a", "b")])
    assert _error(outcome).visible == (str(tmp_path / "a/1"),)
    assert files_below(str(tmp_path)) == ["cur/1"]


def test_discarded(tmp_path: Path) -> None:
    before = open_descriptors()
    files = [_pending(tmp_path, "a", "1"), _pending(tmp_path, "a", "2", durable=True)]
    assert open_descriptors() == before + 1
    discard(FaultyDisk().disk, files)
    assert files_below(str(tmp_path)) == [] and open_descriptors() == before
