"""What is in memory is had without a trip to a thread, and whatever is not comes by one. Here all of the disk is in
memory, but for what a test makes fail.
"""

from __future__ import annotations

import errno
import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from attrs import evolve

from mailgate.failures import Gone, InUse, StoreError
from mailgate.mail import BLOCK_OCTETS
from mailgate.rules import NO_RULES, Retention, Rules
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.store import MaildirStore
from tests.store.support import (
    ALICE,
    NODE,
    FaultyDisk,
    content_of,
    deliver,
    fault,
    listed,
    message,
    open_descriptors,
)
from tests.support import result_of

T = TypeVar("T")

NFS = 0x6969
EXT4 = 0xEF53
LARGE = b"0123456789abcde\n" * (BLOCK_OCTETS // 2)


class Trips:
    """An offload that counts."""

    def __init__(self) -> None:
        self.made = 0

    async def __call__(self, work: Callable[[], T], /) -> T:
        self.made += 1
        return work()


class House:
    """A store of which everything is in memory, on a file system of that kind."""

    def __init__(self, root: Path, kind: int = EXT4, resident: Disk | None = None) -> None:
        self.trips = Trips()
        disk = evolve(Disk(), file_system=lambda _: kind)
        self.store = MaildirStore(str(root), NODE, self.trips, disk=disk, resident=resident or Disk())
        self.home = root / "example.test" / "alice"

    def deliver(self, *contents: bytes) -> None:
        """Messages that the times of the maildrop tell nothing of any more: they were long ago."""
        for content in contents:
            result_of(deliver(self.store, message(content), ALICE))
        for folder in ("new", "cur"):
            os.utime(self.home / folder, (1, 1))

    def poll(self, rules: Rules = NO_RULES) -> int:
        """How many trips it takes to see what is there."""
        before = self.trips.made
        maildrop = result_of(self.store.open(ALICE, rules))
        listed(maildrop)
        maildrop.release()
        return self.trips.made - before

    def read(self) -> tuple[list[bytes], int]:
        """All messages, and the trips that it took after they were listed."""
        maildrop = result_of(self.store.open(ALICE))
        entries = listed(maildrop)
        before = self.trips.made
        contents = [result_of(content_of(result_of(maildrop.read(entry)))) for entry in entries]
        maildrop.release()
        return contents, self.trips.made - before


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.deliver(b"first\n", b"second\n")
    return house


def test_the_second_poll_makes_no_trip(house: House) -> None:
    assert [house.poll() for _ in range(3)] == [1, 0, 0]


def test_what_has_changed_is_read_by_a_thread(house: House) -> None:
    house.poll()
    house.deliver(b"third\n")
    assert [house.poll(), house.poll()] == [1, 0]


@pytest.mark.parametrize("rules", [Rules(dele="trash", removed_days=7), Rules(retention=Retention(fetched_days=1))])
def test_where_more_is_to_be_read_or_made_a_thread_does_it(house: House, rules: Rules) -> None:
    house.poll()
    assert house.poll(rules) == 1


def test_where_another_machine_may_have_to_be_asked_a_thread_does_it(tmp_path: Path) -> None:
    house = House(tmp_path, NFS)
    house.deliver(b"first\n")
    assert [house.poll() for _ in range(3)] == [1, 1, 1]


def test_one_lock_for_both_ways(house: House) -> None:
    house.poll()
    maildrop = result_of(house.store.open(ALICE))
    with pytest.raises(InUse):
        result_of(house.store.open(ALICE))
    maildrop.release()
    assert house.poll() == 0


def test_small_messages_make_no_trip(house: House) -> None:
    house.poll()
    contents, trips = house.read()
    assert [content.splitlines()[-1] for content in contents] == [b"first", b"second"]
    assert trips == 0


def test_the_rest_of_a_large_one_makes_no_trip(house: House) -> None:
    house.deliver(LARGE)
    contents, trips = house.read()
    assert contents[2].endswith(LARGE) and trips == 1


def test_one_that_moved_is_found_by_a_thread(house: House) -> None:
    maildrop = result_of(house.store.open(ALICE))
    first, second = listed(maildrop)
    for name in os.listdir(house.home / "new"):
        (house.home / "new" / name).rename(house.home / "cur" / f"{name}:2,S")
    before = house.trips.made
    assert result_of(content_of(result_of(maildrop.read(second)))).endswith(b"second\n")
    assert house.trips.made == before + 1
    os.unlink(next(path for path in (house.home / "cur").iterdir() if first.key.split("/")[1] in path.name))
    with pytest.raises(Gone):
        result_of(maildrop.read(first))
    maildrop.release()


def test_a_link_in_its_place_is_not_followed(house: House) -> None:
    maildrop = result_of(house.store.open(ALICE))
    entry = listed(maildrop)[0]
    secret = house.home / "secret"
    secret.write_bytes(b"not for alice\n")
    (house.home / entry.key).unlink()
    (house.home / entry.key).symlink_to(secret)
    with pytest.raises(StoreError):
        result_of(maildrop.read(entry))
    maildrop.release()


def test_one_that_was_cut_short_is_told_as_ever(house: House) -> None:
    maildrop = result_of(house.store.open(ALICE))
    listed(maildrop)
    house.deliver(LARGE)
    maildrop.release()
    maildrop = result_of(house.store.open(ALICE))
    content = result_of(maildrop.read(listed(maildrop)[2]))
    os.truncate(house.home / listed(maildrop)[2].key, 300_000)
    with pytest.raises(StoreError, match="cut the message short"):
        result_of(content_of(content))
    maildrop.release()


def test_one_that_grew_beyond_a_block_goes_by_blocks(house: House) -> None:
    house.poll()
    maildrop, before = result_of(house.store.open(ALICE)), open_descriptors()
    entry = listed(maildrop)[0]
    (house.home / entry.key).write_bytes(LARGE)
    assert result_of(content_of(result_of(maildrop.read(entry)))) == LARGE
    assert open_descriptors() == before
    maildrop.release()


def test_nothing_is_read_of_a_maildrop_that_was_given_back(house: House) -> None:
    maildrop = result_of(house.store.open(ALICE))
    entry = listed(maildrop)[0]
    maildrop.release()
    with pytest.raises(StoreError):
        result_of(maildrop.read(entry))


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EMFILE, errno.EIO, errno.EOPNOTSUPP])
def test_whatever_cannot_be_had_at_once_comes_by_a_thread(tmp_path: Path, number: int) -> None:
    """Each call in turn: the same messages, nothing left open, and the lock free for the next."""
    quick = FaultyDisk()
    house = House(tmp_path, resident=quick.disk)
    house.deliver(b"first\n", LARGE)
    wanted, _ = house.read()
    quick.calls.clear()
    house.read()
    gc.collect()  # what other tests have left is not to be closed while descriptors are counted here
    calls, before = len(quick.calls), open_descriptors()
    assert calls > 15
    for call in range(calls):
        quick.calls.clear()
        quick.faults = {call: fault(number)}
        assert house.read()[0] == wanted
        assert open_descriptors() == before


def test_a_file_system_that_does_not_say_what_it_is(house: House, tmp_path: Path) -> None:
    unknown = FaultyDisk()
    unknown.always["file_system"] = fault(errno.EIO)
    store = MaildirStore(str(tmp_path), NODE, house.trips, disk=unknown.disk, resident=Disk())
    before = house.trips.made
    for _ in range(2):
        result_of(store.open(ALICE)).release()
    assert house.trips.made == before + 2
