from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailgate.failures import InUse, LockLost, StoreError
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.lock import check, lock
from mailgate.store.maildir.store import MaildirStore
from tests.store.support import ALICE, NODE, FaultyDisk, at_once, fault, open_descriptors
from tests.support import result_of

_TRY = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)"


def _another_process_gets_it(path: Path) -> bool:
    return (
        subprocess.run([sys.executable, "-c", _TRY, str(path)], stderr=subprocess.DEVNULL, check=False).returncode == 0
    )


def test_another_process_sees_it(tmp_path: Path) -> None:
    maildrop = result_of(MaildirStore(str(tmp_path), NODE, at_once).open(ALICE))
    directory = tmp_path / "example.test" / "alice"
    assert not _another_process_gets_it(directory)
    maildrop.release()
    assert _another_process_gets_it(directory)


def test_the_lock_of_another_process_is_respected(tmp_path: Path) -> None:
    store, before = MaildirStore(str(tmp_path), NODE, at_once), open_descriptors()
    result_of(store.open(ALICE)).release()
    with Disk().opened(str(tmp_path / "example.test" / "alice"), DIRECTORY) as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with pytest.raises(InUse, match="another process"):
            result_of(store.open(ALICE))
    result_of(store.open(ALICE)).release()
    assert open_descriptors() == before


def test_without_flock_between_descriptors_the_process_still_keeps_its_sessions_apart(tmp_path: Path) -> None:
    nfs = Disk(flock=lambda descriptor, operation: None)
    before = open_descriptors()
    held = lock(nfs, os.open(tmp_path, DIRECTORY), ALICE)
    with pytest.raises(InUse, match="another session"):
        lock(nfs, os.open(tmp_path, DIRECTORY), ALICE)
    held.close()
    lock(nfs, os.open(tmp_path, DIRECTORY), ALICE).close()
    assert open_descriptors() == before


@pytest.mark.parametrize("call", ["fstat", "flock"])
def test_what_fails_leaves_nothing_locked(tmp_path: Path, call: str) -> None:
    faulty, before = FaultyDisk(), open_descriptors()
    faulty.always = {call: fault(errno.ENOLCK)}
    with pytest.raises(OSError, match="locks"):
        lock(faulty.disk, os.open(tmp_path, DIRECTORY), ALICE)
    assert open_descriptors() == before
    faulty.always = {}
    lock(faulty.disk, os.open(tmp_path, DIRECTORY), ALICE).close()


def test_a_file_system_without_locks_is_a_store_error(tmp_path: Path) -> None:
    faulty = FaultyDisk()
    faulty.always = {"flock": fault(errno.ENOLCK)}
    with pytest.raises(StoreError, match="flock"):
        result_of(MaildirStore(str(tmp_path), NODE, at_once, disk=faulty.disk).open(ALICE))


def test_a_path_that_leads_elsewhere_by_now(tmp_path: Path) -> None:
    path = tmp_path / "maildrop"
    path.mkdir()
    with Disk().opened(str(path), DIRECTORY) as directory:
        check(Disk(), directory, str(path))
        os.rename(path, tmp_path / "old")
        with pytest.raises(LockLost, match="moved"):
            check(Disk(), directory, str(path))
        path.symlink_to("old")
        with pytest.raises(LockLost, match="another"):
            check(Disk(), directory, str(path))
        path.unlink()
        path.mkdir()
        with pytest.raises(LockLost, match="another"):
            check(Disk(), directory, str(path))
