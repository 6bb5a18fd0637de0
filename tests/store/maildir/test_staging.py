from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from mailgate.interfaces import StoreError, StoreFull
from mailgate.mail import Body, Field
from mailgate.store.maildir import staging
from mailgate.store.maildir.commit import discard
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.layout import Layout
from mailgate.store.maildir.staging import Staged, Writer
from mailgate.store.maildir.store import MaildirStore
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
from tests.support import result_of, started


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


def test_few_files_are_open_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "OPEN_FILES", 2)
    faulty = FaultyDisk()
    before = open_descriptors()
    written = _writer(tmp_path, faulty.disk).write(message(), copies(*(f"u{n}@x" for n in range(5))))
    assert [file.descriptor is not None for file in written] == [True, True, False, False, False]
    assert open_descriptors() == before + 2
    discard(faulty.disk, written)
    assert open_descriptors() == before and files_below(str(tmp_path)) == []


def test_a_disk_that_takes_little_at_a_time(tmp_path: Path) -> None:
    disk = Disk(write=lambda descriptor, block: os.write(descriptor, block[:7]))
    (written,) = _writer(tmp_path, disk).write(message(b"0123456789" * 10), copies(ALICE))
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
    (written,) = _writer(tmp_path / "mail", Disk(write=write)).write(message(body=body), copies(ALICE))
    assert largest < 70_000 and Path(written.tmp).read_bytes().endswith(content)
    discard(Disk(), [written])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE])
def test_whichever_call_fails_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(staging, "OPEN_FILES", 1)
    rehearsal = FaultyDisk()
    discard(Disk(), _writer(tmp_path / "rehearsal", rehearsal.disk).write(message(), copies(ALICE, BOB)))
    for at in range(len(rehearsal.calls)):
        faulty = FaultyDisk()
        faulty.faults[at] = fault(number)
        root, before = tmp_path / str(at), open_descriptors()
        try:
            written = _writer(root, faulty.disk).write(message(), copies(ALICE, BOB))
        except StoreError as error:
            assert isinstance(error, StoreFull) == (number in (errno.ENOSPC, errno.EDQUOT))
        else:
            assert faulty.calls[at] == "close"  # nothing that matters is overlooked
            discard(Disk(), written)
        assert files_below(str(root)) == []
        assert open_descriptors() == before


def test_an_id_that_makes_no_name(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        _writer(tmp_path, Disk()).write(message(message_id="../x"), copies(ALICE))


def test_two_copies_for_one_maildrop_are_refused_without_litter(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        _writer(tmp_path, Disk()).write(message(), copies(ALICE, ALICE))
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


def test_a_commit_that_has_begun_is_not_discarded(tmp_path: Path) -> None:
    later = Later()
    store = MaildirStore(str(tmp_path), NODE, later)
    staging_ = started(store.stage(message(), copies(ALICE)))
    later.run_and_tell()
    staged = result_of(staging_)
    assert isinstance(staged, Staged)
    committing = started(staged.commit())
    cancel(committing)
    staged.discard()
    later.run_and_tell()
    assert len(files_below(str(tmp_path))) == 1 and "/new/" in files_below(str(tmp_path))[0]


def test_discard_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    later = Later()
    staging_ = started(MaildirStore(str(tmp_path), NODE, later).stage(message(), copies(ALICE)))
    later.run_and_tell()
    staged = result_of(staging_)
    staged.discard()
    staged.discard()
    assert len(files_below(str(tmp_path))) == 1
    later.run_and_tell()
    assert files_below(str(tmp_path)) == []


def test_the_same_message_again_never_replaces_the_first(tmp_path: Path) -> None:
    store, what = MaildirStore(str(tmp_path), NODE, at_once, lambda: 1.0), message()
    result_of(deliver(store, what, ALICE))
    with pytest.raises(StoreError, match="there already"):
        result_of(deliver(store, what, ALICE))
    later = MaildirStore(str(tmp_path), NODE, at_once, lambda: 2.0)
    result_of(deliver(later, what, ALICE))
    assert len(files_below(str(tmp_path))) == 2
