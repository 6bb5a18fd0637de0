from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from mailgate.failures import Gone, NotCommitted, StoreError, StoreFull, Unrepaired
from mailgate.mail import Copy
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.store import MaildirStore
from mailgate.store.maildir.syncing import Way
from tests.store.abilities import AbilityContract
from tests.store.contract import StoreContract, Stores
from tests.store.support import (
    ALICE,
    BOB,
    NODE,
    FaultyDisk,
    Later,
    at_once,
    deliver,
    entries_of,
    fault,
    files_below,
    message,
    open_descriptors,
)
from tests.support import result_of, started


class TestOneMaildirStore(StoreContract, AbilityContract):
    @pytest.fixture
    def stores(self, tmp_path: Path) -> Stores:
        store = MaildirStore(str(tmp_path / "mail"), NODE, at_once)
        return store, store


class TestTwoGatewaysOnOneRoot(StoreContract, AbilityContract):
    @pytest.fixture
    def stores(self, tmp_path: Path) -> Stores:
        root = str(tmp_path / "mail")
        return MaildirStore(root, NODE, at_once), MaildirStore(root, "node0002", at_once)


class TestWhatIsInMemory(StoreContract, AbilityContract):
    """As if all of the disk were: nothing is different for being had at once."""

    @pytest.fixture
    def stores(self, tmp_path: Path) -> Stores:
        store = MaildirStore(str(tmp_path / "mail"), NODE, at_once, resident=Disk())
        return store, store


@pytest.mark.parametrize("node", ["", "a/b", "a.b", "x" * 17, "a,b"])
def test_a_node_must_fit_into_a_file_name(node: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="node"):
        MaildirStore(str(tmp_path), node, at_once)


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("write", errno.ENOSPC),
        ("fsync", errno.EDQUOT),
        ("rename", errno.EIO),
        ("mkdir", errno.EROFS),
        ("open", errno.EMFILE),
    ],
)
def test_service_resumes_by_itself_when_the_trouble_is_over(tmp_path: Path, call: str, number: int) -> None:
    faulty = FaultyDisk()
    store = MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk)
    faulty.always = {call: fault(number)}
    with pytest.raises(StoreError) as caught:
        result_of(deliver(store, message(), ALICE, BOB))
    full = number in (errno.ENOSPC, errno.EDQUOT)
    assert (isinstance(caught.value, StoreFull) or getattr(caught.value, "full", False)) == full
    assert files_below(str(tmp_path)) == []
    faulty.always = {}
    result_of(deliver(store, message(), ALICE, BOB))
    assert len(result_of(entries_of(store, ALICE))) == len(result_of(entries_of(store, BOB))) == 1


@pytest.mark.parametrize("call", ["stat", "open", "scandir"])
def test_browsing_raises_store_errors(tmp_path: Path, call: str) -> None:
    faulty = FaultyDisk()
    store = MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk)
    result_of(deliver(store, message(), ALICE))
    (entry,) = result_of(store.browse(ALICE)).entries
    faulty.always = {call: fault(errno.EIO)}
    with pytest.raises(StoreError):
        result_of(store.browse(ALICE))
    with pytest.raises(StoreError):
        result_of(store.names())
    if call == "open":
        with pytest.raises(StoreError):
            result_of(store.read(ALICE, entry))


def test_what_a_commit_leaves_visible_is_named(tmp_path: Path) -> None:
    trouble = False

    def fsync(descriptor: int) -> None:
        if trouble and stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise fault(errno.EIO)

    faulty = FaultyDisk(fsync=fsync)
    store = MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk, sync="fsync")
    result_of(deliver(store, message(), ALICE, BOB))
    staged = result_of(store.stage(message(), [Copy(ALICE), Copy(BOB)]))
    trouble, faulty.always = True, {"unlink": fault(errno.EIO)}
    with pytest.raises(NotCommitted) as caught:
        result_of(staged.commit())
    there = {str(tmp_path / name) for name in files_below(str(tmp_path)) if "/new/" in name}
    assert len(there) == 4 and there > set(caught.value.visible)
    assert len(caught.value.visible) == 2


BATCH = ([ALICE], [BOB, "carol@example.test"], ["dave@example.test"])


def _commit_a_batch(root: Path, faulty: FaultyDisk, sync: Way, faults: dict[int, OSError]) -> list[Deferred[Any]]:
    """Commit three messages together, in maildrops that are known; faults are counted from the batch's beginning."""
    later = Later()
    store = MaildirStore(str(root), NODE, later, disk=faulty.disk, sync=sync)
    for maildrops in BATCH:
        making = started(deliver(store, message(), *maildrops))
        later.run_and_tell()
        result_of(making)
    done = [started(deliver(store, message(b"whole\n"), *maildrops)) for maildrops in BATCH]
    faulty.faults = {len(faulty.calls) + at: error for at, error in faults.items()}
    faulty.calls.append("the batch begins")
    later.run_and_tell()
    return done


@pytest.mark.parametrize("sync", ["syncfs", "fsync"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE])
def test_whichever_call_of_a_batch_fails(tmp_path: Path, number: int, sync: Way) -> None:
    without = dict.fromkeys(("fsync", "syncfs"), lambda _: None)
    rehearsal, before = FaultyDisk(**without), open_descriptors()
    _commit_a_batch(tmp_path / "rehearsal", rehearsal, sync, {})
    begin = rehearsal.calls.index("the batch begins")
    calls = rehearsal.calls[begin:]
    assert calls.count("open") >= 4 and calls.count("write") == calls.count("rename") == 4
    assert "mkdir" not in calls and calls.count("syncfs") == (2 if sync == "syncfs" else 0)
    for at in range(1, len(calls)):
        faulty, root = FaultyDisk(**without), tmp_path / str(at)
        done = _commit_a_batch(root, faulty, sync, {at: fault(number)})
        failed = 0
        for maildrops, one in zip(BATCH, done, strict=True):
            files = [
                path
                for maildrop in maildrops
                for path in (root / "example.test" / maildrop.partition("@")[0] / "new").iterdir()
                if path.read_bytes().endswith(b"\nwhole\n")
            ]
            try:
                names = result_of(one)
            except NotCommitted as error:
                failed += 1
                assert files == [] and error.visible == ()
                assert error.full == (number in (errno.ENOSPC, errno.EDQUOT))
            else:
                assert [str(path) for path in files] == list(names)
        looked_at = sync == "syncfs" and at < 3  # the file system: then each file is synced by itself
        spared = calls[at].startswith("close") or looked_at
        assert failed == (0 if spared else 3 if calls[at] == "syncfs" else 1), (at, calls[at])
        assert not any("/tmp/" in path for path in files_below(str(root)))
        assert open_descriptors() == before


def test_a_message_of_a_maildrop_that_is_gone(tmp_path: Path) -> None:
    store = MaildirStore(str(tmp_path), NODE, at_once)
    result_of(deliver(store, message(), ALICE))
    (entry,) = result_of(store.browse(ALICE)).entries
    with pytest.raises(Gone):
        result_of(store.read(BOB, entry))


def test_names_that_mean_the_same_are_one_maildrop(tmp_path: Path) -> None:
    store = MaildirStore(str(tmp_path), NODE, at_once)
    result_of(deliver(store, message(), "ALICE@Example.Test"))
    assert len(result_of(store.browse(ALICE)).entries) == 1
    for name in ("alice", "@example.test", "x" * 201 + "@example.test"):
        for ask in (store.browse, store.open):
            with pytest.raises(StoreError):
                result_of(ask(name))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.EACCES])
def test_whichever_call_fails_the_trash_can_be_emptied_the_next_time(tmp_path: Path, number: int) -> None:
    plain, before = MaildirStore(str(tmp_path), NODE, at_once), open_descriptors()

    def fill() -> None:
        for _ in range(2):
            result_of(deliver(plain, message(), ALICE))
        maildrop = result_of(plain.open(ALICE))
        result_of(maildrop.remove(result_of(maildrop.snapshot()).entries, to_trash=True))
        maildrop.release()

    def empty(faulty: FaultyDisk) -> int:
        return result_of(MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk).empty_trash(ALICE, 4e9))

    fill()
    rehearsal = FaultyDisk()
    assert empty(rehearsal) == 2
    for at, call in enumerate(rehearsal.calls):
        fill()
        faulty = FaultyDisk()
        faulty.faults[at] = fault(number)
        try:
            assert empty(faulty) == 2 and call == "close"
        except StoreError as error:
            assert isinstance(error, Unrepaired) == (number == errno.EACCES) and "trash of alice" in str(error)
        assert open_descriptors() == before
        empty(FaultyDisk())
        assert [name for name in files_below(str(tmp_path)) if "/mailgate-removed/" in name] == []


def test_without_a_trash_it_costs_one_failed_open(tmp_path: Path) -> None:
    faulty = FaultyDisk()
    store = MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk)
    result_of(deliver(store, message(), ALICE))
    faulty.calls.clear()
    assert result_of(store.empty_trash(ALICE, 4e9)) == 0
    assert faulty.calls.count("open") == 4  # root, domain, user: the way there
    assert set(faulty.calls) == {"open", "close"}


@pytest.mark.parametrize("where", ["example.test", "example.test/alice"])
def test_what_somebody_must_repair_is_said_to_be_so(tmp_path: Path, where: str) -> None:
    store = MaildirStore(str(tmp_path), NODE, at_once)
    result_of(deliver(store, message(), ALICE))
    (entry,) = result_of(store.browse(ALICE)).entries
    (tmp_path / where).rename(tmp_path / "elsewhere")
    (tmp_path / where).symlink_to(tmp_path / "elsewhere")
    for ask in (lambda: store.browse(ALICE), lambda: store.open(ALICE), lambda: store.read(ALICE, entry)):
        with pytest.raises(Unrepaired, match="symbolic link"):
            result_of(ask())


@pytest.mark.parametrize("sync", ["auto", "fsync"])
@pytest.mark.parametrize("large", [False, True])
def test_a_delivery_is_put_off_whatever_is_to_be_repaired(tmp_path: Path, sync: Way, large: bool) -> None:
    faulty = FaultyDisk()
    store = MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk, sync=sync)
    result_of(deliver(store, message(), ALICE))
    what = message(b"x" * 2_000_000 if large else b"x\n")
    for call in ("open", "write", "rename"):
        faulty.always = {call: fault(errno.EACCES)}
        with pytest.raises(StoreError) as caught:
            result_of(deliver(store, what, ALICE))
        assert not isinstance(caught.value, StoreFull) and not getattr(caught.value, "full", False)
    faulty.always = {}
    assert len(result_of(entries_of(store, ALICE))) == 1
