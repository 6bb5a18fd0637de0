"""Can the user that the server runs as get to the program?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailgate.cli.init import reaching
from mailgate.cli.init.reaching import closed_directory


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program below `outer`, whose other directories everybody may enter."""
    (tmp_path / "outer" / "bin").mkdir(parents=True)
    path = tmp_path / "outer" / "bin" / "twistd"
    path.touch()
    real = reaching._is_open
    above = {str(place) for place in (tmp_path, *tmp_path.parents)}
    monkeypatch.setattr(reaching, "_is_open", lambda place, uid, groups: place in above or real(place, uid, groups))
    return path


def test_who_may_enter(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outer = program.parents[1]
    status = os.stat(outer)
    for uid, group, mode, is_open in (
        (12_345, 54_321, 0o755, True),
        (12_345, 54_321, 0o750, False),
        (12_345, status.st_gid, 0o710, True),
        (12_345, status.st_gid, 0o701, False),
        (None, 54_321, 0o700, False),
        (None, 54_321, 0o711, True),
        (0, 0, 0o000, True),
        (status.st_uid or 12_345, 54_321, 0o711, True),
    ):
        monkeypatch.setattr(reaching, "_identity", lambda user, uid=uid, group=group: (uid, frozenset({group})))
        outer.chmod(mode)
        assert closed_directory([str(program)], "mailgate") == ("" if is_open else str(outer))
        outer.chmod(0o755)


def test_the_owner(tmp_path: Path) -> None:
    tmp_path.chmod(0o077)
    assert not reaching._is_open(str(tmp_path), os.stat(tmp_path).st_uid, frozenset())
    tmp_path.chmod(0o700)
    assert reaching._is_open(str(tmp_path), os.stat(tmp_path).st_uid, frozenset())


def test_a_link_is_followed(program: Path) -> None:
    link = program.parents[2] / "link"
    link.symlink_to(program)
    program.parents[1].chmod(0o700)
    assert closed_directory([str(link)], "nobody-of-that-name") == str(program.parents[1])


def test_what_is_not_there_is_for_others_to_say(tmp_path: Path) -> None:
    assert reaching._is_open(str(tmp_path / "none"), 1, frozenset())


def test_root_gets_everywhere() -> None:
    assert closed_directory(["/root/none"], "root") == ""
