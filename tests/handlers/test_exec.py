"""Any program is a handler: exit codes, header fields, refusals; how many run at a time."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from mailgate.facts import Handled
from mailgate.handlers.exec import REFUSED, Exec, ProgramFailed, content, make_exec, read_fields, refusal
from mailgate.handlers.finding import make_handler
from mailgate.handlers.process import GRACE_SECONDS, MAX_OUTPUT_OCTETS
from mailgate.handlers.program import find_program
from mailgate.handlers.turns import BUSY, MAX_WAITING
from mailgate.interfaces import IHandlerInTurn, IRehearsal
from mailgate.mail import BLOCK_OCTETS, PASS, Body, Field, Message, Refused, Reply, Verdict
from mailgate.pipeline import Pipeline, Step
from tests.support import MESSAGE_ID, Facts, a_message, logged, outcome_of, recipient, started

ALICE = "alice@example.test"


class Process:
    """A process that a test plays: what it was given, and what it says."""

    pid = 2**22 + 1  # larger than any process's, should somebody really try to kill it

    def __init__(self, protocol: ProcessProtocol, words: Sequence[bytes], environment: Mapping[bytes, bytes]) -> None:
        self.protocol, self.words, self.environment = protocol, words, environment
        self.input = b""
        self.killed = False
        self.pipes: dict[int, Any] = {}
        protocol.makeConnection(self)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.reading = True
        while self.reading:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self.reading = False

    def write(self, data: bytes) -> None:
        self.input += data

    def closeStdin(self) -> None:
        pass

    def loseConnection(self) -> None:
        pass

    def signalProcess(self, name: str) -> None:
        self.killed = True

    def end(self, code: int | None = 0, output: bytes = b"", errors: bytes = b"", killed_by: int | None = None) -> None:
        self.protocol.outReceived(output)
        self.protocol.errReceived(errors)
        reason = Failure(ProcessDone(0) if code == 0 else ProcessTerminated(code, killed_by))
        self.protocol.processExited(reason)
        self.protocol.processEnded(reason)


class Bench:
    """A handler whose processes a test plays."""

    def __init__(self, max_processes: int = 4, **environment: str) -> None:
        self.processes: list[Process] = []
        self.fault: BaseException | None = None
        self.failed = 0
        program = find_program(["/bin/sh", "-c", "exit"], environment)
        self.clock = Clock()
        self.handler = Exec(program, max_processes, self.spawn, self.clock.callLater)

    def spawn(self, protocol: ProcessProtocol, words: Sequence[bytes], environment: Mapping[bytes, bytes]) -> None:
        if self.fault is not None:
            self.failed += 1
            raise self.fault
        self.processes.append(Process(protocol, words, environment))

    def start(self, message: Message | None = None) -> Deferred[Verdict]:
        return started(self.handler.handle(message or a_message(recipient(ALICE))))

    def ended(self, *arguments: Any, **settings: Any) -> Verdict:
        result = self.start()
        assert not result.called
        self.processes[-1].end(*arguments, **settings)
        return outcome_of(result)


# What goes in.


def test_it_is_a_handler_and_has_a_name() -> None:
    handler = make_handler("exec", {"command": ["sh", "-c", "exit"]}, "handler[1]")
    assert isinstance(handler, Exec) and verifyObject(IHandlerInTurn, handler)


def test_who_may_rehearse_is_configured() -> None:
    assert not IRehearsal.providedBy(make_exec(["sh"]))
    assert verifyObject(IRehearsal, make_exec(["sh"], rehearse=True))
    not_said: Any = "yes"
    with pytest.raises(ValueError, match="rehearse is true or false"):
        make_exec(["sh"], rehearse=not_said)


def test_building_one_needs_no_reactor() -> None:
    code = (
        "import sys, mailgate.handlers.exec as our;"
        "our.make_exec(['sh']);"
        "print('twisted.internet.reactor' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("max_processes", [0, -1, True, 1.5, "4", None])
def test_how_many_is_a_number(max_processes: Any) -> None:
    with pytest.raises(ValueError, match="max_processes is a whole number, at least 1"):
        make_exec(["sh"], max_processes)


def test_the_program_gets_the_message_and_what_is_known_of_it() -> None:
    bench = Bench(HOME="/var/\udcff")
    bench.ended()
    (process,) = bench.processes
    assert process.words[0].endswith(b"/sh") and process.words[1:] == [b"-c", b"exit"]
    assert process.input == b"Received: here\nSubject: hi\n\nhello\n"
    assert process.environment[b"MAILGATE_ID"] == MESSAGE_ID.encode()
    assert process.environment[b"MAILGATE_RECIPIENTS"] == ALICE.encode()
    assert process.environment[b"HOME"] == b"/var/\xff"
    assert {name for name in process.environment if not name.startswith(b"MAILGATE_")} == {b"PATH", b"LANG", b"HOME"}


def test_the_message_comes_in_blocks() -> None:
    body = b"Subject: x\n\n" + b"0123456789abcde\n" * 20_000
    message = a_message(recipient(ALICE), content=body)
    given = list(content(message))
    assert b"".join(given) == b"Received: here\n" + body
    assert len(given) == 5 and all(len(block) <= BLOCK_OCTETS + len(b"Received: here\n") for block in given)


def test_a_message_that_cannot_be_read_is_put_off() -> None:
    bench = Bench()
    message = a_message(recipient(ALICE))
    lost = Message(message.id, message.envelope, message.fields, Body(1, 1, file="/nowhere/at/all"))
    result = bench.start(lost)
    bench.processes[0].end(None, killed_by=signal.SIGKILL)
    with pytest.raises(ProgramFailed, match=r"the message cannot be read: .*No such file"):
        outcome_of(result)


# What comes out.


def test_exit_0_without_output_passes() -> None:
    assert Bench().ended(0) is PASS
    assert Bench().ended(0, b"\n") is PASS


def test_exit_0_with_fields_adds_them() -> None:
    assert Bench().ended(0, b"X-Spam: no\r\nX-Score: 1.5,\r\n\tlow\r\n").fields == (
        Field("X-Spam", "no"),
        Field("X-Score", "1.5,\n\tlow"),
    )


def test_exit_20_refuses() -> None:
    with pytest.raises(Refused) as refused:
        Bench().ended(20)
    assert refused.value.reply == REFUSED
    with pytest.raises(Refused) as refused:
        Bench().ended(20, b"554 5.7.9 A virus\r\nand more\n")
    assert refused.value.reply == Reply(554, "5.7.9", "A virus")


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ({"code": 1}, "sh: exit code 1$"),
        ({"code": 21, "output": b"X-Fine: yes\n"}, "sh: exit code 21$"),
        ({"code": 2, "errors": b"first\n\n\x1b[1m\xff\n"}, r"exit code 2; it says: 'first' \| '\\x1b\[1m\ufffd'$"),
        ({"code": 3, "errors": b"1\n2\n3\n4\n5\n6\n"}, r"'4' \| '5' …$"),
        ({"code": None, "killed_by": signal.SIGSEGV}, "sh: killed by SIGSEGV$"),
        ({"code": None, "killed_by": 60}, "sh: killed by signal 60$"),
        ({"code": 0, "output": b"nonsense\n", "errors": b"oh\n"}, "no header: 'nonsense' is no field.*; it says: 'oh'"),
        ({"code": 0, "output": b"X" * (MAX_OUTPUT_OCTETS + 1)}, "sh: more than 65536 octets on standard output$"),
        ({"code": 20, "output": b"X" * (MAX_OUTPUT_OCTETS + 1)}, "sh: more than 65536 octets on standard output$"),
    ],
)
def test_anything_else_is_a_failure_that_says_why(ending: dict[str, Any], said: str) -> None:
    with pytest.raises(ProgramFailed, match=said):
        Bench().ended(**ending)


def test_what_it_says_besides_is_logged() -> None:
    with logged() as events:
        Bench().ended(0, errors=b"loaded 3 rules\n\nfine\n")
    assert [event["line"] for event in events] == ["loaded 3 rules", "fine"]
    assert {event["message"] for event in events} == {MESSAGE_ID}


@pytest.mark.parametrize(
    ("output", "fields"),
    [
        (b"", []),
        (b"\n\r\n", []),
        (b"A: b", [("A", "b")]),
        (b"A:b\n\n\n", [("A", "b")]),
        (b"A:\t b: c \nA:\n d\n", [("A", "b: c "), ("A", "\n d")]),
        (b"A:\n", [("A", "")]),
        ("A: é\n".encode(), [("A", "é")]),
        (b"A: " + b"x" * 995, [("A", "x" * 995)]),
    ],
)
def test_header_fields(output: bytes, fields: list[tuple[str, str]]) -> None:
    assert read_fields(output) == tuple(Field(name, value) for name, value in fields)


@pytest.mark.parametrize(
    "output",
    [
        b"no colon\n",
        b" : starts with a fold\n",
        b"\nA: b\n",
        b"A: b\n\nbody\n",
        b"A : b\n",
        b": b\n",
        b"A: b\n \n",
        b"A: b\rB: c\n",
        b"A: \0\n",
        b"A: \xff\n",
        b"A: " + b"x" * 996,
    ],
)
def test_what_is_no_header(output: bytes) -> None:
    with pytest.raises(ValueError):
        read_fields(output)


@given(st.binary(max_size=60) | st.text("A:b \t\r\n\0", max_size=20).map(str.encode))
@example(b"A: b\r\n c")
def test_any_output_is_fields_or_a_value_error(output: bytes) -> None:
    try:
        fields = read_fields(output)
    except ValueError:
        return
    lines = b"".join(map(bytes, fields)).split(b"\n")
    assert lines.pop() == b"" and b"" not in lines  # nothing in it ends the header
    assert len([line for line in lines if line[:1] not in (b" ", b"\t")]) == len(fields)


@pytest.mark.parametrize(
    ("output", "reply"),
    [
        (b"550 5.7.1 Spam", Reply(550, "5.7.1", "Spam")),
        (b"553 Not you\nmore", Reply(553, "5.7.1", "Not you")),
        (b"550 5.7.1 \xc3\xa9\t!", Reply(550, "5.7.1", "???!")),
        (b"550 " + b"x" * 1000, Reply(550, "5.7.1", "x" * 400)),
        (b"", REFUSED),
        (b"spam", REFUSED),
        (b"450 4.7.1 Later", REFUSED),
        (b"550 4.7.1 Later", Reply(550, "5.7.1", "4.7.1 Later")),
        (b"560 5.7.1 No such code", REFUSED),
        (b"550", REFUSED),
        (b"550-5.7.1 Two\n550 5.7.1 lines", REFUSED),
    ],
)
def test_what_a_refusal_says(output: bytes, reply: Reply) -> None:
    assert refusal(output) == reply


@given(st.binary(max_size=40) | st.from_regex(rb"\A5\d\d 5\.\d\.\d .{0,20}\Z"))
def test_any_output_gives_a_reply_that_refuses(output: bytes) -> None:
    reply = refusal(output)
    assert 500 <= reply.code <= 559 and str(reply).isascii() and str(reply).isprintable()


# How many, and for how long.


def test_no_more_than_so_many_at_a_time() -> None:
    bench = Bench(max_processes=2)
    results = [bench.start() for _ in range(4)]
    assert len(bench.processes) == 2
    bench.processes[1].end(0)
    assert len(bench.processes) == 3 and outcome_of(results[1]) is PASS
    for process in (bench.processes[0], bench.processes[2]):
        process.end(1)
    bench.processes[3].end(0)
    assert outcome_of(results[3]) is PASS
    for failed in (results[0], results[2]):
        with pytest.raises(ProgramFailed):
            outcome_of(failed)


def test_one_that_is_given_up_is_killed_and_counts_until_it_is_gone() -> None:
    bench = Bench(max_processes=1)
    first, second = bench.start(), bench.start()
    first.cancel()
    with pytest.raises(CancelledError):
        outcome_of(first)
    assert bench.processes[0].killed and len(bench.processes) == 1
    bench.processes[0].end(None, killed_by=signal.SIGKILL)
    assert len(bench.processes) == 2 and not second.called
    bench.processes[1].end(0)
    assert outcome_of(second) is PASS


def test_one_that_is_given_up_in_line_is_never_started() -> None:
    bench = Bench(max_processes=1)
    first, second, third = bench.start(), bench.start(), bench.start()
    second.cancel()
    with pytest.raises(CancelledError):
        outcome_of(second)
    bench.processes[0].end(0)
    bench.processes[1].end(0)
    assert outcome_of(first) is outcome_of(third) is PASS and len(bench.processes) == 2


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (OSError(7, "Argument list too long"), "sh cannot be started: .*Argument list too long"),
        (RuntimeError("no reactor"), "no reactor"),
    ],
)
def test_one_that_cannot_be_started_takes_no_place(fault: Exception, expected: str) -> None:
    bench = Bench(max_processes=1)
    bench.fault = fault
    with pytest.raises((ProgramFailed, RuntimeError), match=expected):
        outcome_of(bench.start())
    bench.fault = None
    assert bench.ended(0) is PASS


def a_message_from(client: str) -> Message:
    message = a_message(recipient(ALICE))
    session = evolve(message.envelope.session, client=client)
    return evolve(message, envelope=evolve(message.envelope, session=session))


def test_clients_take_turns() -> None:
    bench = Bench(max_processes=1)
    for _ in range(29):
        bench.start(a_message_from("192.0.2.66"))
    other = bench.start(a_message_from("192.0.2.1"))
    for _ in range(3):
        bench.processes[-1].end(0)
    assert outcome_of(other) is PASS and len(bench.processes) == 4


def test_when_too_many_wait_the_client_is_told_to_come_again() -> None:
    bench = Bench(max_processes=1)
    for _ in range(MAX_WAITING + 1):
        bench.start()
    with pytest.raises(Refused) as refused:
        outcome_of(bench.start())
    assert refused.value.reply == BUSY and len(bench.processes) == 1


def test_all_that_wait_may_fail_to_start_one_after_the_other() -> None:
    bench = Bench(max_processes=1)
    results = [bench.start() for _ in range(MAX_WAITING + 1)]
    bench.fault = OSError(11, "Resource temporarily unavailable")
    bench.processes[0].end(0)
    assert bench.failed == MAX_WAITING
    for result in results[1:]:
        with pytest.raises(ProgramFailed):
            outcome_of(result)


def test_a_program_s_own_time_begins_with_its_turn() -> None:
    bench = Bench(max_processes=1)
    clock, facts = Clock(), Facts()
    directory: Any = None  # nothing is redirected
    pipeline = Pipeline([Step("exec", bench.handler, 5.0, "skip")], directory, facts, clock, 60.0)
    first, second = (started(pipeline.handle(a_message(recipient(ALICE)))) for _ in range(2))
    clock.advance(4.0)
    bench.processes[0].end(0)
    clock.advance(4.0)
    assert outcome_of(first) and not second.called
    bench.processes[1].end(0, b"X-Scanned: yes\n")
    assert outcome_of(second).fields[0].name == "X-Scanned"
    assert [fact.seconds for fact in facts.of(Handled)] == [4.0, 8.0]


def test_a_verdict_comes_when_the_program_is_gone_whoever_holds_its_pipes() -> None:
    bench = Bench()
    result = bench.start()
    (process,) = bench.processes
    gone = Failure(ProcessDone(0))

    class Pipe:
        def connectionLost(self, reason: Failure) -> None:
            process.pipes.clear()
            process.protocol.processEnded(gone)

    process.pipes[1] = Pipe()
    process.protocol.outReceived(b"X-A: 1\n")
    process.protocol.processExited(gone)
    assert not result.called
    bench.clock.advance(GRACE_SECONDS)
    assert outcome_of(result).fields == (Field("X-A", "1"),)


# Rehearsals.


def rehearsed(bench: Bench, *arguments: Any, **settings: Any) -> str:
    result = started(bench.handler.rehearse(a_message(recipient(ALICE))))
    bench.processes[-1].end(*arguments, **settings)
    return outcome_of(result)


def test_a_rehearsal_is_a_run_that_the_program_knows_for_one() -> None:
    bench = Bench()
    with logged() as events:
        assert rehearsed(bench, errors=b"said to nobody\n") == "passes it"
    assert bench.processes[0].environment[b"MAILGATE_REHEARSAL"] == b"yes" and events == []
    assert bench.processes[0].input == b"Received: here\nSubject: hi\n\nhello\n"
    assert rehearsed(bench, 0, b"X-Spam: no\nX-Score: 1\n") == "adds X-Spam, X-Score"
    bench.ended()
    assert b"MAILGATE_REHEARSAL" not in bench.processes[-1].environment


def test_a_rehearsal_raises_what_would_be_raised() -> None:
    with pytest.raises(Refused, match=r"550 5\.7\.1 Spam"):
        rehearsed(Bench(), 20, b"550 5.7.1 Spam\n")
    with pytest.raises(ProgramFailed, match="exit code 1"):
        rehearsed(Bench(), 1)
    bench = Bench()
    bench.fault = OSError(7, "Argument list too long")
    with pytest.raises(ProgramFailed, match="cannot be started"):
        outcome_of(started(bench.handler.rehearse(a_message(recipient(ALICE)))))


def test_no_mail_waits_for_a_rehearsal() -> None:
    bench = Bench(max_processes=1)
    rehearsal = started(bench.handler.rehearse(a_message(recipient(ALICE))))
    assert bench.ended() is PASS
    rehearsal.cancel()
    assert bench.processes[0].killed
    with pytest.raises(CancelledError):
        outcome_of(rehearsal)
