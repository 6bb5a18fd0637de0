from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from mailgate.failures import Gone, NotCommitted, StoreError, StoreFull
from mailgate.mail import Copy
from mailgate.store.maildir.store import MaildirStore
from mailgate.store.maildir.syncing import Way
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


class TestOneMaildirStore(StoreContract):
    @pytest.fixture
    def stores(self, tmp_path: Path) -> Stores:
        store = MaildirStore(str(tmp_path / "mail"), NODE, at_once)
        return store, store


class TestTwoGatewaysOnOneRoot(StoreContract):
    @pytest.fixture
    def stores(self, tmp_path: Path) -> Stores:
        root = str(tmp_path / "mail")
        return MaildirStore(root, NODE, at_once), MaildirStore(root, "node0002", at_once)


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
