"""The node's name, the lock, and the place for spools."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from mailgate.service.state import State, StateError, misplaced, spool_directory


def test_the_name_is_made_once(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "state"
    state = State(str(directory))
    assert len(state.node) == 8 and state.node.isalnum() and state.node == state.node.lower()
    state.close()
    state.close()
    again = State(str(directory))
    assert again.node == state.node
    assert [file.name for file in directory.iterdir()] == ["node"]
    assert stat.S_IMODE((directory / "node").stat().st_mode) == 0o600
    again.close()


def test_one_gateway_at_a_time(tmp_path: Path) -> None:
    first = State(str(tmp_path))
    with pytest.raises(StateError, match="another gateway runs"):
        State(str(tmp_path))
    first.close()
    State(str(tmp_path)).close()


@pytest.mark.parametrize("content", ["../../etc\n", "", "\xff" * 100])
def test_another_content_is_not_believed(content: str, tmp_path: Path) -> None:
    (tmp_path / "node").write_text(content)
    with pytest.raises(StateError, match="remove it to have it made again"):
        State(str(tmp_path))


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StateError, match="cannot be used"):
        State(str(tmp_path / "state"))


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


def test_root_does_not_write_where_somebody_else_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = SimpleNamespace(st_uid=0)
    monkeypatch.setattr(os, "stat", lambda path: status)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert misplaced("/state") == ""
    status.st_uid = 65_534
    assert "belongs to nobody, and this would run as root: start it with 'twistd --uid nobody" in misplaced("/state")
    status.st_uid = 4_000_000
    assert "belongs to 4000000" in misplaced("/state")
    monkeypatch.setattr(os, "geteuid", lambda: 65_534)
    assert misplaced("/state") == ""


def test_what_is_not_there_belongs_to_nobody(tmp_path: Path) -> None:
    assert misplaced(str(tmp_path / "none")) == ""
