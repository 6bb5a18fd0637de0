"""What is not right, in sentences."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attrs import evolve

from mailgate.faults import Fault
from mailgate.filesystem import Disk
from mailgate.metrics.checks import (
    STUCK_SECONDS,
    accounts_readable,
    certificates_valid,
    commits_flow,
    ports_open,
    store_usable,
)


def disk() -> Disk:
    return Disk(free_octets=1000, octets=5000, free_inodes=9, inodes=10)


def test_ports() -> None:
    assert ports_open(lambda: ["smtp"])() == ""
    assert ports_open(list)() == "no port is open: it is starting or stopping"


def test_a_store_with_room(tmp_path: Path) -> None:
    assert store_usable(str(tmp_path), 1000, disk)() == ""
    assert store_usable(str(tmp_path / "later" / "still"), 0, disk)() == ""


def test_a_store_without_room(tmp_path: Path) -> None:
    reason = store_usable(str(tmp_path), 100 << 20, disk)()
    assert reason == f"{tmp_path} has 1000 octets free, less than its reserve of 100 MiB (store.min_free)"
    assert store_usable(str(tmp_path), 1001, disk)()


def test_a_store_without_inodes(tmp_path: Path) -> None:
    few = Disk(free_octets=1000, octets=5000, free_inodes=999, inodes=65_536)
    reason = store_usable(str(tmp_path), 1000, lambda: few)()
    assert reason == (
        f"{tmp_path} has 999 free inodes of 65,536, fewer than 1,000: remove many small files from its file system, or "
        "move it to one with more"
    )
    assert store_usable(str(tmp_path), 0, lambda: few)() == ""
    assert store_usable(str(tmp_path), 1000, lambda: evolve(few, free_inodes=1000))() == ""
    assert store_usable(str(tmp_path), 1000, lambda: evolve(few, free_inodes=0, inodes=0))() == ""  # such as btrfs


def test_a_store_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, int]] = []

    def access(path: object, mode: int) -> bool:
        asked.append((path, mode))
        return False

    monkeypatch.setattr(os, "access", access)
    assert store_usable(str(tmp_path / "later"), 0, disk)().endswith("cannot be written: see its owner, mode and mount")
    assert asked == [(str(tmp_path), os.W_OK | os.X_OK)]


@pytest.mark.parametrize(
    ("error", "why"), [(PermissionError(13, "Permission denied"), "Permission denied"), (OSError("odd"), "odd")]
)
def test_a_store_that_cannot_be_seen(error: OSError, why: str) -> None:
    def unseen() -> Disk:
        raise error

    assert store_usable("/mail", 0, unseen)() == f"it cannot be seen how much room /mail has: {why}"


def test_commits() -> None:
    assert commits_flow(lambda: STUCK_SECONDS)() == ""
    assert commits_flow(lambda: 99.7, 90.0)() == "a message has been on its way to the disk for 100 s"


def test_certificates() -> None:
    valid = [("mx.example.org", 1_000.0), ("mail.example.org", 86_400.0 * 2)]
    assert certificates_valid(lambda: valid, lambda: 999.0)() == ""
    assert (
        certificates_valid(lambda: valid, lambda: 1_000.0)()
        == "a certificate has expired: mx.example.org (on 1970-01-01)"
    )


def test_accounts() -> None:
    assert accounts_readable(tuple)() == ""
    faults = [Fault("domains/a/users", "cannot be read"), Fault("domains/b/users", "cannot be read")]
    assert accounts_readable(lambda: faults)() == "; ".join(map(str, faults))
