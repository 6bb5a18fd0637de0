"""UIDs are put into Dovecot's list as Dovecot would, and what it wrote stays."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgate.failures import InUse, Unrepaired
from mailgate.store.maildir import uidlist, uidlist_adding
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.uidlist import NAME
from mailgate.store.maildir.uidlist_adding import DRAFT, LOCK, STALE_SECONDS, WAIT_SECONDS, UidlistAdder
from tests.store.support import FaultyDisk, fault

NOW = 1_700_000_000.5  # Unix time

# As Dovecot 2.3.19.1 wrote it.
RECORDED = b"""\
3 V1795440460 N13 Gd5e707014c3f046b584a000083ecc375
11 W71 P0000000b6b043f4c :1700000600.M10P77.host
12 W71 :1700000660.M11P77.host,S=65
"""


@pytest.fixture
def maildrop(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, DIRECTORY)
    yield descriptor
    os.close(descriptor)


def adder(maildrop: int, disk: Disk | None = None, waits: list[float] | None = None) -> UidlistAdder:
    return UidlistAdder(disk or Disk(), maildrop, lambda: NOW, ([] if waits is None else waits).append)


def test_into_dovecots(tmp_path: Path, maildrop: int) -> None:
    path = tmp_path / NAME
    path.write_bytes(RECORDED)
    adder(maildrop).add({"1.a,S=1": "one", "2.\udcff": "two"})
    top, *lines = path.read_bytes().splitlines()
    assert top == b"3 V1795440460 N15 Gd5e707014c3f046b584a000083ecc375"
    assert lines == [*RECORDED.splitlines()[1:], b"13 Pone :1.a,S=1", b"14 Ptwo :2.\xff"]
    assert uidlist.read(Disk(), maildrop)["1.a,S=1"] == "one"
    assert os.listdir(tmp_path) == [NAME]
    assert path.stat().st_mode & 0o777 == 0o600


def test_where_there_is_none(tmp_path: Path, maildrop: int) -> None:
    adder(maildrop).add({})
    assert os.listdir(tmp_path) == []
    adder(maildrop).add({"1.a": "one"})
    header, line = (tmp_path / NAME).read_text().splitlines()
    version, validity, following, guid = header.split()
    assert (version, validity, following, len(guid)) == ("3", "V1700000000", "N2", 33)
    assert line == "1 Pone :1.a"
    assert uidlist.read(Disk(), maildrop) == {"1.a": "one"}


def test_lines_that_were_added_behind_the_headers_back(tmp_path: Path, maildrop: int) -> None:
    (tmp_path / NAME).write_bytes(b"3 V1 N2 Gx\n1 :a\n9 :b\nwhat?\n")
    adder(maildrop).add({"c": "see"})
    assert (tmp_path / NAME).read_bytes() == b"3 V1 N11 Gx\n1 :a\n9 :b\nwhat?\n10 Psee :c\n"


@pytest.mark.parametrize("content", [b"1 1275660208 2\n1 a\n", b"nonsense", b"3 V1 N4294967295 Gx\n"])
def test_what_is_not_understood_stays(tmp_path: Path, maildrop: int, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(Unrepaired):
        adder(maildrop).add({"c": "see"})
    assert (tmp_path / NAME).read_bytes() == content
    assert os.listdir(tmp_path) == [NAME]


def test_too_large(tmp_path: Path, maildrop: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uidlist_adding, "MAX_OCTETS", 60)
    with pytest.raises(Unrepaired, match="larger"):
        adder(maildrop).add({"c": "see" * 20})
    assert os.listdir(tmp_path) == []


def test_dovecots_lock_is_waited_for(tmp_path: Path, maildrop: int) -> None:
    (tmp_path / LOCK).write_bytes(b"")
    os.utime(tmp_path / LOCK, (NOW, NOW))
    waits: list[float] = []
    with pytest.raises(InUse, match="Dovecot is writing"):
        adder(maildrop, waits=waits).add({"c": "see"})
    assert sum(waits) == pytest.approx(WAIT_SECONDS, abs=1)
    assert os.listdir(tmp_path) == [LOCK]  # it is not ours


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE])
def test_every_call_may_fail(tmp_path: Path, maildrop: int, error: int) -> None:
    (tmp_path / NAME).write_bytes(RECORDED)
    number = 0
    while True:
        faulty = FaultyDisk()
        faulty.faults[number] = fault(error)
        with contextlib.suppress(OSError):
            adder(maildrop, faulty.disk).add({"c": "see"})
        left = set(os.listdir(tmp_path))
        assert DRAFT not in left
        assert LOCK not in left or faulty.calls[number] == "unlink"  # which is stale when the process has ended
        (tmp_path / LOCK).unlink(missing_ok=True)
        uids = uidlist.read(Disk(), maildrop)
        assert uids["1700000600.M10P77.host"] == "0000000b6b043f4c"
        if len(faulty.calls) <= number:
            break
        number += 1
    assert uids["c"] == "see"
    assert number > 5


@pytest.mark.parametrize(
    ("owner", "age_seconds", "is_stale"),
    [
        ("{gone}:{host}", 0, True),
        ("{gone}:elsewhere", 0, False),
        ("{alive}:{host}", 0, False),
        ("1:{host}", 0, False),
        ("0:{host}", 0, False),
        ("{alive}:{host}", STALE_SECONDS + 1, True),
        ("", STALE_SECONDS + 1, True),
        ("", 0, False),
    ],
)
def test_a_lock_that_somebody_left_behind(
    tmp_path: Path, maildrop: int, owner: str, age_seconds: float, is_stale: bool
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / LOCK).write_text(owner.format(gone=ended.pid, alive=os.getpid(), host=socket.gethostname()))
    os.utime(tmp_path / LOCK, (NOW - age_seconds, NOW - age_seconds))
    if is_stale:
        adder(maildrop).add({"c": "see"})
        assert os.listdir(tmp_path) == [NAME]
    else:
        with pytest.raises(InUse):
            adder(maildrop).add({"c": "see"})


def test_a_lock_of_another_user(tmp_path: Path, maildrop: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    (tmp_path / LOCK).write_text(f"1:{socket.gethostname()}")
    os.utime(tmp_path / LOCK, (NOW, NOW))
    with pytest.raises(InUse):
        adder(maildrop).add({"c": "see"})


def test_a_lock_that_goes_while_it_is_looked_at(tmp_path: Path, maildrop: int) -> None:
    (tmp_path / LOCK).write_text("")
    waits: list[float] = []

    def opened(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == LOCK and not flags & os.O_CREAT and (tmp_path / LOCK).exists():
            (tmp_path / LOCK).unlink()
        return os.open(path, flags, mode, dir_fd=dir_fd)

    adder(maildrop, FaultyDisk(open=opened).disk, waits).add({"c": "see"})
    assert len(waits) == 1


def test_a_draft_that_somebody_left_behind(tmp_path: Path, maildrop: int) -> None:
    (tmp_path / DRAFT).write_text("half")
    adder(maildrop).add({"c": "see"})
    assert os.listdir(tmp_path) == [NAME]
