"""Sockets in directories with long names."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mailgate import short_paths
from mailgate.short_paths import MAX_OCTETS, ShortPath


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    directory = tmp_path / ("d" * 100) / ("e" * 100)
    directory.mkdir(parents=True)
    return directory


def test_a_short_one_is_left_as_it_is(tmp_path: Path) -> None:
    with ShortPath("/run/x.sock") as name:
        assert name == "/run/x.sock"


def test_a_long_one_can_be_listened_at_and_connected_to(deep: Path) -> None:
    path = str(deep / "x.sock")
    before = set(os.listdir("/proc/self/fd"))
    with ShortPath(path) as name, ShortPath(path) as other, socket.socket(socket.AF_UNIX) as server:
        assert len(name) < MAX_OCTETS < len(path)
        server.bind(name)
        server.listen()
        assert os.path.exists(path)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(other)
    assert set(os.listdir("/proc/self/fd")) == before


def test_closed_twice(deep: Path) -> None:
    short = ShortPath(str(deep / "x.sock"))
    short.close()
    short.close()


def test_a_directory_that_is_not_there(deep: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ShortPath(str(deep / "none" / "x.sock"))


def test_where_descriptors_have_no_names(deep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(short_paths.os.path, "isdir", lambda path: False)  # type: ignore[attr-defined]
    path = str(deep / "x.sock")
    with ShortPath(path) as name:
        assert name == path
