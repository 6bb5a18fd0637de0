"""How a file is replaced: under a lock, whole, durable, and with the old one's owner and mode."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from mailgate.accounts.editing import files
from mailgate.accounts.editing.files import LOCK_SECONDS, MAX_TRIES, CannotEdit, locked, make_directory


def edit(directory: Path, change: Any, like: str | None = None) -> None:
    with locked(str(directory)) as own:
        own.edit("users", change, like)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_bytes("# zoë\r\nalice\n".encode())
    return path


def test_a_file_is_replaced_and_nothing_is_left_over(users: Path) -> None:
    inode = users.stat().st_ino
    edit(users.parent, lambda text: f"{text}bob\n")
    assert users.read_bytes() == "# zoë\r\nalice\nbob\n".encode()
    assert users.stat().st_ino != inode
    assert os.listdir(users.parent) == ["users"]


@pytest.mark.parametrize("change", [lambda text: text, lambda text: None])
def test_where_nothing_changes_nothing_is_written(users: Path, change: Any) -> None:
    before = users.stat()
    edit(users.parent, change)
    assert users.stat() == before
    (users.parent / "users").unlink()
    edit(users.parent, lambda text: None)
    assert os.listdir(users.parent) == []


def test_a_rehearsal_writes_nothing(users: Path) -> None:
    before = users.stat()
    asked: list[str | None] = []

    def change(text: str | None) -> str:
        asked.append(text)
        return "x"

    with locked(str(users.parent)) as own:
        own.edit("users", change, rehearse=True)
    assert len(asked) == 1
    assert users.stat() == before
    assert os.listdir(users.parent) == ["users"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400])
def test_the_mode_stays(users: Path, mode: int) -> None:
    users.chmod(mode)
    edit(users.parent, lambda text: "x")
    assert mode_of(users) == mode


@pytest.mark.parametrize(("directory", "file"), [(0o700, 0o600), (0o750, 0o640), (0o770, 0o660), (0o755, 0o644)])
def test_a_new_file_is_as_its_directory(tmp_path: Path, directory: int, file: int) -> None:
    tmp_path.chmod(directory)
    edit(tmp_path, lambda text: "x" if text is None else "y")
    assert (tmp_path / "users").read_text() == "x"
    assert mode_of(tmp_path / "users") == file


def test_or_as_the_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("")
    (tmp_path / "other").chmod(0o604)
    edit(tmp_path, lambda text: "x", like="other")
    assert mode_of(tmp_path / "users") == 0o604
    (tmp_path / "other").unlink()
    (tmp_path / "users").unlink()
    tmp_path.chmod(0o700)
    edit(tmp_path, lambda text: "x", like="other")
    assert mode_of(tmp_path / "users") == 0o600


def test_the_owner_stays(users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []
    real = os.fstat

    def somebody_else_s(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        if status.st_ino != users.stat().st_ino:
            return status
        fields = list(status)
        fields[stat.ST_UID], fields[stat.ST_GID] = 54_321, 54_322
        return os.stat_result(fields)

    monkeypatch.setattr(os, "fstat", somebody_else_s)
    monkeypatch.setattr(os, "fchown", lambda descriptor, user, group: given.append((user, group)))
    monkeypatch.setattr(files, "_mark_of", lambda status: (1,))  # it has no nanoseconds
    edit(users.parent, lambda text: "x")
    assert given == [(54_321, 54_322)]

    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refused)
    with pytest.raises(CannotEdit, match=r"the files belong to the user #54321: run this as the user #54321 or root"):
        edit(users.parent, lambda text: "y")
    assert users.read_text() == "x"
    assert os.listdir(users.parent) == ["users"]


def test_the_access_list_stays(users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[tuple[str, bytes]] = []
    monkeypatch.setattr(os, "getxattr", lambda descriptor, name: b"list")
    monkeypatch.setattr(os, "setxattr", lambda descriptor, name, value: kept.append((name, value)))
    edit(users.parent, lambda text: "x")
    assert kept == [("system.posix_acl_access", b"list")]


@pytest.mark.parametrize("code", [errno.ENODATA, errno.EOPNOTSUPP, errno.EIO])
def test_a_file_without_an_access_list(users: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(descriptor: int, name: str) -> bytes:
        raise OSError(code, "none")

    monkeypatch.setattr(os, "getxattr", none)
    if code == errno.EIO:
        with pytest.raises(CannotEdit, match="none"):
            edit(users.parent, lambda text: "x")
        return
    edit(users.parent, lambda text: "x")
    assert users.read_text() == "x"


def test_a_system_without_access_lists(users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "getxattr")
    edit(users.parent, lambda text: "x")
    assert users.read_text() == "x"


def test_contents_are_durable_before_the_name_and_the_name_before_it_is_done(
    users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        done.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def replaced(*arguments: Any, **named: Any) -> None:
        done.append("name")
        replace(*arguments, **named)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    edit(users.parent, lambda text: "x")
    assert done == ["file", "name", "directory"]


@pytest.mark.parametrize("call", ["fsync", "replace", "fchmod"])
def test_a_disk_that_fails_changes_nothing(users: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = users.read_bytes()
    monkeypatch.setattr(os, call, full)
    with pytest.raises(CannotEdit, match=r"users: No space left on device"):
        edit(users.parent, lambda text: "x")
    assert users.read_bytes() == before
    assert os.listdir(users.parent) == ["users"]


def test_an_edit_by_hand_meanwhile_is_not_lost(users: Path) -> None:
    seen: list[str | None] = []

    def change(text: str | None) -> str:
        seen.append(text)
        if len(seen) == 1:
            users.write_text("by hand, and longer\n")
        return f"{text}more\n"

    edit(users.parent, change)
    assert users.read_text() == "by hand, and longer\nmore\n"
    assert len(seen) == 2


def test_a_file_that_comes_meanwhile_is_not_lost(tmp_path: Path) -> None:
    def change(text: str | None) -> str:
        if text is None:
            (tmp_path / "users").write_text("by hand\n")
        return f"{text}more\n"

    edit(tmp_path, change)
    assert (tmp_path / "users").read_text() == "by hand\nmore\n"


def test_a_file_that_changes_all_the_time_is_left_alone(users: Path) -> None:
    tries = [0]

    def change(text: str | None) -> str:
        tries[0] += 1
        users.write_text("x" * tries[0])
        return "mine"

    with pytest.raises(CannotEdit, match="is being changed by somebody else"):
        edit(users.parent, change)
    assert tries == [MAX_TRIES]
    assert users.read_text() == "x" * MAX_TRIES
    assert os.listdir(users.parent) == ["users"]


def test_a_change_that_is_refused_changes_nothing(users: Path) -> None:
    def refuse(text: str | None) -> str:
        raise CannotEdit("no")

    with pytest.raises(CannotEdit, match=r"^no$"):
        edit(users.parent, refuse)
    assert os.listdir(users.parent) == ["users"]


def test_what_is_not_a_file_of_text(users: Path) -> None:
    users.write_bytes(b"a\nb\n\xff")
    with pytest.raises(CannotEdit, match=r"users:3: not UTF-8"):
        edit(users.parent, lambda text: "x")
    users.rename(users.parent / "other")
    users.symlink_to("other")
    with pytest.raises(CannotEdit, match=r"users is a symbolic link: edit what it leads to by hand"):
        edit(users.parent, lambda text: "x")
    users.unlink()
    os.mkfifo(users)
    with pytest.raises(CannotEdit, match=r"users is not a regular file"):
        edit(users.parent, lambda text: "x")


def test_one_at_a_time(tmp_path: Path) -> None:
    now, pauses = [0.0], [0]

    def pause(seconds: float) -> None:
        pauses[0] += 1
        now[0] += seconds

    with (
        locked(str(tmp_path)),
        pytest.raises(CannotEdit, match="is being edited by another command"),
        locked(str(tmp_path), clock=lambda: now[0], pause=pause),
    ):
        pass
    assert now[0] >= LOCK_SECONDS
    assert pauses[0] > 1


def test_who_waits_comes_in_when_the_other_is_done(tmp_path: Path) -> None:
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with locked(str(tmp_path), pause=lambda seconds: os.close(other)) as own:
        own.edit("users", lambda text: "x")
    assert (tmp_path / "users").read_text() == "x"


def test_a_directory_that_went_while_we_waited(tmp_path: Path) -> None:
    place = tmp_path / "example.test"
    place.mkdir()
    other = os.open(place, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)

    def replaced(seconds: float) -> None:
        os.rename(place, tmp_path / "gone")
        place.mkdir()
        os.close(other)

    with pytest.raises(CannotEdit, match="was removed, or replaced, a moment ago"), locked(str(place), pause=replaced):
        pass
    with pytest.raises(CannotEdit, match="No such file"), locked(str(tmp_path / "never")):
        pass


def test_a_new_directory_is_as_its_parent(tmp_path: Path) -> None:
    tmp_path.chmod(0o2750)
    with locked(str(tmp_path)) as parent:
        make_directory(parent, "example.test")
    assert mode_of(tmp_path / "example.test") == 0o2750
    tmp_path.chmod(0o700)


def test_faults_are_told_below_the_message() -> None:
    assert str(CannotEdit("no")) == "no"
