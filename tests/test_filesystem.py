"""How full a file system is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailgate.filesystem import MIN_FREE_INODES, Disk, disk_of


def statvfs(path: str) -> os.statvfs_result:
    assert path == "/mail"
    return os.statvfs_result((4096, 512, 1000, 300, 200, 50, 30, 20, 0, 255))


def test_what_users_may_have_counts() -> None:
    assert disk_of("/mail", statvfs) == Disk(200 * 512, 1000 * 512, 20, 50)


def test_a_directory_that_is_not_there_yet(tmp_path: Path) -> None:
    there, later = disk_of(str(tmp_path)), disk_of(str(tmp_path / "mail" / "later"))
    assert there.octets == later.octets > 0


@pytest.mark.parametrize(
    ("inodes", "least"),
    [
        (0, 0),  # btrfs and others have no fixed number
        (5, 1),
        (200, 20),
        (9_990, 999),
        (10 * MIN_FREE_INODES, MIN_FREE_INODES),
        (1 << 24, MIN_FREE_INODES),
    ],
)
def test_inodes_that_have_to_be_free(inodes: int, least: int) -> None:
    assert Disk(0, 0, 0, inodes).least_inodes == least
    assert not Disk(0, 0, least, inodes).lacks_inodes
    assert Disk(0, 0, max(0, least - 1), inodes).lacks_inodes is (least > 0)


def test_what_cannot_be_seen() -> None:
    def missing(path: str) -> os.statvfs_result:
        raise FileNotFoundError(path)

    def denied(path: str) -> os.statvfs_result:
        raise PermissionError(path)

    with pytest.raises(FileNotFoundError, match=r"^/$"):
        disk_of("/mail", missing)
    with pytest.raises(PermissionError, match=r"^/mail$"):
        disk_of("/mail", denied)
