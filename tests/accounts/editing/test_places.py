"""Domains that come and go."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mailgate.accounts.editing import places
from mailgate.accounts.editing.files import CannotEdit


@pytest.mark.parametrize(("text", "domain"), [("Example.TEST", "example.test"), ("BÜCHER.test", "bücher.test")])
def test_the_name_of_a_domain(text: str, domain: str) -> None:
    assert places.check_domain(text) == domain


@pytest.mark.parametrize(
    "text", ["", "..", "a/b", "under_score", "a b", f"{'x' * 63}.{'y' * 63}.{'z' * 63}.{'w' * 60}"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(CannotEdit):
        places.check_domain(text)


def test_a_domain_comes_whole(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    places.add(str(tmp_path), "a.test")
    assert os.listdir(tmp_path) == ["a.test"]
    assert os.listdir(tmp_path / "a.test") == ["users"]
    assert (tmp_path / "a.test" / "users").read_text() == ""
    assert stat.S_IMODE((tmp_path / "a.test").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "a.test" / "users").stat().st_mode) == 0o640
    with pytest.raises(CannotEdit, match=r"a\.test is there already"):
        places.add(str(tmp_path), "a.test")


def test_a_directory_that_is_there_keeps_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.test").mkdir()
    (tmp_path / "a.test" / "rules").write_text("keep_days = 3\n")
    places.add(str(tmp_path), "a.test")
    assert sorted(os.listdir(tmp_path / "a.test")) == ["rules", "users"]


def test_where_there_is_no_directory_of_domains(tmp_path: Path) -> None:
    with pytest.raises(CannotEdit, match="No such file"):
        places.add(str(tmp_path / "domains"), "a.test")


def test_a_domain_goes_with_all_its_files(tmp_path: Path) -> None:
    places.add(str(tmp_path), "a.test")
    for name in ("aliases", "rules", "app-passwords", f".users.{'0' * 16}"):
        (tmp_path / "a.test" / name).write_text("")
    places.remove(str(tmp_path), "a.test", with_users=False)
    assert os.listdir(tmp_path) == []
    with pytest.raises(CannotEdit, match="No such file"):
        places.remove(str(tmp_path), "a.test", with_users=False)


def test_a_rehearsal_removes_nothing(tmp_path: Path) -> None:
    places.add(str(tmp_path), "a.test")
    places.remove(str(tmp_path), "a.test", with_users=False, rehearse=True)
    assert os.listdir(tmp_path / "a.test") == ["users"]
    (tmp_path / "a.test" / "letter").touch()
    with pytest.raises(CannotEdit, match="what is not mailgate's: letter"):
        places.remove(str(tmp_path), "a.test", with_users=False, rehearse=True)


def test_a_domain_with_users_stays(tmp_path: Path) -> None:
    places.add(str(tmp_path), "a.test")
    users = tmp_path / "a.test" / "users"
    users.write_text("alice:{PLAIN}x\nbob:{PLAIN}x\n")
    with pytest.raises(CannotEdit, match=r"^a\.test has 2 users$"):
        places.remove(str(tmp_path), "a.test", with_users=False)
    users.write_text("alice\n")
    with pytest.raises(CannotEdit, match=r"who is in a\.test cannot be told:\n.*users:1"):
        places.remove(str(tmp_path), "a.test", with_users=False)
    places.remove(str(tmp_path), "a.test", with_users=True)
    assert os.listdir(tmp_path) == []


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    places.add(str(tmp_path), "a.test")
    (tmp_path / "a.test" / "notes.txt").write_text("")
    (tmp_path / "a.test" / "old").mkdir()
    with pytest.raises(CannotEdit, match=r"a\.test has what is not mailgate's: notes\.txt, old"):
        places.remove(str(tmp_path), "a.test", with_users=True)
    assert (tmp_path / "a.test" / "users").exists()
    (tmp_path / "b.test").symlink_to("a.test")
    with pytest.raises(CannotEdit, match=r"b\.test is a symbolic link"):
        places.remove(str(tmp_path), "b.test", with_users=True)
