"""Making what is not there, and nothing else."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest

from mailgate.cli.init import writing
from mailgate.cli.init.pieces import Content, Piece
from mailgate.cli.init.writing import create_user, differences, make, survey
from tests.cli.init.support import ME, MY_GROUP


def directory(path: Path, mode: int = 0o700) -> Piece:
    return Piece(str(path), mode, ME, MY_GROUP)


def file(path: Path, octets: bytes = b"hello\n", mode: int = 0o640) -> Piece:
    return Piece(str(path), mode, ME, MY_GROUP, Content("hello", lambda: octets, lambda there: there == octets))


def test_what_is_made_is_there(tmp_path: Path) -> None:
    made = [directory(tmp_path / "a", 0o750), file(tmp_path / "a" / "file")]
    assert survey(made).missing == made
    before = os.umask(0o077)
    try:
        for piece in made:
            make(piece, give_away=False)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(os.stat(piece.path).st_mode) for piece in made] == [0o750, 0o640]
    assert os.listdir(tmp_path / "a") == ["file"]
    found = survey(made)
    assert (found.missing, found.there, found.in_the_way) == ([], made, [])
    assert list(differences(made)) == []


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError):
        make(file(tmp_path / "file"), give_away=False)
    with pytest.raises(FileExistsError):
        make(directory(tmp_path / "file"), give_away=False)
    assert (tmp_path / "file").read_text() == "mine" and os.listdir(tmp_path) == ["file"]


def test_what_stands_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "directory").mkdir()
    (tmp_path / "astray").symlink_to("nowhere")
    others = [
        file(tmp_path / "file"),
        file(tmp_path / "directory"),
        directory(tmp_path / "file"),
        file(tmp_path / "astray"),
        file(tmp_path / "file" / "below"),
    ]
    assert [trouble for _, trouble in survey(others).in_the_way] == [
        "exists with another content",
        "exists and is no file",
        "exists and is no directory",
        "exists and is no file",
        "cannot be looked at: Not a directory",
    ]


def closing(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """Let this process be somebody who may neither enter that directory nor write in it."""
    lstat, access = os.lstat, os.access

    def seen(path: str) -> os.stat_result:
        if place in Path(path).parents:
            raise PermissionError(13, "Permission denied", path)
        return lstat(path)

    def accessible(path: str, mode: int) -> bool:
        return place not in (Path(path), *Path(path).parents) and access(path, mode)

    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    monkeypatch.setattr(os, "lstat", seen)
    monkeypatch.setattr(os, "access", accessible)


def test_what_is_closed_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    wished = [directory(closed / "a"), directory(closed / "a" / "b"), file(closed / "a" / "b" / "file")]
    assert survey(wished).is_feasible
    closing(monkeypatch, closed)
    found = survey(wished)
    assert (found.missing, found.in_the_way, found.closed) == (wished, [], str(closed))
    assert not found.is_feasible


def test_a_directory_that_cannot_be_written_in_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    wished = [directory(tmp_path / "a"), file(tmp_path / "a" / "file")]
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    assert survey(wished).closed == str(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert survey(wished).closed == ""  # no right is what root is short of


def test_a_file_that_cannot_be_read_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr("builtins.open", denied)
    assert survey([file(tmp_path / "file")]).closed == str(tmp_path / "file")


def test_links_to_the_right_thing_will_do(tmp_path: Path) -> None:
    make(directory(tmp_path / "disk"), give_away=False)
    make(file(tmp_path / "disk" / "file"), give_away=False)
    (tmp_path / "state").symlink_to("disk")
    (tmp_path / "link").symlink_to("disk/file")
    links = [directory(tmp_path / "state"), file(tmp_path / "link")]
    assert survey(links).there == links


def test_modes_that_let_in_more_are_told(tmp_path: Path) -> None:
    open_one, closed_one = directory(tmp_path / "open"), directory(tmp_path / "closed", 0o750)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    (tmp_path / "closed").mkdir(0o700)
    assert list(differences([open_one, closed_one])) == [(open_one, f"0755 {ME}:{MY_GROUP}")]
    other = Piece(str(tmp_path / "closed"), 0o700, "somebody-else", "")
    assert [piece for piece, _ in differences([other])] == [other]


def test_what_root_lets_everybody_read_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_user_name", lambda uid: "root")
    (tmp_path / "cert.pem").touch(0o644)
    piece = Piece(str(tmp_path / "cert.pem"), 0o644, "mailgate", "mailgate")
    assert list(differences([piece])) == []
    (tmp_path / "cert.pem").chmod(0o640)
    assert [found for found, _ in differences([piece])] == [piece]


def test_owners_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setattr("grp.getgrgid", unknown)
    piece = directory(tmp_path)
    assert [has for _, has in differences([piece])] == [
        f"{stat.S_IMODE(os.stat(tmp_path).st_mode):04o} {os.geteuid()}:{os.stat(tmp_path).st_gid}"
    ]


def test_it_is_given_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "fchown", lambda descriptor, uid, gid: given.append((uid, gid)))
    make(directory(tmp_path / "a"), give_away=True)
    make(Piece(str(tmp_path / "b"), 0o700, ME, "no-group-of-that-name"), give_away=True)
    status = os.stat(tmp_path / "a")
    assert given == [(status.st_uid, status.st_gid)] * 2


def test_a_file_that_cannot_be_finished_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        make(file(tmp_path / "file"), give_away=False)
    assert os.listdir(tmp_path) == []


def test_a_user_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []

    def useradd(command: Any, **_: Any) -> subprocess.CompletedProcess[str]:
        called.append(command)
        return subprocess.CompletedProcess(command, 9 if len(called) > 1 else 0, "", "useradd: it exists\n")

    monkeypatch.setattr(subprocess, "run", useradd)
    create_user("mailgate", "/var/lib/mailgate")
    assert called[0][:2] == ["useradd", "--system"] and called[0][-3:] == [
        "--home-dir",
        "/var/lib/mailgate",
        "mailgate",
    ]
    with pytest.raises(click.ClickException, match="useradd mailgate: useradd: it exists"):
        create_user("mailgate", "/var/lib/mailgate")


def test_where_there_is_no_useradd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "USERADD", ("/nowhere/useradd",))
    with pytest.raises(click.ClickException, match="cannot be run: No such file"):
        create_user("mailgate", "/var/lib/mailgate")
