"""The ready file: there while the gateway answers, whole, and at no other time."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mailgate.cli.ready_file import ReadyFile

PLACES = {"pid": 17, "ports": {}}


def test_it_comes_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "ready"
    path.write_text("what a killed run has left")
    file = ReadyFile(str(path))
    assert not path.exists()
    file.write(PLACES)
    assert json.loads(path.read_text()) == PLACES and path.read_text().endswith("\n")
    assert os.stat(path).st_mode & 0o777 == 0o644
    assert os.listdir(tmp_path) == ["ready"]
    file.remove()
    file.remove()
    assert os.listdir(tmp_path) == []


def test_one_that_was_never_written(tmp_path: Path) -> None:
    ReadyFile(str(tmp_path / "ready")).remove()
    assert os.listdir(tmp_path) == []


def test_that_of_a_later_run_stays(tmp_path: Path) -> None:
    path = tmp_path / "ready"
    file = ReadyFile(str(path))
    file.write(PLACES)
    ReadyFile(str(path)).write({"pid": 18})
    file.remove()
    assert json.loads(path.read_text()) == {"pid": 18}


@pytest.mark.parametrize("place", ["nowhere/ready", "directory"])
def test_where_none_can_be(place: str, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    with pytest.raises(OSError):
        ReadyFile(str(tmp_path / place))
    assert os.listdir(tmp_path) == ["directory"]


def test_a_relative_one_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = ReadyFile("ready")
    monkeypatch.chdir("/")
    file.write(PLACES)
    assert (tmp_path / "ready").exists()
