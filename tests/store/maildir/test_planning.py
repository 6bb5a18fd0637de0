"""Which message is here already, and by which UID and name each other is to be known."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from mailgate.failures import StoreError
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.planning import Plan, Planner, Taken, content_of
from tests.store.support import FaultyDisk, fault
from tests.support import splits


@frozen
class Arriving:
    """What an archive gives."""

    open: Callable[[], Iterator[bytes]]
    where: str = "here"
    seconds: int = 7
    uid: str = ""
    unique: str = ""
    flags: str = ""
    is_new: bool = False
    smtputf8: bool = False


def arriving(*blocks: bytes, **known: Any) -> Arriving:
    return Arriving(partial(iter, blocks), **known)


@pytest.fixture
def maildrop(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "cur").mkdir()
    descriptor = os.open(tmp_path, DIRECTORY)
    yield descriptor
    os.close(descriptor)


def planned(planner: Planner, arrival: Arriving) -> Plan:
    plan = planner.plan(arrival)
    assert isinstance(plan, Plan)
    return plan


def put(root: Path, name: str, content: bytes = b"x\n") -> None:
    (root / "cur" / name).write_bytes(content)


def test_its_own_name_and_uid(maildrop: int) -> None:
    planner = Planner(Disk(), maildrop)
    plan = planned(planner, arriving(b"x\n", b"y\n", uid="u", unique="1.a", smtputf8=True))
    assert (plan.uid, plan.base, plan.octets, plan.clashed) == ("u", "1.a,S=4,W=6,U=1", 4, "")
    assert planned(planner, arriving(b"x\n", uid="1.b", unique="1.b")).base == "1.b,S=2,W=3"


@pytest.mark.parametrize(("seconds", "named"), [(-5, 0), (10**12, 10**11 - 1)])
def test_what_is_made_of_the_content(maildrop: int, seconds: int, named: int) -> None:
    plan = planned(Planner(Disk(), maildrop), arriving(b"x\n", seconds=seconds))
    assert plan.uid.startswith(f"{named}.") and plan.uid.endswith(".import")
    assert plan.base == f"{plan.uid},S=2,W=3"
    assert plan.seconds == named


@given(st.data(), st.lists(st.sampled_from([b"\n", b"\r\n", b".", b"a"]), max_size=9).map(b"".join))
def test_neither_blocks_nor_line_ends_matter(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, content: bytes
) -> None:
    descriptor = os.open(tmp_path_factory.mktemp("maildrop"), DIRECTORY)
    plans = [
        planned(Planner(Disk(), descriptor), arriving(*blocks)).uid
        for blocks in (data.draw(splits(content)), [content.replace(b"\r\n", b"\n")])
    ]
    os.close(descriptor)
    assert plans[0] == plans[1]


def test_what_is_there(tmp_path: Path, maildrop: int) -> None:
    made = planned(Planner(Disk(), maildrop), arriving(b"x\n")).uid
    put(tmp_path, "1.a:2,S", b"x\r\n")
    put(tmp_path, made)
    planner = Planner(Disk(), maildrop)
    assert planner.plan(arriving(b"x\n", uid="1.a")) == Taken("here", "1.a", was_there=True)
    assert planner.plan(arriving(b"x\n", seconds=9)) == Taken("here", made, was_there=True)
    again = planned(planner, arriving(b"x\n", uid="1.a"))  # a second one, which nobody has yet
    assert again.clashed == "1.a"
    assert again.uid not in ("1.a", made)


def test_clashes(tmp_path: Path, maildrop: int) -> None:
    put(tmp_path, "1.a:2,S", b"another\n")
    plan = planned(Planner(Disk(), maildrop), arriving(b"x\n", uid="1.a", unique="1.a"))
    assert plan.clashed == "1.a"
    put(tmp_path, plan.base)
    assert Planner(Disk(), maildrop).plan(arriving(b"x\n", uid="1.a")) == Taken("here", plan.uid, was_there=True)


def test_a_name_that_somebody_has(tmp_path: Path, maildrop: int) -> None:
    put(tmp_path, "1.a,S=2,W=3:2,S")
    planner = Planner(Disk(), maildrop)
    first = planned(planner, arriving(b"x\n", uid="u", unique="1.a"))
    second = planned(planner, arriving(b"x\n", uid="v", unique="1.a"))
    third = planned(planner, arriving(b"x\n"))
    assert len({plan.base for plan in (first, second, third)}) == 3
    assert [plan.uid for plan in (first, second)] == ["u", "v"]
    assert third.base.startswith(third.uid)


def test_what_cannot_be_read(maildrop: int) -> None:
    for error in (OSError("no"), ValueError("no")):

        def fail(error: Exception = error) -> Iterator[bytes]:
            yield b""
            raise error

        with pytest.raises(StoreError, match="it cannot be read: no"):
            list(content_of(Arriving(fail)))
        assert Planner(Disk(), maildrop).plan(Arriving(fail)) == Taken("here", trouble="it cannot be read: no")


def test_what_cannot_be_compared(tmp_path: Path, maildrop: int) -> None:
    put(tmp_path, "1.a")
    faulty = FaultyDisk()
    planner = Planner(faulty.disk, maildrop)
    faulty.always["read"] = fault(errno.EIO)
    taken = planner.plan(arriving(b"x\n", uid="1.a"))
    assert isinstance(taken, Taken) and "cannot compare it with what is there" in taken.trouble
    faulty.always.clear()
    (tmp_path / "cur" / "1.a").unlink()
    taken = planner.plan(arriving(b"x\n", uid="1.a"))
    assert isinstance(taken, Taken) and "another program removed it" in taken.trouble
