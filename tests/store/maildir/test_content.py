from __future__ import annotations

import errno
import os
from collections.abc import Awaitable, Iterator
from pathlib import Path

import pytest

from mailgate.failures import Gone, StoreError
from mailgate.interfaces import IContent
from mailgate.mail import BLOCK_OCTETS, Entry
from mailgate.store.maildir.content import READ_OCTETS, FileContent, KeptContent, open_content, read_ahead, read_at_once
from mailgate.store.maildir.disk import DIRECTORY, READ, Disk
from mailgate.store.maildir.locate import Locator
from tests.store.support import FaultyDisk, Later, at_once, content_of, fault, open_descriptors
from tests.support import result_of, started


def _open(path: Path, octets: bytes) -> int:
    path.write_bytes(octets)
    return os.open(path, READ)


@pytest.fixture
def maildrop(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "new").mkdir()
    (tmp_path / "cur").mkdir()
    with Disk().opened(str(tmp_path), DIRECTORY) as descriptor:
        yield descriptor


def _entry(tmp_path: Path, name: str, octets: bytes) -> Entry:
    (tmp_path / "new" / name).write_bytes(octets)
    return Entry(name, len(octets) + octets.count(b"\n"), f"new/{name}")


@pytest.mark.parametrize("octets", [b"", b"x", b"x" * BLOCK_OCTETS])
def test_a_small_message_costs_one_trip(tmp_path: Path, maildrop: int, octets: bytes) -> None:
    later, before = Later(), open_descriptors()
    content = open_content(Disk(), later, Locator(Disk()), maildrop, _entry(tmp_path, "m", octets))
    assert open_descriptors() == before  # closed already
    assert content.read_block() == octets
    assert content.read_block() == b""
    content.close()


@pytest.mark.parametrize(
    "length", [BLOCK_OCTETS + 1, 2 * BLOCK_OCTETS, READ_OCTETS, READ_OCTETS + 1, 3 * READ_OCTETS - BLOCK_OCTETS - 1]
)
def test_a_large_one_comes_in_blocks_and_by_few_trips(tmp_path: Path, maildrop: int, length: int) -> None:
    octets, before, faulty = os.urandom(length), open_descriptors(), FaultyDisk()
    content = open_content(faulty.disk, at_once, Locator(Disk()), maildrop, _entry(tmp_path, "m", octets))
    blocks = []
    while block := result_of(_next(content)):
        blocks.append(block)
    assert b"".join(blocks) == octets and max(map(len, blocks)) == BLOCK_OCTETS
    assert faulty.calls.count("read") == -(-length // READ_OCTETS)
    assert open_descriptors() == before  # at its end, without `close`


async def _next(content: IContent) -> bytes:
    block = content.read_block()
    return block if isinstance(block, bytes) else await block


@pytest.mark.parametrize("there", [BLOCK_OCTETS, READ_OCTETS, READ_OCTETS + 7])
def test_one_that_is_cut_short_while_it_is_read_never_looks_whole(tmp_path: Path, there: int) -> None:
    octets, before = os.urandom(there), open_descriptors()
    content = FileContent(Disk(), at_once, _open(tmp_path / "m", octets), 3 * READ_OCTETS)
    given = b""
    with pytest.raises(StoreError, match=f"{3 * READ_OCTETS - there} octets are missing"):
        while True:
            given += result_of(_next(content)) or pytest.fail("it seems to be whole")
    assert given == octets
    content.close()
    assert open_descriptors() == before


def test_one_that_is_empty_by_now_is_not_given_at_all(tmp_path: Path) -> None:
    before = open_descriptors()
    with pytest.raises(StoreError, match="cut the message short"):
        FileContent(Disk(), at_once, _open(tmp_path / "m", b""), READ_OCTETS)
    assert open_descriptors() == before


def test_a_small_one_that_is_cut_short_between_looking_and_reading(tmp_path: Path, maildrop: int) -> None:
    def read(descriptor: int, length: int) -> bytes:
        os.truncate(tmp_path / "new" / "m", 3)
        return os.read(descriptor, length)

    entry, before = _entry(tmp_path, "m", b"hello\n"), open_descriptors()
    with pytest.raises(StoreError, match="3 octets are missing"):
        open_content(Disk(read=read), at_once, Locator(Disk()), maildrop, entry)
    _entry(tmp_path, "m", b"hello\n")
    assert read_ahead(Disk(read=read), Locator(Disk()), maildrop, [entry]) == {}
    assert open_descriptors() == before


def _see_nothing(entry: Entry, descriptor: int, octets: int) -> None:
    pass


@pytest.mark.parametrize("there", [0, 3, 5])
def test_what_memory_has_in_part_is_not_read_at_once(tmp_path: Path, maildrop: int, there: int) -> None:
    entry, before = _entry(tmp_path, "m", b"hello\n"), open_descriptors()
    partly = Disk(read=lambda descriptor, octets: os.read(descriptor, there))
    assert read_at_once(partly, maildrop, entry, _see_nothing) is None
    assert read_at_once(Disk(), maildrop, entry, _see_nothing) == b"hello\n"
    assert open_descriptors() == before


@pytest.mark.parametrize("failing", ["open", "fstat", "read"])
def test_what_fails_is_not_read_at_once(tmp_path: Path, maildrop: int, failing: str) -> None:
    entry, before, faulty = _entry(tmp_path, "m", b"hello\n"), open_descriptors(), FaultyDisk()
    faulty.always[failing] = fault(errno.EAGAIN)
    assert read_at_once(faulty.disk, maildrop, entry, _see_nothing) is None
    assert open_descriptors() == before


def test_what_cannot_be_closed_is_read_all_the_same(tmp_path: Path, maildrop: int) -> None:
    entry, before, faulty = _entry(tmp_path, "m", b"hello\n"), open_descriptors(), FaultyDisk()
    faulty.always["close"] = fault(errno.EIO)
    assert read_at_once(faulty.disk, maildrop, entry, _see_nothing) == b"hello\n"
    assert open_descriptors() == before


def test_closed_while_a_block_is_being_read(tmp_path: Path) -> None:
    octets, before, later = os.urandom(2 * READ_OCTETS), open_descriptors(), Later()
    seen: list[int] = []

    def read(descriptor: int, length: int) -> bytes:
        if seen:
            content.close()
            os.fstat(descriptor)  # still ours
        seen.append(descriptor)
        return os.read(descriptor, length)

    content = FileContent(Disk(read=read), later, _open(tmp_path / "m", octets), len(octets))
    for at in range(0, READ_OCTETS, BLOCK_OCTETS):
        assert content.read_block() == octets[at : at + BLOCK_OCTETS]
    block = content.read_block()
    assert isinstance(block, Awaitable)
    reading = started(block)
    later.run_and_tell()
    assert result_of(reading) == octets[READ_OCTETS : READ_OCTETS + BLOCK_OCTETS]
    assert open_descriptors() == before


def test_read_errors_are_store_errors(tmp_path: Path, maildrop: int) -> None:
    before, faulty = open_descriptors(), FaultyDisk()
    faulty.always = {"read": fault(errno.EIO)}
    with pytest.raises(StoreError, match="cannot read"):
        FileContent(faulty.disk, at_once, _open(tmp_path / "m", b"x"), 1)
    with pytest.raises(StoreError, match="cannot read"):
        open_content(faulty.disk, at_once, Locator(Disk()), maildrop, _entry(tmp_path, "m", b"x"))
    assert open_descriptors() == before


def test_a_read_error_half_way(tmp_path: Path) -> None:
    before, faulty = open_descriptors(), FaultyDisk()
    content = FileContent(faulty.disk, at_once, _open(tmp_path / "m", b"x" * 2 * READ_OCTETS), 2 * READ_OCTETS)
    faulty.always = {"read": fault(errno.EIO)}
    with pytest.raises(StoreError, match="cannot read"):
        result_of(content_of(content))
    content.close()
    assert open_descriptors() == before


def test_reading_on_after_closing_is_a_store_error(tmp_path: Path) -> None:
    content = FileContent(Disk(), at_once, _open(tmp_path / "m", b"x" * READ_OCTETS * 2), READ_OCTETS * 2)
    content.read_block()
    content.close()
    block = content.read_block()
    assert isinstance(block, Awaitable)
    with pytest.raises(StoreError):
        result_of(block)


def test_one_that_is_gone(maildrop: int) -> None:
    with pytest.raises(Gone, match="u1"):
        open_content(Disk(), at_once, Locator(Disk()), maildrop, Entry("u1", 1, "new/u1"))


def test_what_is_kept_is_given_once() -> None:
    content = KeptContent(b"octets")
    assert (content.read_block(), content.read_block()) == (b"octets", b"")
    content.close()


def test_reading_ahead(tmp_path: Path, maildrop: int) -> None:
    entries = [_entry(tmp_path, str(number), b"%d\n" % number) for number in range(3)]
    os.rename(tmp_path / "new" / "1", tmp_path / "cur" / "1:2,S")
    before = open_descriptors()
    contents = read_ahead(Disk(), Locator(Disk()), maildrop, entries)
    assert contents == {"new/0": b"0\n", "new/1": b"1\n", "new/2": b"2\n"}
    assert read_ahead(Disk(), Locator(Disk()), maildrop, []) == {}
    assert open_descriptors() == before


def test_reading_ahead_stops_at_what_is_odd(tmp_path: Path, maildrop: int) -> None:
    first, large, gone, fine = (_entry(tmp_path, name, b"x\n") for name in ("first", "large", "gone", "fine"))
    (tmp_path / "new" / "large").write_bytes(b"x" * 100)  # its entry knows of three octets
    os.unlink(tmp_path / "new" / "gone")
    before = open_descriptors()
    for odd in (large, gone):
        assert read_ahead(Disk(), Locator(Disk()), maildrop, [first, odd, fine]) == {"new/first": b"x\n"}
    assert open_descriptors() == before


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE])
def test_whichever_call_fails_while_reading_ahead(tmp_path: Path, maildrop: int, number: int) -> None:
    entries = [_entry(tmp_path, str(at), b"x\n") for at in range(2)]
    rehearsal, before = FaultyDisk(), open_descriptors()
    read_ahead(rehearsal.disk, Locator(rehearsal.disk), maildrop, entries)
    for at, call in enumerate(rehearsal.calls):
        faulty = FaultyDisk()
        faulty.faults[at] = fault(number)
        contents = read_ahead(faulty.disk, Locator(faulty.disk), maildrop, entries)
        whole = 2 if call == "close" else at * 2 // len(rehearsal.calls)
        assert list(contents.values()) == [b"x\n"] * whole
        assert open_descriptors() == before
