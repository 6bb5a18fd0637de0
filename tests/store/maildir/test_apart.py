"""With real processes, but where a test says otherwise: what they are for is to be another one."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from attrs import define, field

from mailgate.failures import NotCommitted, StoreError
from mailgate.store.maildir import frames
from mailgate.store.maildir.apart import REST_SECONDS, Apart, Process, start_process
from mailgate.store.maildir.commit import Job, Outcome
from mailgate.store.maildir.disk import Disk
from mailgate.store.maildir.layout import Layout
from mailgate.store.maildir.order import Order
from mailgate.store.maildir.store import MaildirStore
from tests.store.support import ALICE, BOB, NODE, at_once, deliver, files_below, message, open_descriptors
from tests.support import result_of

PATIENCE_SECONDS = 30.0
HERE: tuple[str, ...] = ("committed here",)


@define
class House:
    """An `Apart`, and what it has started."""

    root: Path
    start: Callable[[], Process] = start_process
    disk: Disk = field(factory=Disk)
    processes: list[Process] = field(factory=list)
    here: list[int] = field(factory=list)  # jobs of each batch that was committed here
    now: float = 0.0
    apart: Apart = field(init=False)

    def __attrs_post_init__(self) -> None:
        layout = Layout(str(self.root), self.disk)
        self.apart = Apart(layout, self.disk, NODE, "auto", self._commit, self._started, lambda: self.now)

    def _commit(self, jobs: Sequence[Job]) -> Sequence[Outcome]:
        self.here.append(len(jobs))
        return [HERE for _ in jobs]

    def _started(self) -> Process:
        self.processes.append(self.start())
        return self.processes[-1]

    def ready(self) -> None:
        """Start a process, and wait until it says that it is ready."""
        self.apart.start()
        connection = self.processes[-1].connection
        assert select.select([connection], [], [], PATIENCE_SECONDS)[0], "no process came up"

    def commit(self, *numbers: int, to: tuple[str, ...] = (ALICE,)) -> Sequence[Outcome]:
        return self.apart([job(number, to) for number in numbers])


def order(number: int, to: tuple[str, ...] = (ALICE,)) -> Order:
    heads = tuple((maildrop, f"To: {maildrop}\r\n".encode()) for maildrop in to)
    return Order(f"17.{number}.{NODE}", False, heads, b"\r\n\x00\xff body\n")


def job(number: int, to: tuple[str, ...] = (ALICE,)) -> Job:
    def write() -> Sequence[None]:
        raise AssertionError("it is the process that writes")

    return Job(write, len(to), 100, lambda: order(number, to))  # type: ignore[arg-type]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "mail")
    yield house
    house.apart.close()
    assert all(process.program.returncode is not None for process in house.processes), "a process outlived its gateway"


def test_a_batch_is_written_and_named_by_the_process(house: House) -> None:
    house.ready()
    first, second = house.commit(1, 2, to=(ALICE, BOB))
    assert isinstance(first, tuple) and isinstance(second, tuple) and len(first) == 2
    assert sorted(os.path.relpath(path, house.root) for path in first + second) == files_below(str(house.root))
    assert Path(first[1]).read_bytes() == f"To: {BOB}\r\n\r\n".encode() + b"\x00\xff body\n"
    assert house.here == [] and house.apart.is_as_whole is not None


def test_until_it_is_ready_all_is_done_here(house: House) -> None:
    assert house.commit(1, 2) == [HERE, HERE]
    assert house.processes == [], "nobody asked for one"


def test_one_message_after_the_other_is_done_here(house: House) -> None:
    house.ready()
    assert house.commit(1) == [HERE] and house.commit(2) == [HERE]
    house.commit(3, 4)
    assert isinstance(house.commit(5)[0], tuple) and house.here == [1, 1]  # others may be coming
    assert house.commit(6) == [HERE]


def test_what_is_in_a_file_already_is_named_here(house: House) -> None:
    house.ready()
    assert house.apart([job(1), Job(tuple, 1)]) == [HERE, HERE]


def test_an_order_that_cannot_be_made_fails_here(house: House) -> None:
    def none() -> Order:
        raise StoreError("no name")

    house.ready()
    assert house.apart([job(1), Job(tuple, 1, 0, none)]) == [HERE, HERE] and house.here == [2]


def test_a_job_that_fails_leaves_the_others_alone(house: House) -> None:
    house.ready()
    house.root.mkdir()
    (house.root / "example.test").mkdir()
    (house.root / "example.test/bob").symlink_to("/nowhere")
    committed, failed = house.apart([job(1), job(2, (ALICE, BOB))])
    assert isinstance(committed, tuple) and isinstance(failed, NotCommitted) and "symbolic link" in str(failed)
    assert files_below(str(house.root)) == [os.path.relpath(committed[0], house.root), "example.test/bob"]


def test_what_a_dead_process_was_at_is_done_here_and_so_is_the_next(house: House) -> None:
    house.ready()
    house.commit(1, 2)
    before = files_below(str(house.root))
    os.kill(house.processes[0].program.pid, signal.SIGKILL)
    assert house.commit(3, 4) == [HERE, HERE] and house.here == [2]
    assert files_below(str(house.root)) == before
    assert house.commit(5, 6) == [HERE, HERE] and house.apart.is_as_whole is None


def test_after_a_rest_there_is_a_new_one(house: House) -> None:
    house.ready()
    os.kill(house.processes[0].program.pid, signal.SIGKILL)
    house.commit(1, 2)
    house.now += REST_SECONDS - 0.1
    house.commit(3, 4)
    assert len(house.processes) == 1
    house.now += 0.2
    assert house.commit(5, 6) == [HERE, HERE]  # it is not awaited
    assert select.select([house.processes[1].connection], [], [], PATIENCE_SECONDS)[0]
    assert all(isinstance(outcome, tuple) and outcome != HERE for outcome in house.commit(7, 8))


def test_signals_to_the_whole_service_do_not_end_it(house: House) -> None:
    house.ready()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(house.processes[0].program.pid, number)
    assert isinstance(house.commit(1, 2)[1], tuple) and house.here == []


def test_it_ends_with_whoever_started_it(house: House) -> None:
    house.ready()
    house.processes[0].connection.close()
    assert house.processes[0].program.wait(PATIENCE_SECONDS) == 0


def test_one_that_cannot_be_started_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    before = open_descriptors()
    house = House(tmp_path / "mail")
    house.apart.start()
    assert house.commit(1, 2) == [HERE, HERE] and house.processes == []
    assert open_descriptors() == before
    house.apart.close()


class _Dies:
    """A process that does something, and is gone."""

    pid = 0
    returncode = -9

    def kill(self) -> None:
        pass

    def wait(self) -> int:
        return self.returncode


def _dying(root: Path, does: Callable[[], None]) -> Callable[[], Process]:
    """A process that dies of its first batch, after it `does` something to the root."""

    def start() -> Process:
        ours, theirs = socket.socketpair()
        frames.send(theirs, ())
        does()
        theirs.shutdown(socket.SHUT_WR)
        theirs_kept.append(theirs)
        return Process(ours, _Dies())  # type: ignore[arg-type]

    theirs_kept: list[socket.socket] = []
    return start


def _name(number: int, to: str) -> str:
    octets = len(f"To: {to}\r\n") + len(b"\r\n\x00\xff body\n")
    return f"17.{number}.{NODE},S={octets},W={octets + 1}"


def _half_done(root: Path) -> None:
    """1 is being written for Alice; 2 has one of its two names, 3 both; 20 and another are foreign."""
    content = b"\r\n\x00\xff body\n"
    for name, octets in {
        f"alice/tmp/17.1.{NODE}": b"half",
        f"alice/new/{_name(2, ALICE)}": f"To: {ALICE}\r\n".encode() + content,
        f"bob/tmp/17.2.{NODE}": f"To: {BOB}\r\n".encode() + content,
        f"alice/new/{_name(3, ALICE)}": f"To: {ALICE}\r\n".encode() + content,
        f"bob/new/{_name(3, BOB)}": f"To: {BOB}\r\n".encode() + content,
        f"alice/new/17.20.{NODE},S=1,W=1": b"x",
        "alice/new/another": b"x",
    }.items():
        path = root / "example.test" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)


FOREIGN = [f"example.test/alice/new/17.20.{NODE},S=1,W=1", "example.test/alice/new/another"]


def _whole(number: int) -> list[str]:
    return [f"example.test/alice/new/{_name(number, ALICE)}", f"example.test/bob/new/{_name(number, BOB)}"]


def _dead(root: Path, **fails: Callable[..., object]) -> House:
    """Half done, and the process is gone."""
    house = House(root, _dying(root, lambda: _half_done(root)), disk=Disk(**fails))  # type: ignore[arg-type]
    house.apart.start()
    return house


def test_what_a_dead_process_gave_names_is_brought_to_its_end_and_the_rest_done_here(tmp_path: Path) -> None:
    synced: list[str] = []

    def fsync(descriptor: int) -> None:
        synced.append(os.path.relpath(os.readlink(f"/proc/self/fd/{descriptor}"), tmp_path))

    house = _dead(tmp_path, fsync=fsync)
    outcomes = house.commit(1, 2, 3, to=(ALICE, BOB))
    assert outcomes == [HERE, *(tuple(f"{tmp_path}/{name}" for name in _whole(number)) for number in (2, 3))]
    assert house.here == [1]
    assert files_below(str(tmp_path)) == sorted([*_whole(2), *_whole(3), *FOREIGN])
    assert (tmp_path / _whole(2)[1]).read_bytes().startswith(f"To: {BOB}".encode())
    assert synced == ["example.test/alice/new", "example.test/bob/new"] * 3


@pytest.mark.parametrize("call", ["fsync", "rename", "stat"])
def test_what_cannot_be_brought_to_its_end_is_taken_back_and_done_here(tmp_path: Path, call: str) -> None:
    house = _dead(tmp_path, **{call: _refuse})
    assert house.commit(2, to=(ALICE, BOB)) == [HERE] and house.here == [1]
    assert files_below(str(tmp_path)) == sorted([f"example.test/alice/tmp/17.1.{NODE}", *_whole(3), *FOREIGN])


def test_what_cannot_be_taken_back_either_has_failed_and_is_named(tmp_path: Path) -> None:
    house = _dead(tmp_path, rename=_refuse, unlink=_refuse)
    (failed,) = house.commit(2, to=(ALICE, BOB))
    assert isinstance(failed, NotCommitted) and house.here == []
    assert f"{tmp_path}/{_whole(2)[0]}" in failed.visible


def _refuse(*given: object, **more: object) -> None:
    raise PermissionError(1, "no")


def test_a_store_with_a_process_keeps_what_it_was_given(tmp_path: Path) -> None:
    processes: list[Process] = []

    def start() -> Process:
        processes.append(start_process())
        return processes[-1]

    store = MaildirStore(str(tmp_path), NODE, at_once, apart=start)
    result_of(deliver(store, message(b"first\n"), ALICE, BOB))  # makes the maildrops
    store.start()
    assert select.select([processes[0].connection], [], [], PATIENCE_SECONDS)[0]
    names = result_of(deliver(store, message(b"second\x00\xff\n"), ALICE, BOB))
    assert all(Path(name).read_bytes().endswith(b"second\x00\xff\n") for name in names)
    before = files_below(str(tmp_path))
    os.kill(processes[0].program.pid, signal.SIGKILL)
    names = result_of(deliver(store, message(b"third\n"), ALICE, BOB))
    store.close()
    assert files_below(str(tmp_path)) == sorted([*before, *(os.path.relpath(name, tmp_path) for name in names)])
