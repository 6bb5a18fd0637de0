"""Who listens at a UNIX socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mailgate.service import neighbours
from mailgate.service.neighbours import process_at
from mailgate.short_paths import ShortPath


def test_who_listens_is_known_and_who_is_gone_is_not(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 30)  # longer than a socket's path may be
    directory.mkdir()
    path = str(directory / "control.sock")
    assert process_at(path) is None
    with socket.socket(socket.AF_UNIX) as server, ShortPath(path) as name:
        server.bind(name)
        assert process_at(path) is None
        server.listen()
        assert process_at(path) == os.getpid()
    assert os.path.exists(path) and process_at(path) is None


def test_what_is_no_socket_and_what_is_nowhere(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert process_at(str(tmp_path / "file")) is None
    assert process_at(str(tmp_path / ("none" * 30) / "control.sock")) is None


def test_one_in_another_namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as server, ShortPath(str(tmp_path / "s")) as name:
        server.bind(name)
        server.listen()
        monkeypatch.setattr(socket.socket, "getsockopt", lambda *_: bytes(12))
        assert process_at(str(tmp_path / "s")) is None


def test_where_the_kernel_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as server, ShortPath(str(tmp_path / "s")) as name:
        server.bind(name)
        server.listen()
        monkeypatch.setattr(neighbours, "_PEER_CREDENTIALS", None)
        assert process_at(str(tmp_path / "s")) is None
