"""The node's name, and the place for spools."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mailgate.service.state import node_name, spool_directory


def test_the_name_is_made_once(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state"
    name = node_name(str(state))
    assert len(name) == 8 and name.isalnum() and name == name.lower()
    assert node_name(str(state)) == name
    assert stat.S_IMODE((state / "node").stat().st_mode) == 0o600
    assert node_name(str(tmp_path / "other")) != name


def test_another_content_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "node").write_text("../../etc\n")
    with pytest.raises(ValueError, match="remove it to have it made again"):
        node_name(str(tmp_path))


def test_what_a_crash_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    directory = Path(spool_directory(str(tmp_path), "abcdefgh"))
    assert directory == tmp_path / ".spool" / "abcdefgh" and not directory.exists()
    directory.mkdir(parents=True)
    (directory / "mailgate-spool-x").write_text("left")
    (directory / "other").write_text("not ours")
    theirs = tmp_path / ".spool" / "ijklmnop"
    theirs.mkdir()
    (theirs / "mailgate-spool-y").write_text("another gateway's")
    assert spool_directory(str(tmp_path), "abcdefgh") == str(directory)
    assert [file.name for file in directory.iterdir()] == ["other"]
    assert (theirs / "mailgate-spool-y").exists()
