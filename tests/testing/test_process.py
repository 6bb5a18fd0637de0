"""A server process: ready, asked, ended with whoever started it. Small scripts stand for the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailgate.testing.process
from mailgate.control.caller import Call, GatewayGone
from mailgate.testing.process import COMMAND, SAID_OCTETS, CannotStart, ServerProcess
from tests.testing import fake_gateway
from tests.testing.fake_gateway import ready_line

PORTS: Call[object] = Call("ports", {}, lambda result: result)
READY = f"print({json.dumps(json.dumps(ready_line('/nowhere/control.sock')))}, flush=True);"
WAIT = "import sys; sys.stdin.read();"


def scripted(script: str, start_seconds: float = 20.0) -> ServerProcess:
    return ServerProcess(command=[sys.executable, "-c", script], start_seconds=start_seconds)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[ServerProcess]:
    (tmp_path / "answers").write_text(json.dumps({"ports": {"result": "here"}}))
    command = [sys.executable, fake_gateway.__file__, str(tmp_path / "answers"), str(tmp_path / "asked")]
    process = ServerProcess(["--set=a.b=1"], command=command)
    yield process
    process.stop()


def test_the_command_is_this_interpreter_and_no_module_of_the_working_directory() -> None:
    assert (sys.executable, "-P", "-m", "mailgate.testing") == COMMAND


def test_it_is_started_asked_and_stopped(fake: ServerProcess, tmp_path: Path) -> None:
    ready = fake.start()
    assert ready.place("smtp").port == 2525
    assert fake.ready is ready
    assert fake.ask(PORTS) == "here"
    fake.stop()
    asked = [json.loads(line) for line in (tmp_path / "asked").read_text().splitlines()]
    assert asked == [["start", ["--set=a.b=1"]], ["ports", {}], ["stop", {}]]
    with pytest.raises(ProcessLookupError):
        os.kill(ready.pid, 0)


def test_it_may_be_started_again(fake: ServerProcess) -> None:
    first = fake.start().pid
    assert fake.start().pid == first  # it runs
    fake.stop()
    fake.stop()  # once is enough
    assert fake.start().pid != first


def test_before_the_start_nothing_can_be_asked() -> None:
    process = ServerProcess()
    with pytest.raises(RuntimeError, match="does not run"):
        process.ask(PORTS)
    with pytest.raises(RuntimeError, match="does not run"):
        process.ready  # noqa: B018
    assert process.said() == ""


def test_one_that_ends_at_once_is_told_with_its_words() -> None:
    process = scripted("import sys; sys.exit('no such setting')")
    with pytest.raises(CannotStart, match=r"(?s)did not become ready: it ended with status 1 .*no such setting"):
        process.start()
    assert process.said() == "no such setting"
    with pytest.raises(RuntimeError, match="does not run"):
        process.ready  # noqa: B018


@pytest.mark.parametrize("line", ["hello", "[1]", "{}", '{"ports": {"smtp": 1}}'])
def test_one_that_says_something_else_is_ended(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailgate.testing.process, "LAST_WORDS_SECONDS", 0.01)
    process = scripted(f"print({line!r}, flush=True); {WAIT}")
    with pytest.raises(CannotStart, match="did not become ready: said b'"):
        process.start()


def test_one_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailgate.testing.process, "LAST_WORDS_SECONDS", 0.01)
    process = scripted(WAIT, start_seconds=0.01)
    with pytest.raises(CannotStart, match=r"(?s)not ready within 0.01 s; it still runs as process \d+ .*\(nothing\)"):
        process.start()


def test_of_much_that_was_said_the_end_is_shown() -> None:
    noise = f"import sys; sys.stderr.write('x' * {SAID_OCTETS * 20} + 'the end'); sys.stderr.flush();"
    process = scripted(noise + READY + WAIT)
    process.start()
    assert process.said().endswith("xxthe end")
    assert len(process.said()) == SAID_OCTETS
    process.stop()
    assert process.said().endswith("xxthe end")


def test_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailgate.testing.process, "STOP_SECONDS", 0.01)
    process = scripted(READY + "import signal; signal.pause()")
    process.start()
    process.stop()
    with pytest.raises(RuntimeError, match="does not run"):
        process.ready  # noqa: B018


def test_one_that_has_died_is_told_with_its_words() -> None:
    process = scripted(READY + "import sys; sys.stdin.read(1); sys.exit('disk on fire')")
    process.start()
    process.release()
    with pytest.raises(GatewayGone, match=r"(?s)'ports'.*it ended with status 1 and said:\ndisk on fire"):
        process.ask(PORTS)
    process.stop()


def test_who_asks_after_the_stop_by_an_old_way_hears_so(fake: ServerProcess) -> None:
    fake.start()
    caller = fake._caller
    assert caller is not None
    fake.stop()
    with pytest.raises(GatewayGone, match="it was stopped"):
        caller.ask(PORTS)


def test_a_forked_child_does_not_stop_it_and_does_not_keep_it(fake: ServerProcess, tmp_path: Path) -> None:
    fake.start()
    read, write = os.pipe()
    child = os.fork()
    if not child:  # pragma: no cover (coverage does not see it)
        try:
            fake.stop()
            os.read(read, 1)  # it lives on while the server ends
        finally:
            os._exit(0)
    assert fake.ask(PORTS) == "here"
    fake.stop()  # if the child kept the pipe open, this would end by a kill, and no "stop" be written
    assert "stop" in (tmp_path / "asked").read_text()
    os.write(write, b"x")
    os.waitpid(child, 0)
    os.close(read)
    os.close(write)


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("{}")
    os.mkfifo(tmp_path / "asked")  # it ends when the server does
    asked = os.open(tmp_path / "asked", os.O_RDONLY | os.O_NONBLOCK)
    command = [sys.executable, fake_gateway.__file__, str(tmp_path / "answers"), str(tmp_path / "asked")]
    script = (
        "import os; from mailgate.testing.process import ServerProcess;"
        f"ServerProcess(command={command!r}).start(); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=30).returncode == -9
    os.set_blocking(asked, True)
    with open(asked) as lines:
        assert lines.read().endswith('["stop", {}]\n')
