"""Where an export goes: whole or recognisable as half, and never in place of something."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from mailgate.archive.destination import new_directory, new_file, write_durably
from mailgate.archive.message import ArchiveError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file(tmp_path: Path) -> None:
    target = tmp_path / "mbox"
    with new_file(str(target)) as stream:
        stream.write(b"x")
        assert os.listdir(tmp_path) == ["mbox.partial"]
    assert (target.read_bytes(), os.listdir(tmp_path), mode(target)) == (b"x", ["mbox"], 0o600)


def test_a_directory(tmp_path: Path) -> None:
    with new_directory(f"{tmp_path}/here/") as directory:
        assert directory == f"{tmp_path}/here.partial"
    assert (os.listdir(tmp_path), mode(tmp_path / "here")) == (["here"], 0o700)


@pytest.mark.parametrize("new", [new_file, new_directory])
def test_half_an_export_is_recognisable(tmp_path: Path, new: Any) -> None:
    with pytest.raises(RuntimeError), new(str(tmp_path / "x")):
        raise RuntimeError
    assert os.listdir(tmp_path) == ["x.partial"]
    with pytest.raises(ArchiveError, match="not finished"), new(str(tmp_path / "x")):
        raise AssertionError("it must not begin")


@pytest.mark.parametrize("new", [new_file, new_directory])
def test_nothing_is_overwritten(tmp_path: Path, new: Any) -> None:
    (tmp_path / "x").symlink_to("nowhere")
    with pytest.raises(ArchiveError, match="is there already"), new(str(tmp_path / "x")):
        raise AssertionError("it must not begin")
    with pytest.raises(ArchiveError, match="is there already"), new(str(tmp_path / "y")):
        (tmp_path / "y").write_text("somebody else's")
    assert (tmp_path / "y").read_text() == "somebody else's"


def test_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = errno.EPERM

    def link(source: str, target: str) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", link)
    with new_file(str(tmp_path / "x")):
        pass
    assert os.listdir(tmp_path) == ["x"]
    number = errno.EIO
    with pytest.raises(OSError, match="Input/output"), new_file(str(tmp_path / "y")):
        pass


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(stream: Any) -> None:
        stream.write(b"half")
        raise ArchiveError("no more")

    with pytest.raises(ArchiveError):
        write_durably(str(tmp_path / "x"), fail)
    assert os.listdir(tmp_path) == []
