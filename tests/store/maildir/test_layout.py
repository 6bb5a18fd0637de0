from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailgate.failures import StoreError
from mailgate.store.maildir import layout as layout_module
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.layout import Layout, open_regular
from tests.store.support import ALICE, BOB, FaultyDisk, fault, open_descriptors


@pytest.fixture(params=[0o022, 0o777], ids=["usual umask", "odd umask"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_directories_are_private_whatever_the_umask(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "mail"
    with Layout(str(root), Disk()).opened(ALICE, make=True):
        pass
    for part in (
        "",
        "example.test",
        "example.test/alice",
        *(f"example.test/alice/{sub}" for sub in ("tmp", "new", "cur")),
    ):
        assert stat.S_IMODE((root / part).stat().st_mode) == 0o700


def test_what_is_made_is_synced_from_the_top_and_once(tmp_path: Path) -> None:
    faulty = FaultyDisk()
    layout = Layout(str(tmp_path / "mail"), faulty.disk)
    with layout.opened(ALICE, make=True):
        pass
    assert faulty.calls.count("mkdir") == 6
    assert faulty.calls.count("fsync") == 4  # above root, root, domain, user
    assert not layout.knows(ALICE)
    device = os.stat(tmp_path).st_dev
    assert [layout.prepare(ALICE), layout.prepare(ALICE)] == [device, device]
    assert faulty.calls.count("fsync") == 7 + len((tmp_path / "mail").parents)
    assert layout.knows(ALICE) and not layout.knows(BOB)


def _replaced_by_another(maildrop: Path) -> None:
    maildrop.rename(maildrop.with_name("before"))
    (maildrop / "new").mkdir(parents=True)


def _without_new(maildrop: Path) -> None:
    (maildrop / "new").rmdir()


def _without_anything(maildrop: Path) -> None:
    maildrop.rename(maildrop.with_name("before"))


@pytest.mark.parametrize("change", [_replaced_by_another, _without_new, _without_anything])
def test_what_others_change_is_noticed_at_the_next_glance(tmp_path: Path, change: Callable[[Path], None]) -> None:
    faulty, now = FaultyDisk(), [0.0]
    layout, maildrop = Layout(str(tmp_path), faulty.disk, lambda: now[0]), tmp_path / "example.test/alice"
    layout.prepare(ALICE)
    now[0] += layout_module.GLANCE_SECONDS
    faulty.calls.clear()
    layout.prepare(ALICE)
    assert faulty.calls == ["stat"]
    change(maildrop)
    layout.prepare(ALICE)
    assert faulty.calls == ["stat"]  # so short a while is not looked into
    now[0] += layout_module.GLANCE_SECONDS
    layout.prepare(ALICE)
    assert sorted(os.listdir(maildrop)) == ["cur", "new", "tmp"]
    assert faulty.calls.count("fsync") >= 4  # what is new, and the way to it


def test_a_link_in_the_place_of_a_known_maildrop(tmp_path: Path) -> None:
    now = 0.0
    layout = Layout(str(tmp_path), Disk(), lambda: now)
    layout.prepare(ALICE)
    (tmp_path / "example.test").rename(tmp_path / "elsewhere")
    (tmp_path / "third/alice/new").mkdir(parents=True)
    (tmp_path / "example.test").symlink_to("third")
    now += layout_module.GLANCE_SECONDS
    with pytest.raises(NotADirectoryError):
        layout.prepare(ALICE)


def test_forgotten(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), Disk())
    layout.prepare(ALICE)
    (tmp_path / "example.test/alice/tmp").rmdir()
    layout.forget(ALICE)
    layout.forget(BOB)
    assert not layout.knows(ALICE)
    layout.prepare(ALICE)
    assert (tmp_path / "example.test/alice/tmp").is_dir()


def test_a_folder_that_others_remove_at_once(tmp_path: Path) -> None:
    def stat_without_new(path: str, **keywords: Any) -> os.stat_result:
        if path == "new" and os.path.isdir(tmp_path / "example.test/alice/cur"):
            raise fault(errno.ENOENT)
        return os.stat(path, **keywords)

    with pytest.raises(FileNotFoundError, match="alice/new"):
        Layout(str(tmp_path), Disk(stat=stat_without_new)).prepare(ALICE)


def test_missing_folders_are_made_again(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), Disk())
    with layout.opened(ALICE, make=True):
        pass
    (tmp_path / "example.test/alice/new").rmdir()
    with layout.opened(ALICE, make=True):
        assert (tmp_path / "example.test/alice/new").is_dir()


def test_what_is_there_is_opened_without_a_look_inside(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), Disk())
    layout.prepare(ALICE)
    (tmp_path / "example.test/alice/new").rmdir()
    with layout.opened(ALICE, make=False) as directory:
        assert sorted(os.listdir(directory)) == ["cur", "tmp"]


def test_without_make_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), Layout(str(tmp_path / "mail"), Disk()).opened(ALICE, make=False):
        pass
    assert not (tmp_path / "mail").exists()


@pytest.mark.parametrize(
    "where", ["example.test", "example.test/alice", "example.test/alice/new", "example.test/alice/tmp"]
)
def test_no_link_is_followed(tmp_path: Path, where: str) -> None:
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "mail"
    for folder in ("alice/new", "alice/cur", "alice/tmp"):
        (elsewhere / folder).mkdir(parents=True)
    (root / where).parent.mkdir(parents=True)
    (root / where).symlink_to(elsewhere)
    before = open_descriptors()
    with pytest.raises(NotADirectoryError), Layout(str(root), Disk()).opened(ALICE, make=True):
        pass
    assert open_descriptors() == before


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk2").mkdir()
    (tmp_path / "mail").symlink_to("disk2")
    with Layout(str(tmp_path / "mail"), Disk()).opened(ALICE, make=True):
        assert (tmp_path / "disk2/example.test/alice/new").is_dir()


def test_another_program_is_faster(tmp_path: Path) -> None:
    def mkdir(name: str, mode: int, dir_fd: int) -> None:
        os.mkdir(name, mode, dir_fd=dir_fd)
        raise fault(errno.EEXIST)

    disk = Disk(mkdir=mkdir)
    with Layout(str(tmp_path), disk).opened(ALICE, make=True) as directory:
        assert sorted(os.listdir(directory)) == ["cur", "new", "tmp"]


def test_a_name_that_makes_no_path(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        Layout(str(tmp_path), Disk()).open("alice", make=True)


def test_names_of_what_is_there(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path / "mail"), Disk())
    assert layout.maildrops() == []
    for maildrop in (BOB, ALICE, "ü@x.test"):
        with layout.opened(maildrop, make=True):
            pass
    (tmp_path / "mail/example.test/Carol/new").mkdir(parents=True)
    (tmp_path / "mail/example.test/dave").mkdir()
    (tmp_path / "mail/example.test/eve").mkdir()
    (tmp_path / "mail/example.test/eve/new").symlink_to(tmp_path)
    (tmp_path / "mail/example.test/link").symlink_to("alice")
    (tmp_path / "mail/example.test/file").write_bytes(b"")
    (tmp_path / "mail/file").write_bytes(b"")
    assert layout.maildrops() == sorted([ALICE, BOB, "ü@x.test"])


def test_what_is_remembered_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout_module, "REMEMBERED", 1)
    faulty = FaultyDisk()
    layout = Layout(str(tmp_path), faulty.disk)
    for maildrop in (ALICE, BOB, ALICE, ALICE):
        layout.prepare(maildrop)
    assert faulty.calls.count("fsync") == 5 + 9 + len(tmp_path.parents)
    assert layout.knows(ALICE) and not layout.knows(BOB)


def test_a_failed_sync_is_not_taken_for_done(tmp_path: Path) -> None:
    faulty = FaultyDisk()
    layout = Layout(str(tmp_path), faulty.disk)
    with layout.opened(ALICE, make=True):
        pass
    faulty.always = {"fsync": fault(errno.EIO)}
    with pytest.raises(OSError, match="Input"):
        layout.prepare(ALICE)
    faulty.always = {}
    faulty.calls.clear()
    layout.prepare(ALICE)
    assert faulty.calls.count("fsync") == 3 + len(tmp_path.parents)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EINVAL])
def test_above_the_root_not_everything_is_ours_to_sync(tmp_path: Path, number: int) -> None:
    places: dict[int, str] = {}

    def open_(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        descriptor = os.open(path, flags, mode, dir_fd=dir_fd)
        places[descriptor] = path
        return descriptor

    def fsync(descriptor: int) -> None:
        if places[descriptor] in map(str, tmp_path.parents):
            raise OSError(number, os.strerror(number))

    layout = Layout(str(tmp_path), Disk(open=open_, fsync=fsync))
    assert layout.prepare(ALICE) == os.stat(tmp_path).st_dev


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    disk = Disk()
    (tmp_path / "file").write_bytes(b"four")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    before = open_descriptors()
    with disk.opened(str(tmp_path), DIRECTORY) as directory:
        descriptor, octets = open_regular(disk, directory, "file")
        assert octets == 4
        os.close(descriptor)
        for name in ("fifo", "folder", "gone"):
            with pytest.raises(FileNotFoundError):
                open_regular(disk, directory, name)
        with pytest.raises(OSError, match="symbolic"):
            open_regular(disk, directory, "link")
    assert open_descriptors() == before
