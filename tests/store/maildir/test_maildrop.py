from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import evolve
from zope.interface.verify import verifyObject

from mailgate.failures import Gone, InUse, LockLost, NotRemoved, StoreError, Unrepaired
from mailgate.interfaces import IMaildrop
from mailgate.mail import Entry
from mailgate.rules import Rules
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.maildrop import NoMaildrop
from mailgate.store.maildir.store import MaildirStore
from tests.store.support import (
    ALICE,
    NODE,
    FaultyDisk,
    Later,
    at_once,
    cancel,
    content_of,
    deliver,
    fault,
    files_below,
    listed,
    message,
    open_descriptors,
)
from tests.support import logged, result_of, started

T = TypeVar("T")


def _mark_read(home: Path, entry: Entry) -> None:
    name = entry.key.partition("/")[2]
    os.rename(home / "new" / name, home / "cur" / f"{name}:2,S")


def test_a_message_that_mutt_has_marked_is_found(maildrop: Any, home: Path) -> None:
    first, second, third = listed(maildrop)
    _mark_read(home, first)
    _mark_read(home, second)
    assert result_of(content_of(result_of(maildrop.read(first)))).endswith(b"0\n")
    result_of(maildrop.remove([second]))
    assert [entry.uid for entry in listed(maildrop)] == [first.uid, third.uid]


def test_a_message_that_another_program_removed(maildrop: Any, home: Path) -> None:
    first, second, third = listed(maildrop)
    os.unlink(home / first.key)
    with pytest.raises(Gone, match=first.uid):
        result_of(maildrop.read(first))
    result_of(maildrop.remove([first, second]))
    assert listed(maildrop) == (third,)


def test_a_message_that_became_something_else_is_not_opened(maildrop: Any, home: Path, tmp_path: Path) -> None:
    first, second, _ = listed(maildrop)
    (tmp_path / "secret").write_bytes(b"secret")
    os.unlink(home / first.key)
    (home / first.key).symlink_to(tmp_path / "secret")
    os.unlink(home / second.key)
    os.mkfifo(home / second.key)
    before = open_descriptors()
    for entry in (first, second):
        with pytest.raises(StoreError):
            result_of(maildrop.read(entry))
    assert open_descriptors() == before


def test_a_new_that_became_a_link_is_not_followed(maildrop: Any, home: Path, tmp_path: Path) -> None:
    first, _, _ = listed(maildrop)
    os.rename(home / "new", tmp_path / "elsewhere")
    (home / "new").symlink_to(tmp_path / "elsewhere")
    for call in (maildrop.snapshot, lambda: maildrop.read(first), lambda: maildrop.remove([first])):
        with pytest.raises(StoreError):
            result_of(call())
    assert len(os.listdir(tmp_path / "elsewhere")) == 3


def test_a_maildrop_that_somebody_removed_altogether(maildrop: Any, home: Path) -> None:
    entries = listed(maildrop)
    for name in files_below(str(home)):
        os.unlink(home / name)
    for folder in ("new", "cur", "tmp", ""):
        os.rmdir(home / folder)
    assert listed(maildrop) == ()
    with pytest.raises(Gone):
        result_of(maildrop.read(entries[0]))
    with pytest.raises(LockLost, match="moved"):
        result_of(maildrop.remove(entries))


def test_a_maildrop_that_was_replaced_on_the_disk_loses_nothing(maildrop: Any, home: Path, tmp_path: Path) -> None:
    entries = listed(maildrop)
    shutil.copytree(home, tmp_path / "backup")
    os.rename(home, tmp_path / "old")
    os.rename(tmp_path / "backup", home)
    other = result_of(MaildirStore(str(tmp_path), NODE, at_once).open(ALICE))  # two sessions, of two directories
    maildrop.fetched(entries[0], 1)
    for to_trash in (False, True):
        with pytest.raises(LockLost, match="another directory"):
            result_of(maildrop.remove(entries, to_trash=to_trash))
    assert len(files_below(str(home))) == len(files_below(str(tmp_path / "old"))) == 3
    with logged():
        maildrop.release()  # what was noted goes nowhere
    result_of(other.remove(listed(other)))
    assert files_below(str(home)) == [] and len(files_below(str(tmp_path / "old"))) == 3
    other.release()


def test_on_a_read_only_disk_reading_goes_on(tmp_path: Path, faulty: FaultyDisk) -> None:
    writer = MaildirStore(str(tmp_path), NODE, at_once)
    result_of(deliver(writer, message(b"x\n"), ALICE))
    (tmp_path / "example.test" / "alice" / "cur").rmdir()
    for call in ("mkdir", "chmod", "fchmod", "rename", "unlink", "write"):
        faulty.always[call] = fault(errno.EROFS)
    maildrop = result_of(MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk).open(ALICE))
    (entry,) = listed(maildrop)
    assert result_of(content_of(result_of(maildrop.read(entry)))).endswith(b"x\n")
    with pytest.raises(NotRemoved, match="read-only") as caught:
        result_of(maildrop.remove([entry]))
    assert caught.value.entries == (entry,)
    maildrop.release()


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES])
def test_where_nothing_can_be_made_an_unknown_maildrop_is_empty(
    tmp_path: Path, faulty: FaultyDisk, number: int
) -> None:
    faulty.always = {"mkdir": fault(number)}
    maildrop = result_of(MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk).open(ALICE))
    assert isinstance(maildrop, NoMaildrop) and verifyObject(IMaildrop, maildrop)
    assert listed(maildrop) == ()
    with pytest.raises(Gone):
        result_of(maildrop.read(Entry("u", 1, "new/u")))
    result_of(maildrop.remove([Entry("u", 1, "new/u")]))
    maildrop.release()
    maildrop.release()


def test_with_a_trash_deleting_goes_on_when_nothing_can_be_made(tmp_path: Path, faulty: FaultyDisk, home: Path) -> None:
    store = MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk)
    result_of(deliver(store, message(), ALICE))
    result_of(store.open(ALICE)).release()
    assert not (home / "mailgate-removed").exists()
    result_of(store.open(ALICE, Rules(dele="trash", removed_days=1))).release()
    faulty.always = {call: fault(errno.ENOSPC) for call in ("mkdir", "write")}
    maildrop = result_of(store.open(ALICE, Rules(dele="trash", removed_days=1)))
    result_of(maildrop.remove(listed(maildrop), to_trash=True))
    assert listed(maildrop) == () and len(os.listdir(home / "mailgate-removed")) == 1
    maildrop.release()


def test_other_trouble_with_making_one_is_told(tmp_path: Path, faulty: FaultyDisk) -> None:
    faulty.always = {"mkdir": fault(errno.EIO)}
    with pytest.raises(StoreError, match=r"alice@example\.test"):
        result_of(MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk).open(ALICE))


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.EACCES])
def test_trouble_with_reading_leaks_nothing(tmp_path: Path, number: int) -> None:
    result_of(deliver(MaildirStore(str(tmp_path), NODE, at_once), message(), ALICE))
    rehearsal = FaultyDisk()
    _session(tmp_path, rehearsal)
    for at in range(len(rehearsal.calls)):
        faulty, before = FaultyDisk(), open_descriptors()
        faulty.faults[at] = fault(number)
        try:
            _session(tmp_path, faulty)
        except StoreError:
            assert faulty.calls[at] != "close"
        assert open_descriptors() == before
        result_of(MaildirStore(str(tmp_path), NODE, at_once).open(ALICE)).release()


@pytest.mark.parametrize("call", ["stat", "scandir"])
def test_trouble_with_the_first_listing_keeps_no_lock(tmp_path: Path, faulty: FaultyDisk, call: str) -> None:
    store, before = MaildirStore(str(tmp_path), NODE, at_once), open_descriptors()
    result_of(deliver(store, message(), ALICE))
    faulty.always = {call: fault(errno.EACCES)}
    with pytest.raises(Unrepaired):
        result_of(MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk).open(ALICE))
    assert open_descriptors() == before
    result_of(store.open(ALICE)).release()


def _session(root: Path, faulty: FaultyDisk) -> None:
    maildrop = result_of(MaildirStore(str(root), NODE, at_once, disk=faulty.disk).open(ALICE))
    try:
        for entry in listed(maildrop):
            result_of(content_of(result_of(maildrop.read(entry))))
    finally:
        maildrop.release()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_open_that_nobody_waits_for_keeps_no_lock(tmp_path: Path, moment: str) -> None:
    later, before = Later(), open_descriptors()
    waiting = started(MaildirStore(str(tmp_path), NODE, later).open(ALICE))
    if moment == "after":
        later.run()
    cancel(waiting)
    later.run_and_tell()
    assert open_descriptors() == before
    result_of(MaildirStore(str(tmp_path), NODE, at_once).open(ALICE)).release()


def test_a_read_that_nobody_waits_for_leaves_no_file_open(tmp_path: Path) -> None:
    result_of(deliver(MaildirStore(str(tmp_path), NODE, at_once), message(b"x\n" * 100_000), ALICE))
    later = Later()
    opening = started(MaildirStore(str(tmp_path), NODE, later).open(ALICE))
    later.run_and_tell()
    maildrop = result_of(opening)
    listing = started(maildrop.snapshot())
    later.run_and_tell()
    (entry,) = result_of(listing).entries
    before = open_descriptors()
    reading = started(maildrop.read(entry))
    later.run()
    cancel(reading)
    later.run_and_tell()
    assert open_descriptors() == before
    maildrop.release()


def test_released_in_the_middle_of_a_removal_the_lock_goes_when_it_is_done(tmp_path: Path) -> None:
    store = MaildirStore(str(tmp_path), NODE, at_once)
    result_of(deliver(store, message(), ALICE))
    refused: list[str] = []

    def unlink(path: str, **keywords: Any) -> None:
        session.release()
        with pytest.raises(InUse):
            result_of(store.open(ALICE))
        refused.append(path)
        os.unlink(path, **keywords)

    busy = MaildirStore(str(tmp_path), NODE, at_once, disk=evolve(Disk(), unlink=unlink))
    session = result_of(busy.open(ALICE))
    result_of(session.remove(listed(session)))
    assert len(refused) == 1
    result_of(store.open(ALICE)).release()
