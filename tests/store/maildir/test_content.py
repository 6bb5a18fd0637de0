from __future__ import annotations

import errno
import os
from collections.abc import Awaitable
from pathlib import Path

import pytest

from mailgate.failures import StoreError
from mailgate.mail import BLOCK_OCTETS
from mailgate.store.maildir.content import FileContent
from mailgate.store.maildir.disk import READ, Disk
from tests.store.support import FaultyDisk, Later, at_once, content_of, fault, open_descriptors
from tests.support import result_of, started


def _open(path: Path, octets: bytes) -> int:
    path.write_bytes(octets)
    return os.open(path, READ)


@pytest.mark.parametrize("octets", [b"", b"x", b"x" * BLOCK_OCTETS])
def test_a_small_message_costs_one_hop(tmp_path: Path, octets: bytes) -> None:
    later, before = Later(), open_descriptors()
    content = FileContent(Disk(), later, _open(tmp_path / "m", octets), len(octets))
    assert open_descriptors() == before  # closed already
    assert content.read_block() == octets
    assert content.read_block() == b""
    content.close()


@pytest.mark.parametrize("length", [BLOCK_OCTETS + 1, 2 * BLOCK_OCTETS, 5 * BLOCK_OCTETS - 1])
def test_a_large_one_comes_in_blocks(tmp_path: Path, length: int) -> None:
    octets, before = os.urandom(length), open_descriptors()
    content = FileContent(Disk(), at_once, _open(tmp_path / "m", octets), length)
    assert result_of(content_of(content)) == octets
    assert open_descriptors() == before


def test_closed_while_a_block_is_being_read(tmp_path: Path) -> None:
    octets, before, later = os.urandom(2 * BLOCK_OCTETS), open_descriptors(), Later()
    seen: list[int] = []

    def read(descriptor: int, length: int) -> bytes:
        if seen:
            content.close()
            os.fstat(descriptor)  # still ours
        seen.append(descriptor)
        return os.read(descriptor, length)

    content = FileContent(Disk(read=read), later, _open(tmp_path / "m", octets), len(octets))
    assert content.read_block() == octets[:BLOCK_OCTETS]
    block = content.read_block()
    assert isinstance(block, Awaitable)
    reading = started(block)
    later.run_and_tell()
    assert result_of(reading) == octets[BLOCK_OCTETS:]
    assert open_descriptors() == before


def test_read_errors_are_store_errors(tmp_path: Path) -> None:
    before, faulty = open_descriptors(), FaultyDisk()
    faulty.faults = {0: fault(errno.EIO)}
    with pytest.raises(StoreError, match="cannot read"):
        FileContent(faulty.disk, at_once, _open(tmp_path / "m", b"x"), 1)
    assert open_descriptors() == before


def test_reading_on_after_closing_is_a_store_error(tmp_path: Path) -> None:
    content = FileContent(Disk(), at_once, _open(tmp_path / "m", b"x" * BLOCK_OCTETS * 2), BLOCK_OCTETS * 2)
    content.read_block()
    content.close()
    block = content.read_block()
    assert isinstance(block, Awaitable)
    with pytest.raises(StoreError):
        result_of(block)
