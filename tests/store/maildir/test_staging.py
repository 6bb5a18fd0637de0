from __future__ import annotations

import errno
import gc
import os
import stat
from pathlib import Path

import pytest

from mailgate.failures import StoreError, StoreFull
from mailgate.interfaces import IStaged
from mailgate.mail import Body, Field
from mailgate.store.maildir.commit import discard
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.layout import Layout
from mailgate.store.maildir.staging import MANY_COPIES, SMALL_COPIES, SMALL_OCTETS, Staged, Writer, octets_of
from mailgate.store.maildir.store import MaildirStore
from mailgate.store.maildir.syncing import Way
from tests.store.support import (
    ALICE,
    BOB,
    NODE,
    FaultyDisk,
    Later,
    at_once,
    cancel,
    copies,
    deliver,
    fault,
    files_below,
    message,
    open_descriptors,
)
from tests.support import outcome_of, result_of, started


def _writer(root: Path, disk: Disk) -> Writer:
    return Writer(Layout(str(root), disk), disk, NODE, lambda: 1_700_000_000.9)


def test_the_file_is_what_architecture_says(tmp_path: Path) -> None:
    what = message(b"a\nb\n", fields=(Field("X", "y"),))
    before = os.umask(0o777)
    try:
        names = result_of(deliver(MaildirStore(str(tmp_path), NODE, at_once, lambda: 1_700_000_000.9), what, ALICE))
    finally:
        os.umask(before)
    content = b"Delivered-To: alice@example.test\nX: y\na\nb\n"
    name = f"1700000000.{what.id}.{NODE},S={len(content)},W={len(content) + 4}"
    assert names == (str(tmp_path / "example.test/alice/new" / name),)
    assert Path(names[0]).read_bytes() == content
    assert stat.S_IMODE(os.stat(names[0]).st_mode) == 0o600 and os.stat(names[0]).st_nlink == 1
    assert files_below(str(tmp_path)) == [os.path.relpath(names[0], tmp_path)]


def test_every_copy_is_a_file_of_its_own(tmp_path: Path) -> None:
    names = result_of(deliver(MaildirStore(str(tmp_path), NODE, at_once), message(smtputf8=True), ALICE, BOB))
    assert os.stat(names[0]).st_ino != os.stat(names[1]).st_ino
    assert [b"Delivered-To: alice" in Path(name).read_bytes() for name in names] == [True, False]
    assert all(name.endswith(",U=1") for name in names)


def test_few_files_are_open_at_a_time(tmp_path: Path) -> None:
    before, most = open_descriptors(), 0

    def fsync(_: int) -> None:
        nonlocal most
        most = max(most, open_descriptors())

    disk = Disk(fsync=fsync)
    many = copies(*(f"u{n}@x" for n in range(9)))
    written = _writer(tmp_path, disk).write(message(), many, durable=True)
    assert [file.descriptor for file in written] == [None] * 9
    assert most <= before + 3 and open_descriptors() == before
    discard(disk, written)
    assert files_below(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("content", "recipients", "as_whole", "quick"),
    [
        (b"x", 1, False, True),
        (b"x", SMALL_COPIES, False, True),
        (b"x", SMALL_COPIES + 1, False, False),
        (b"x", SMALL_COPIES + 1, True, True),
        (b"x", MANY_COPIES, True, True),
        (b"x", MANY_COPIES + 1, True, False),
        (b"x" * SMALL_OCTETS, 1, True, True),
        (b"x" * (SMALL_OCTETS // 2 + 1), 2, True, False),
    ],
)
def test_only_little_may_be_part_of_a_batch(
    tmp_path: Path, content: bytes, recipients: int, as_whole: bool, quick: bool
) -> None:
    layout = Layout(str(tmp_path), Disk())
    writer = Writer(layout, Disk(), NODE, lambda: 1.0)
    what, for_whom = message(content), copies(*(f"u{n}@x" for n in range(recipients)))
    assert not writer.is_quick(what, for_whom, as_whole=as_whole)  # their maildrops must be made first
    for copy in for_whom:
        layout.prepare(copy.maildrop)
    assert writer.is_quick(what, for_whom, as_whole=as_whole) == quick
    assert octets_of(what, for_whom) == len(content) * recipients
    assert not writer.is_quick(message(body=Body(1, 0, file="/spool/x")), for_whom, as_whole=as_whole)


@pytest.mark.parametrize("sync", ["syncfs", "fsync"])
def test_many_copies_are_a_batchs_where_one_sync_serves_them_all(tmp_path: Path, sync: Way) -> None:
    later, faulty = Later(), FaultyDisk(syncfs=lambda _: None, fsync=lambda _: None)
    store = MaildirStore(str(tmp_path), NODE, later, disk=faulty.disk, sync=sync)
    everybody = [f"u{number}@example.test" for number in range(SMALL_COPIES + 1)]
    for trips in (2, 1 if sync == "syncfs" else 2):  # the first time their maildrops are made
        faulty.calls.clear()
        delivering = started(deliver(store, message(), *everybody))
        for _ in range(trips):
            assert not delivering.called
            for tell in later.run():
                tell()
        assert len(outcome_of(delivering)) == len(everybody)
    assert faulty.calls.count("syncfs") == (2 if sync == "syncfs" else 0)
    assert faulty.calls.count("fsync") == (0 if sync == "syncfs" else 2 * len(everybody))


def test_one_trip_for_a_small_message_two_for_a_large_one(tmp_path: Path) -> None:
    later = Later()
    store = MaildirStore(str(tmp_path), NODE, later)
    first = started(deliver(store, message(), ALICE))
    assert len(later.run()) == 1 and not first.called  # the maildrop is made
    small = started(deliver(store, message(), ALICE))
    for tell in later.run():
        tell()
    assert small.called
    large = started(deliver(store, message(b"x" * (SMALL_OCTETS + 1)), ALICE))
    for _ in range(2):
        assert not large.called
        for tell in later.run():
            tell()
    assert large.called


def test_copies_that_stand_by_themselves_share_a_batch(tmp_path: Path) -> None:
    later, commits = Later(), Later()
    faulty = FaultyDisk(syncfs=lambda _: None)
    store = MaildirStore(str(tmp_path), NODE, later, disk=faulty.disk, commits=commits, sync="syncfs")
    for maildrop in (ALICE, BOB):
        making = started(deliver(store, message(), maildrop))
        later.run_and_tell()
        commits.run_and_tell()
        assert making.called
    what = message()
    batches = [result_of(store.stage(what, copies(maildrop))) for maildrop in (ALICE, BOB)]
    faulty.calls.clear()
    done = [started(batch.commit()) for batch in batches]
    commits.run_and_tell()
    assert all(one.called for one in done)
    assert faulty.calls.count("rename") == 2
    assert faulty.calls.count("syncfs") == 3  # is it there? contents, names
    assert len(later.run()) == 0


@pytest.mark.parametrize("folder", ["tmp", "new"])
def test_a_folder_that_another_program_removed_is_made_again(tmp_path: Path, folder: str) -> None:
    now, faulty = [0.0], FaultyDisk()
    writer = Writer(Layout(str(tmp_path), faulty.disk, lambda: now[0]), faulty.disk, NODE, lambda: 1.0)
    writer.layout.prepare(ALICE)
    (tmp_path / "example.test/alice" / folder).rmdir()
    now[0] += 1.0
    written = writer.write(message(), copies(ALICE), durable=True)
    assert sorted(os.listdir(tmp_path / "example.test/alice")) == ["cur", "new", "tmp"]
    discard(Disk(), written)


def test_a_disk_that_takes_little_at_a_time(tmp_path: Path) -> None:
    disk = Disk(write=lambda descriptor, block: os.write(descriptor, block[:7]))
    (written,) = _writer(tmp_path, disk).write(message(b"0123456789" * 10), copies(ALICE), durable=True)
    assert Path(written.tmp).read_bytes().endswith(b"0123456789" * 10)
    discard(disk, [written])


def test_memory_does_not_grow_with_the_message(tmp_path: Path) -> None:
    content = os.urandom(1_000_000)
    (tmp_path / "spooled").write_bytes(content)
    largest = 0

    def write(descriptor: int, block: bytes | memoryview) -> int:
        nonlocal largest
        largest = max(largest, len(block))
        return os.write(descriptor, block)

    body = Body(len(content), content.count(b"\n"), file=str(tmp_path / "spooled"))
    (written,) = _writer(tmp_path / "mail", Disk(write=write)).write(message(body=body), copies(ALICE), durable=True)
    assert largest < 70_000 and Path(written.tmp).read_bytes().endswith(content)
    discard(Disk(), [written])


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE])
def test_whichever_call_fails_nothing_is_left_behind(tmp_path: Path, number: int, durable: bool) -> None:
    gc.collect()  # what other tests have left is not to be closed while descriptors are counted here
    rehearsal = FaultyDisk()
    discard(
        Disk(), _writer(tmp_path / "rehearsal", rehearsal.disk).write(message(), copies(ALICE, BOB), durable=durable)
    )
    for at in range(len(rehearsal.calls)):
        faulty = FaultyDisk()
        faulty.faults[at] = fault(number)
        root, before = tmp_path / str(at), open_descriptors()
        try:
            written = _writer(root, faulty.disk).write(message(), copies(ALICE, BOB), durable=durable)
        except StoreError as error:
            assert isinstance(error, StoreFull) == (number in (errno.ENOSPC, errno.EDQUOT))
        else:
            assert faulty.calls[at].startswith("close")  # nothing that matters is overlooked
            discard(Disk(), written)
        assert files_below(str(root)) == []
        assert open_descriptors() == before


def test_an_id_that_makes_no_name(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        _writer(tmp_path, Disk()).write(message(message_id="../x"), copies(ALICE), durable=True)


def test_two_copies_for_one_maildrop_are_refused_without_litter(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        _writer(tmp_path, Disk()).write(message(), copies(ALICE, ALICE), durable=True)
    assert files_below(str(tmp_path)) == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_cancelled_while_the_disk_is_slow(tmp_path: Path, moment: str) -> None:
    later, before = Later(), open_descriptors()
    store = MaildirStore(str(tmp_path), NODE, later)
    waiting = started(store.stage(message(), copies(ALICE, BOB)))
    if moment == "after":
        later.run()
        assert len(files_below(str(tmp_path))) == 2
    cancel(waiting)
    later.run_and_tell()
    assert files_below(str(tmp_path)) == [] and open_descriptors() == before


def _staged(root: Path, later: Later, way: str) -> IStaged:
    store = MaildirStore(str(root), NODE, later)
    if way == "quick":
        store._layout.prepare(ALICE)
    staging = started(store.stage(message(), copies(ALICE)))
    later.run_and_tell()
    staged = outcome_of(staging)
    assert isinstance(staged, Staged)
    return staged


@pytest.mark.parametrize("way", ["quick", "written first"])
def test_a_commit_that_has_begun_is_not_discarded(tmp_path: Path, way: str) -> None:
    later = Later()
    staged = _staged(tmp_path, later, way)
    committing = started(staged.commit())
    cancel(committing)
    staged.discard()
    later.run_and_tell()
    assert len(files_below(str(tmp_path))) == 1 and "/new/" in files_below(str(tmp_path))[0]


@pytest.mark.parametrize("way", ["quick", "written first"])
def test_discard_does_not_wait_for_the_disk(tmp_path: Path, way: str) -> None:
    later = Later()
    staged = _staged(tmp_path, later, way)
    there = len(files_below(str(tmp_path)))
    assert there == (0 if way == "quick" else 1)
    staged.discard()
    staged.discard()
    assert len(files_below(str(tmp_path))) == there
    later.run_and_tell()
    assert files_below(str(tmp_path)) == []
    with pytest.raises(RuntimeError):
        result_of(staged.commit())


def test_the_same_message_again_never_replaces_the_first(tmp_path: Path) -> None:
    store, what = MaildirStore(str(tmp_path), NODE, at_once, lambda: 1.0), message()
    result_of(deliver(store, what, ALICE))
    with pytest.raises(StoreError, match=r"File exists.*/new/"):
        result_of(deliver(store, what, ALICE))
    later = MaildirStore(str(tmp_path), NODE, at_once, lambda: 2.0)
    result_of(deliver(later, what, ALICE))
    assert len(files_below(str(tmp_path))) == 2
