"""One run of a program: input by back-pressure, bounded output, and an end in every case."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import twisted.internet
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from mailgate.handlers.process import (
    GRACE_SECONDS,
    MAX_ERROR_OCTETS,
    MAX_OUTPUT_OCTETS,
    Content,
    Ended,
    Run,
    call_later,
    spawn,
)
from tests.support import logged, outcome_of

PID = 4242


class Pipe:
    """An open end of a pipe to a process."""

    def __init__(self, name: int, transport: Transport) -> None:
        self.name, self.transport = name, transport

    def connectionLost(self, reason: Failure) -> None:
        del self.transport.pipes[self.name]
        if not self.transport.pipes and self.transport.gone_for is not None:
            self.transport.protocol.processEnded(self.transport.gone_for)


class Transport:
    """A process that is not there; notes what is done to it."""

    pid = PID

    def __init__(self, *, gone: bool = False) -> None:
        self.done: list[Any] = []
        self.producer: Any = None
        self.gone = gone
        self.gone_for: Failure | None = None
        self.protocol: Any = None
        self.pipes = {number: Pipe(number, self) for number in range(3)}

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert not streaming  # asked for each block, when the one before it is gone
        self.producer = producer
        producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def closeStdin(self) -> None:
        self.done.append("closed")

    def signalProcess(self, name: str) -> None:
        if self.gone:
            raise ProcessExitedAlready
        self.done.append(name)

    def loseConnection(self) -> None:
        self.done.append("lost")


class Bench:
    """A run with its surroundings."""

    def __init__(self, content: Content | None = None, *, group: BaseException | None = None, gone: bool = False):
        self.killed: list[tuple[int, int]] = []
        self.group = group
        self.transport = Transport(gone=gone)
        self.clock = Clock()
        self.run = Run(content or blocks(), self.clock.callLater, self.killpg)
        protocol: Any = self.run
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)

    def killpg(self, pid: int, number: int) -> None:
        if self.group is not None:
            raise self.group
        self.killed.append((pid, number))

    def exit(self, code: int | None = 0, killed_by: int | None = None) -> Failure:
        why = Failure(ProcessDone(0) if code == 0 else ProcessTerminated(code, killed_by))
        self.transport.gone_for = why
        self.run.processExited(why)
        assert not self.run.ended.called  # its pipes are still read
        return why

    def end(self, code: int | None = 0, killed_by: int | None = None) -> Ended:
        why = self.exit(code, killed_by)
        self.transport.pipes.clear()
        self.run.processEnded(why)
        assert self.clock.getDelayedCalls() == []
        return outcome_of(self.run.ended)


closed: list[str] = []


def blocks(*given: bytes, fails: bool = False) -> Content:
    closed.clear()
    try:
        yield from given
        if fails:
            raise OSError("disk on fire")
    finally:
        closed.append("content")


def test_each_block_waits_until_the_one_before_it_is_gone() -> None:
    bench = Bench(blocks(b"one", b"two"))
    assert bench.transport.done == [b"one"]
    bench.transport.producer.resumeProducing()
    assert bench.transport.done == [b"one", b"two"]
    bench.transport.producer.resumeProducing()
    assert bench.transport.done == [b"one", b"two", "closed"] and bench.transport.producer is None
    assert closed == ["content"]
    assert bench.end() == Ended(0, b"", b"")


def test_a_program_that_reads_no_more_is_no_error() -> None:
    bench = Bench(blocks(b"one", b"two"))
    bench.run.stopProducing()
    assert closed == ["content"]
    assert bench.end() == Ended(0, b"", b"")


def test_what_it_says_is_kept() -> None:
    bench = Bench()
    for data in (b"X-A: ", b"1\n"):
        bench.run.outReceived(data)
        bench.run.errReceived(data.lower())
    assert bench.end(7) == Ended(7, b"X-A: 1\n", b"x-a: 1\n")


def test_a_signal_is_a_negative_status() -> None:
    assert Bench().end(None, signal.SIGSEGV).status == -signal.SIGSEGV


def test_what_a_program_leaves_behind_is_killed_with_it() -> None:
    bench = Bench()
    bench.end()
    assert bench.killed == [(PID, signal.SIGKILL)]


def test_mostly_there_is_nothing_left() -> None:
    assert Bench(group=ProcessLookupError()).end() == Ended(0, b"", b"")


def test_what_is_not_ours_to_kill_is_told() -> None:
    with logged() as events:
        assert Bench(group=PermissionError()).end() == Ended(0, b"", b"")
    assert [event["pid"] for event in events] == [PID]


def test_what_got_away_with_its_pipes_is_not_waited_for() -> None:
    bench = Bench(blocks(b"one", b"two"))  # and the rest of its input is not read
    bench.run.outReceived(b"X-A: 1\n")
    bench.exit(3)
    bench.run.outReceived(b"X-B: 2\n")  # it was still in the pipe
    bench.clock.advance(GRACE_SECONDS - 0.1)
    assert not bench.run.ended.called and bench.transport.pipes
    bench.clock.advance(0.1)
    assert outcome_of(bench.run.ended) == Ended(3, b"X-A: 1\nX-B: 2\n", b"")
    assert not bench.transport.pipes and closed == ["content"]


def test_once_it_is_gone_its_number_may_be_somebody_else_s() -> None:
    bench = Bench(gone=True)
    bench.exit()
    bench.killed.clear()
    bench.run.kill()  # somebody has got away with its pipes, and the time is up
    assert bench.killed == [] and bench.transport.done == ["closed"]
    assert outcome_of(bench.run.ended).status == 0 and bench.clock.getDelayedCalls() == []


def test_too_much_output_is_the_end() -> None:
    bench = Bench(blocks(b"input"))
    bench.run.outReceived(b"x" * MAX_OUTPUT_OCTETS)
    assert bench.killed == []
    bench.run.outReceived(b"x")
    assert bench.killed == [(PID, signal.SIGKILL)] and bench.transport.done[-1] == "lost" and closed == ["content"]
    bench.run.outReceived(b"x" * 100)
    ended = bench.end(None, signal.SIGKILL)
    assert ended.fault == "more than 65536 octets on standard output" and len(ended.output) == MAX_OUTPUT_OCTETS + 1


def test_of_standard_error_the_beginning_is_kept() -> None:
    bench = Bench()
    for _ in range(3):
        bench.run.errReceived(b"x" * (MAX_ERROR_OCTETS - 1))
    assert len(bench.end().errors) == MAX_ERROR_OCTETS and bench.killed == [(PID, signal.SIGKILL)]


def test_half_a_message_is_not_judged() -> None:
    bench = Bench(blocks(b"one", fails=True))
    bench.transport.producer.resumeProducing()
    assert bench.killed == [(PID, signal.SIGKILL)] and bench.transport.done == [b"one", "lost"]
    assert bench.end(0).fault == "the message cannot be read: disk on fire"


def test_killing_ends_the_group_and_waits_for_nothing() -> None:
    bench = Bench(blocks(b"one", b"two"))
    bench.run.kill()
    bench.run.kill()
    assert bench.killed == [(PID, signal.SIGKILL)] * 2 and bench.transport.producer is None and closed == ["content"]
    assert bench.transport.done == [b"one", "lost", "lost"]
    assert bench.end(None, signal.SIGKILL).status == -signal.SIGKILL


def test_before_it_has_a_group_the_process_itself_is_killed() -> None:
    bench = Bench(group=ProcessLookupError())
    bench.run.kill()
    assert "KILL" in bench.transport.done


def test_killing_what_is_gone_is_no_error() -> None:
    bench = Bench(group=ProcessLookupError(), gone=True)
    bench.run.kill()
    assert bench.transport.done[-1] == "lost"


class Reactor:
    """Notes what it is to start, and to do later."""

    def spawnProcess(self, protocol: Any, executable: bytes, args: list[bytes], env: dict[bytes, bytes]) -> None:
        self.protocol, self.executable, self.args, self.env = protocol, executable, args, env

    def callLater(self, seconds: float, do: Any) -> str:
        self.later = (seconds, do)
        return "delayed call"


@pytest.fixture
def reactor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reactor]:
    made = Reactor()
    monkeypatch.setattr(twisted.internet, "reactor", made, raising=False)
    yield made


def launched(reactor: Reactor, *words: bytes) -> subprocess.CompletedProcess[bytes]:
    protocol, environment = ProcessProtocol(), {b"PATH": b"/usr/bin:/bin", b"LANG": b"C.UTF-8", b"A": b"\xff b"}
    spawn(protocol, words, environment)
    assert reactor.protocol is protocol and reactor.args[0] == reactor.executable and reactor.env == environment
    return subprocess.run(reactor.args, env=reactor.env, capture_output=True, timeout=30, check=False)


def test_the_program_gets_its_arguments_and_environment_in_a_session_of_its_own(reactor: Reactor) -> None:
    script = b'cut -d" " -f 1,6 /proc/$$/stat; pwd; env; echo "$@"; grep SigIgn /proc/$$/status'
    done = launched(reactor, b"/bin/sh", b"-c", script, b"sh", b"two words", b"\xfe")
    stat, directory, *lines = done.stdout.splitlines()
    pid, session = stat.split()
    assert pid == session and directory == b"/"
    assert {line for line in lines if b"=" in line} - {b"PWD=/", b"_=/usr/bin/env"} >= {b"A=\xff b", b"LANG=C.UTF-8"}
    assert b"two words \xfe" in lines
    (ignored,) = (int(line.split()[1], 16) for line in lines if line.startswith(b"SigIgn:"))
    assert not ignored >> signal.SIGPIPE - 1 & 1  # a broken pipe ends it, as it would in a shell


def test_later_is_by_the_running_reactor(reactor: Reactor) -> None:
    call: Any = call_later(2.5, closed.clear)
    assert call == "delayed call" and reactor.later == (2.5, closed.clear)


def test_what_cannot_be_run_says_so(reactor: Reactor) -> None:
    done = launched(reactor, b"/nowhere/judge")
    assert done.returncode == 126 and b"/nowhere/judge cannot be run: [Errno 2]" in done.stderr
