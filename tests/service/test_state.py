"""The node's name, the lock, and the place for spools."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from mailgate.service.places import CONTROL
from mailgate.service.state import State, StateError, misplaced, spool_directory
from mailgate.short_paths import ShortPath


def opened(directory: Path) -> State:
    state = State(str(directory))
    state.open()
    return state


def test_the_name_is_made_once(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "state"
    state = opened(directory)
    assert len(state.node) == 8 and state.node.isalnum() and state.node == state.node.lower()
    state.close()
    state.close()
    again = opened(directory)
    assert again.node == state.node
    assert [file.name for file in directory.iterdir()] == ["node"]
    assert stat.S_IMODE((directory / "node").stat().st_mode) == 0o600
    again.close()


def test_one_gateway_at_a_time(tmp_path: Path) -> None:
    first, second = opened(tmp_path), State(str(tmp_path))
    for take in (second.claim, second.open):
        with pytest.raises(StateError, match=f"another gateway runs with {tmp_path}; stop it"):
            take()
    first.close()
    second.open()
    second.close()


def test_the_other_one_is_named_if_it_answers(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with socket.socket(socket.AF_UNIX) as control, ShortPath(str(tmp_path / CONTROL)) as name:
        control.bind(name)
        control.listen()
        with pytest.raises(StateError, match=rf"runs \(process {os.getpid()}\) with {tmp_path}; stop it"):
            State(str(tmp_path)).claim()
    first.close()


def test_a_claim_makes_nothing(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "none"):
        state = State(str(directory))
        state.claim()
        state.close()
    assert list(tmp_path.iterdir()) == []


def test_what_was_claimed_is_held_and_opened_by_the_same(tmp_path: Path) -> None:
    opened(tmp_path).close()
    state = State(str(tmp_path))
    state.claim()
    for _ in range(2):
        with pytest.raises(StateError, match="another gateway runs"):
            opened(tmp_path)
        state.open()
    assert len(state.node) == 8
    state.close()
    opened(tmp_path).close()


def test_a_file_that_was_removed_after_the_claim_is_made_again(tmp_path: Path) -> None:
    opened(tmp_path).close()
    state = State(str(tmp_path))
    state.claim()
    (tmp_path / "node").unlink()
    state.open()
    with pytest.raises(StateError, match="another gateway runs"):
        opened(tmp_path)
    state.close()


def test_what_could_be_claimed_and_cannot_be_read_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(tmp_path).close()
    state, real = State(str(tmp_path)), os.open
    state.claim()

    def refuse(path: str, *rest: int) -> int:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StateError, match=f"{tmp_path}/node cannot be used: Permission denied"):
        state.open()
    monkeypatch.setattr(os, "open", real)
    opened(tmp_path).close()  # the lock is free


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    opened(tmp_path).close()
    monkeypatch.setattr(fcntl, "flock", refuse)
    state = State(str(tmp_path))
    state.claim()
    with pytest.raises(StateError, match="node cannot be used: No locks available"):
        state.open()


@pytest.mark.parametrize("content", ["../../etc\n", "", "\xff" * 100])
def test_another_content_is_not_believed(content: str, tmp_path: Path) -> None:
    (tmp_path / "node").write_text(content)
    for _ in range(2):  # nothing is kept locked by the first
        with pytest.raises(StateError, match="remove it to have it made again"):
            opened(tmp_path)


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StateError, match="cannot be used"):
        opened(tmp_path / "state")


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
