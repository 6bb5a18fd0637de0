"""A Python that the gateway's user cannot read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailgate.service import installation
from mailgate.service.installation import LANDMARKS, check_installation
from mailgate.service.starting import CannotStart


def module(path: Path) -> ModuleType:
    made = ModuleType("made")
    made.__file__ = str(path)
    return made


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Paths that may not be read; root, who may run these tests, can read everything."""
    paths: set[str] = set()
    really = os.open

    def look(path: Any, *others: Any) -> int:
        if path in paths:
            raise PermissionError(13, "Permission denied", path)
        return really(path, *others)

    monkeypatch.setattr("mailgate.service.installation.os.open", look)
    return paths


def test_ours_can_be_read() -> None:
    check_installation()
    assert [landmark.__name__ for landmark in LANDMARKS] == ["os", "twisted", "mailgate"]


@pytest.mark.parametrize("what", ["the file", "its directory"])
def test_one_that_cannot(tmp_path: Path, closed: set[str], monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    file = tmp_path / "os.py"
    file.touch()
    closed.add(str(file if what == "the file" else tmp_path))
    monkeypatch.setattr(installation, "_user", lambda: "mailgate")
    with pytest.raises(CannotStart) as caught:
        check_installation([module(Path(os.__file__)), module(file)])
    assert str(caught.value) == (
        f"--uid: the user mailgate cannot read the Python installation at {sys.prefix}: {closed.pop()}: Permission "
        "denied (install Python and mailgate where that user can read them, such as in /opt, not in root's home)"
    )


def test_one_that_is_in_no_file_is_not_judged(tmp_path: Path) -> None:
    archive = tmp_path / "all.zip"
    archive.touch()
    check_installation([module(archive / "os.py"), ModuleType("frozen")])


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> Any:
        raise KeyError(number)

    monkeypatch.setattr("mailgate.service.installation.pwd.getpwuid", nobody)
    assert installation._user() == str(os.geteuid())
    monkeypatch.undo()
    assert installation._user() != ""
