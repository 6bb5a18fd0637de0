from __future__ import annotations

import errno
from pathlib import Path

import pytest

from mailgate.interfaces import Gone, NotCommitted, StoreError, StoreFull
from mailgate.mail import Copy
from mailgate.store.maildir.store import MaildirStore
from tests.store.contract import StoreContract, Stores
from tests.store.support import ALICE, BOB, NODE, FaultyDisk, at_once, deliver, entries_of, fault, files_below, message
from tests.support import result_of


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
    faulty = FaultyDisk()
    store = MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk)
    result_of(deliver(store, message(), ALICE, BOB))
    staged = result_of(store.stage(message(), [Copy(ALICE), Copy(BOB)]))
    faulty.always = {"unlink": fault(errno.EIO)}
    faulty.faults = {len(faulty.calls) + offset: fault(errno.EIO) for offset in (6, 7)}
    with pytest.raises(NotCommitted) as caught:
        result_of(staged.commit())
    faulty.always = {}
    there = {name for name in files_below(str(tmp_path)) if "/new/" in name}
    assert len(there) == 4 and {str(tmp_path / name) for name in there} >= set(caught.value.visible)
    assert len(caught.value.visible) == 2


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
