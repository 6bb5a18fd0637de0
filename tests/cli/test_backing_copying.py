"""Files from one open directory to another."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgate.cli.backing_copying import DRAFT, Account, Copier, Pair, enter
from tests.cli.backing import pair_of


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    return tmp_path / "source"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


@pytest.fixture
def pair(source: Path, target: Path) -> Iterator[Pair]:
    with pair_of(source, target) as opened:
        yield opened


def test_a_file_with_its_time_and_mode(source: Path, target: Path, pair: Pair) -> None:
    (source / "a").write_bytes(b"x" * 3_000_000)
    (source / "a").chmod(0o640)
    os.utime(source / "a", ns=(5, 1_700_000_000_123_456_789))
    account = Account()
    assert Copier(account).copy(pair, "a")
    status = (target / "a").stat()
    assert (target / "a").read_bytes() == b"x" * 3_000_000
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o640, 1_700_000_000_123_456_789)
    assert (account.copied, account.octets, account.there) == (1, 3_000_000, 0)
    assert os.listdir(target) == ["a"]


@pytest.mark.parametrize(
    ("seconds", "never_changes", "copied"), [(0, False, 0), (0.25, False, 1), (0.25, True, 0), (1, True, 1)]
)
def test_what_is_there_already(
    source: Path, target: Path, pair: Pair, seconds: float, never_changes: bool, copied: int
) -> None:
    (source / "a").write_bytes(b"new")
    (target / "a").write_bytes(b"old")
    os.utime(source / "a", (1_700_000_000, 1_700_000_000 + seconds))
    os.utime(target / "a", (1_700_000_000, 1_700_000_000))
    account = Account()
    assert Copier(account).copy(pair, "a", never_changes=never_changes)
    assert (account.copied, account.there) == (copied, 1 - copied)
    assert (target / "a").read_bytes() == (b"new" if copied else b"old")


def test_another_size_is_another_file(source: Path, target: Path, pair: Pair) -> None:
    for directory, content in ((source, b"longer"), (target, b"old")):
        (directory / "a").write_bytes(content)
        os.utime(directory / "a", (7, 7))
    Copier(Account()).copy(pair, "a")
    assert (target / "a").read_bytes() == b"longer"


def test_what_is_gone_is_no_trouble(pair: Pair) -> None:
    account = Account()
    assert not Copier(account).copy(pair, "a")
    with Copier(account).opened(pair, "b") as nothing:
        assert nothing is None
    assert account == Account()


def test_no_link_is_followed(source: Path, target: Path, pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("secret")
    (source / "file").symlink_to(tmp_path / "secret" / "key")
    (source / "directory").symlink_to(tmp_path / "secret")
    account = Account()
    copier = Copier(account)
    assert copier.copy(pair, "file")
    with copier.opened(pair, "directory") as nothing:
        assert nothing is None
    assert os.listdir(target) == []
    assert account.troubles == [f"{source}/{name}: a link, which is not followed" for name in ("file", "directory")]
    assert pair.directories() == []


def test_a_link_in_the_target_is_replaced_and_not_written_to(
    source: Path, target: Path, pair: Pair, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").write_text("mine")
    (target / "a").symlink_to(tmp_path / "elsewhere")
    (target / DRAFT).symlink_to(tmp_path / "elsewhere")
    (source / "a").write_text("copied")
    Copier(Account()).copy(pair, "a")
    assert (tmp_path / "elsewhere").read_text() == "mine"
    assert (target / "a").read_text() == "copied" and not (target / "a").is_symlink()


def test_what_is_no_file_and_what_is_spared(source: Path, target: Path, pair: Pair) -> None:
    os.mkfifo(source / "fifo")
    (source / "key").write_text("private")
    status = (source / "key").stat()
    account = Account()
    copier = Copier(account, frozenset({(status.st_dev, status.st_ino)}))
    assert copier.copy(pair, "fifo") and copier.copy(pair, "key")
    assert (account, os.listdir(target)) == (Account(), [])


def test_a_directory_has_its_mode(source: Path, target: Path, pair: Pair) -> None:
    (source / "a").mkdir(mode=0o750)
    (source / ".hidden").mkdir()
    assert pair.directories() == ["a"]
    for _ in range(2):
        with Copier(Account()).opened(pair, "a") as inner:
            assert inner is not None and inner.path == f"{source}/a"
    assert stat.S_IMODE((target / "a").stat().st_mode) == 0o750
    with pytest.raises(OSError):
        enter(pair.target, "a/b/c")


def failing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def write(descriptor: int, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", write)


def test_one_that_cannot_be_copied_is_told(
    source: Path, target: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "a").write_text("a")
    failing(monkeypatch, errno.EIO)
    account = Account()
    assert Copier(account).copy(pair, "a")
    assert account == Account(troubles=[f"{source}/a: Input/output error"])
    assert os.listdir(target) == []


def test_a_full_disk_ends_it(source: Path, target: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    (source / "a").write_text("a")
    failing(monkeypatch, errno.ENOSPC)
    with pytest.raises(OSError, match="No space left"):
        Copier(Account()).copy(pair, "a")
    assert os.listdir(target) == []
