"""What is not as it should be is found, and said what to do about it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from mailgate.failures import InUse, StoreError
from mailgate.store.maildir.stale import STALE_SECONDS
from mailgate.store.maildir.store import MaildirStore
from mailgate.store.maildir.verifying import Finding, Verifier
from tests.store.support import ALICE, NODE, FaultyDisk, at_once, deliver, entries_of, fault, message
from tests.support import result_of

NOW = 1_800_000_000.0


@pytest.fixture
def maildrop(tmp_path: Path) -> Path:
    result_of(deliver(a_store(tmp_path), message(), ALICE))
    return tmp_path / "example.test" / "alice"


def a_store(root: Path) -> MaildirStore:
    return MaildirStore(str(root), NODE, at_once)


def verify(maildrop: Path, *, repair: bool = False, **keywords: Any) -> list[Finding]:
    verifier = Verifier(str(maildrop.parent.parent), clock=lambda: NOW, **keywords)
    steps = list(verifier.verify(ALICE, repair=repair))
    assert len(steps) == verifier.count(ALICE)
    return [finding for step in steps for finding in step]


def put(maildrop: Path, place: str, content: bytes = b"Subject: x\n\nx\n") -> Path:
    path = maildrop / place
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def kinds(maildrop: Path, **keywords: Any) -> list[tuple[str, str]]:
    return [(finding.kind, finding.place) for finding in verify(maildrop, **keywords)]


def test_what_is_delivered_is_as_it_should_be(maildrop: Path) -> None:
    assert verify(maildrop) == []


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("1700000001.a.b", b"x\n", ""),
        ("1700000001.a.b,S=2,W=3", b"x\n", ""),
        ("1700000001.a.b,S=2", b"x\n", ""),
        ("1700000001.a.b,S=9,W=10", b"x\n", "truncated"),
        ("1700000001.a.b,S=1,W=3", b"x\n", "size"),
        ("1700000001.a.b,W=2", b"x\n", "size"),
        ("1700000001.a.b,S=2,W=3", b"\0\n", "nul"),
        ("1700000001.a.b", b"", "empty"),
        ("odd", b"x\n", "name"),
        ("1700000001.a b", b"x\n", "name"),
        (".1.a", b"x\n", "hidden"),
    ],
)
def test_files(maildrop: Path, name: str, content: bytes, kind: str) -> None:
    put(maildrop, f"cur/{name}:2,S", content)
    assert kinds(maildrop) == ([(kind, f"cur/{name}:2,S")] if kind else [])


def test_what_is_no_file(maildrop: Path) -> None:
    (maildrop / "new" / "1.link").symlink_to("/etc/passwd")
    (maildrop / "new" / "2.directory").mkdir()
    os.mkfifo(maildrop / "new" / "3.fifo")
    assert kinds(maildrop) == [("kind", "new/1.link"), ("kind", "new/2.directory"), ("kind", "new/3.fifo")]
    assert "a symbolic link" in verify(maildrop)[0].what


def test_permissions(maildrop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(maildrop, "new/1700000001.a").chmod(0o644)
    maildrop.chmod(0o750)
    assert kinds(maildrop) == [("mode", ""), ("mode", "new/1700000001.a")]
    assert "(mode 644)" in verify(maildrop)[1].what
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    assert {finding.kind for finding in verify(maildrop)} == {"owner"}
    assert "chown 54321" in verify(maildrop)[0].advice


def test_folders(maildrop: Path) -> None:
    (maildrop / "tmp").rmdir()
    (maildrop / "cur").rmdir()
    assert kinds(maildrop) == [("folder", "tmp"), ("folder", "cur")]


def test_stale_deliveries(maildrop: Path) -> None:
    for name, age_seconds in (("old", STALE_SECONDS + 7200), ("young", STALE_SECONDS - 1)):
        os.utime(put(maildrop, f"tmp/{name}"), (NOW - age_seconds, NOW - age_seconds))
    (found,) = verify(maildrop)
    assert (found.kind, found.place, "38 hours ago" in found.what) == ("stale", "tmp/old", True)


def test_twins(maildrop: Path) -> None:
    put(maildrop, "new/1700000001.a")
    put(maildrop, "cur/1700000001.a:2,S")
    put(maildrop, "cur/1700000002.a")
    put(maildrop, "dovecot-uidlist", b"3 V1 N3 Gx\n1 Pone :1700000002.a\n2 Pone :1700000003.a\n")
    put(maildrop, "new/1700000003.a")
    found = [finding for finding in verify(maildrop) if finding.kind == "twin"]
    assert sorted(finding.place for finding in found) == [
        "cur/1700000001.a:2,S",
        "cur/1700000002.a",
        "new/1700000001.a",
        "new/1700000003.a",
    ]
    assert "2 messages claim the UID 1700000001.a" in found[0].what


def test_unreadable(maildrop: Path) -> None:
    faulty = FaultyDisk()
    faulty.always["read"] = fault(errno.EIO)
    (found,) = verify(maildrop, disk=faulty.disk)
    assert (found.kind, "the disk may be failing" in found.what) == ("unreadable", True)


def test_what_goes_meanwhile_is_no_fault(maildrop: Path) -> None:
    old = put(maildrop, "tmp/old")
    verifier = Verifier(str(maildrop.parent.parent), clock=lambda: NOW)
    first, *others = (put(maildrop, f"cur/{number}.a") for number in range(2))
    steps = verifier.verify(ALICE)
    assert next(steps) == ()
    for path in (old, first, *others):
        path.unlink()
    assert [finding for step in steps for finding in step] == []


def test_what_goes_just_before_it_is_read(maildrop: Path) -> None:
    faulty = FaultyDisk()
    put(maildrop, "dovecot-uidlist", b"")
    verifier = Verifier(str(maildrop.parent.parent), faulty.disk)
    steps = verifier.verify(ALICE)
    next(steps)
    calls = len(faulty.calls)  # the folder, its stat, and then the message is opened
    faulty.faults[calls + 2] = fault(errno.ENOENT)
    assert list(steps) == [()]
    assert faulty.calls[calls : calls + 3] == ["open", "stat", "open"]


def test_a_repair(maildrop: Path) -> None:
    put(maildrop, "cur/1700000001.a.b,S=9,W=10,U=1:2,S", b"x\n")
    put(maildrop, "cur/1700000002.a.b,S=9,W=10:2,S", b"x\n")
    put(maildrop, "dovecot-uidlist", b"3 V1 N3 Gx\n1 Pone :1700000002.a.b,S=9,W=10\n")
    before = [entry.uid for entry in result_of(entries_of(a_store(maildrop.parent.parent), ALICE))]
    one, other = verify(maildrop, repair=True)
    assert (one.place, one.repaired, one.advice) == ("cur/1700000001.a.b,S=9,W=10,U=1:2,S", True, "")
    assert (other.repaired, "dovecot-uidlist" in other.advice) == (False, True)
    assert sorted(os.listdir(maildrop / "cur")) == ["1700000001.a.b,S=2,W=3,U=1:2,S", "1700000002.a.b,S=9,W=10:2,S"]
    assert before == [entry.uid for entry in result_of(entries_of(a_store(maildrop.parent.parent), ALICE))]
    assert verify(maildrop) == [other]


@pytest.mark.parametrize("unique", ["1700000001.ü", "1700000001.a b", "", "1700000001." + "x" * 60])
def test_a_repair_changes_no_uid(maildrop: Path, unique: str) -> None:
    place = f"cur/{unique},S=9,W=10:2,S"
    put(maildrop, place, b"x\n")
    before = [entry.uid for entry in result_of(entries_of(a_store(maildrop.parent.parent), ALICE))]
    *_, found = verify(maildrop, repair=True)
    assert (found.kind, found.repaired) == ("truncated", False)
    assert "made of its whole name" in found.what and "leave its name alone" in found.advice
    assert (maildrop / place).exists() and verify(maildrop)[-1] == found
    assert before == [entry.uid for entry in result_of(entries_of(a_store(maildrop.parent.parent), ALICE))]


def test_a_repair_needs_the_lock(maildrop: Path) -> None:
    session = result_of(a_store(maildrop.parent.parent).open(ALICE))
    with pytest.raises(InUse):
        verify(maildrop, repair=True)
    session.release()
    assert verify(maildrop, repair=True) == []


def test_where_there_is_no_maildrop(tmp_path: Path) -> None:
    verifier = Verifier(str(tmp_path))
    for look in (verifier.count, lambda name: list(verifier.verify(name))):
        with pytest.raises(StoreError, match="cannot look through"):
            look(ALICE)
