from __future__ import annotations

import errno
import os
import stat
import tracemalloc
from pathlib import Path

import pytest

from mailgate.spool import FILE_PREFIX, MEMORY_OCTETS, Memory, Spool


def _content(spool: Spool) -> bytes:
    with spool.freeze().open() as stream:
        return stream.read()


@pytest.mark.parametrize("octets", [0, 1, 100])
def test_up_to_the_threshold_it_stays_in_memory(tmp_path: Path, octets: int) -> None:
    spool = Spool(str(tmp_path), memory_octets=100)
    spool.write(b"x" * octets)
    body = spool.freeze()
    assert (body.content, body.file, body.octets, body.lines) == (b"x" * octets, None, octets, 0)
    assert os.listdir(tmp_path) == []
    spool.close()


@pytest.mark.parametrize("blocks", [[b"x" * 101], [b"x" * 100, b"y"], [b"x" * 60, b"y" * 60, b"z" * 60]])
def test_beyond_it_goes_to_a_private_file(tmp_path: Path, blocks: list[bytes]) -> None:
    directory = tmp_path / "made" / "on demand"
    spool = Spool(str(directory), memory_octets=100)
    for block in blocks:
        spool.write(block)
    body = spool.freeze()
    assert body.content is None and body.file is not None and body.octets == len(b"".join(blocks))
    assert os.path.basename(body.file).startswith(FILE_PREFIX)
    assert stat.S_IMODE(os.stat(body.file).st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert _content(spool) == _content(spool) == b"".join(blocks)
    spool.close()
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("memory_octets", [4, 400])
def test_sizes(tmp_path: Path, memory_octets: int) -> None:
    spool = Spool(str(tmp_path), memory_octets)
    assert spool.wire_octets == 0
    for block in (b"a\n", b"", b"b\nc", b"\n\n"):
        spool.write(block)
    assert spool.wire_octets == 11
    body = spool.freeze()
    assert (body.octets, body.lines, body.wire_octets) == (7, 4, 11)
    assert _content(spool) == b"a\nb\nc\n\n"
    spool.close()


@pytest.mark.parametrize("octets", [10, 1000])
def test_close_again_and_again(tmp_path: Path, octets: int) -> None:
    spool = Spool(str(tmp_path), memory_octets=100)
    spool.write(b"x" * octets)
    spool.close()
    spool.close()
    assert os.listdir(tmp_path) == []
    Spool(str(tmp_path)).close()


def test_a_store_may_take_the_file_away(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), memory_octets=1)
    spool.write(b"content\n")
    body = spool.freeze()
    assert body.file is not None
    os.rename(body.file, tmp_path / "taken")
    spool.close()
    assert (tmp_path / "taken").read_bytes() == b"content\n"


def test_a_file_that_cannot_be_removed_does_not_stop_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(str(tmp_path), memory_octets=1)
    spool.write(b"content\n")

    def unlink(path: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "unlink", unlink)
    spool.close()
    spool.close()


def test_a_disk_that_is_full_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(str(tmp_path), memory_octets=1)
    spool.write(b"x")

    class Full:
        def write(self, block: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def close(self) -> None:
            os.close(self.descriptor)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def __init__(self, descriptor: int, mode: str) -> None:
            self.descriptor = descriptor

    monkeypatch.setattr(os, "fdopen", Full)
    with pytest.raises(OSError, match="No space"):
        spool.write(b"y")
    assert len(os.listdir(tmp_path)) == 1
    spool.close()
    assert os.listdir(tmp_path) == []


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    spool = Spool(str(tmp_path / "file"), memory_octets=1)
    with pytest.raises(OSError, match=r"file"):
        spool.write(b"xx")
    spool.close()


def _peak(spool: Spool, block: bytes, times: int) -> int:
    tracemalloc.start()
    try:
        for _ in range(times):
            spool.write(block)
        spool.freeze()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        spool.close()


def test_memory_is_bounded_also_when_octets_come_one_by_one(tmp_path: Path) -> None:
    assert _peak(Spool(str(tmp_path)), b"x", MEMORY_OCTETS) < 3 * MEMORY_OCTETS


def test_memory_does_not_grow_with_the_message(tmp_path: Path) -> None:
    assert _peak(Spool(str(tmp_path)), b"x" * 10_000, 400) < 3 * MEMORY_OCTETS


def test_every_directory_that_it_makes_is_private(tmp_path: Path) -> None:
    directory = tmp_path / "mail" / ".spool" / "node"
    spool = Spool(str(directory), memory_octets=0)
    spool.write(b"x")
    for made in (directory, directory.parent, directory.parent.parent):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
    spool.close()


def test_what_bodies_hold_in_memory_together_is_bounded(tmp_path: Path) -> None:
    shared = Memory(150)
    first, second, third = (Spool(str(tmp_path), memory_octets=100, shared=shared) for _ in range(3))
    first.write(b"1" * 90)
    second.write(b"2" * 50)
    second.write(b"2" * 20)  # more than is left: all of it goes to a file
    assert (first.freeze().file, second.freeze().content, shared.octets_left) == (None, None, 60)
    first.close()
    first.close()
    assert shared.octets_left == 150
    third.write(b"3" * 100)
    assert _content(second) == b"2" * 70
    assert (third.freeze().content, shared.octets_left) == (b"3" * 100, 50)
    for spool in (second, third):
        spool.close()
    assert shared.octets_left == 150


def test_a_body_whose_file_cannot_be_made_gives_its_memory_back(tmp_path: Path) -> None:
    shared = Memory(100)
    (tmp_path / "in the way").write_bytes(b"")
    spool = Spool(str(tmp_path / "in the way"), memory_octets=10, shared=shared)
    spool.write(b"x" * 10)
    with pytest.raises(OSError, match="in the way"):
        spool.write(b"x")
    spool.close()
    assert shared.octets_left == 100
