"""`mailgate dev` as people and programs start it: real processes, each with free ports and a TMPDIR of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner

from mailgate.cli import main, running
from mailgate.cli.ready_file import ReadyFile
from mailgate.cli.running import NO_HTTP, Announcement, Order

SECONDS = 30
NAMES = {"smtp", "submission", "submissions", "lmtp", "pop3", "pop3s", "http"}


class Run:
    """One `mailgate dev`."""

    def __init__(self, directory: Path, *arguments: str, stdout: Any = subprocess.PIPE) -> None:
        self.temporary = directory / "temporary"
        self.temporary.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mailgate.cli", "dev", *arguments],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            cwd=directory,
            env={**os.environ, "TMPDIR": str(self.temporary)},
        )

    def line(self) -> str:
        """The next line of standard output."""
        assert self.process.stdout is not None
        line: str = self.process.stdout.readline()
        assert line, self.ended()
        return line

    def ended(self) -> tuple[int, str]:
        """Its exit status and what it said on standard error; its standard input ends."""
        _, said = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, said

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """The same, by a signal."""
        self.process.send_signal(number)
        self.process.wait(SECONDS)
        return self.ended()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Start one; it is killed at the end if it still runs."""
    with ExitStack() as stack:

        def started(*arguments: str, stdout: Any = subprocess.PIPE) -> Run:
            run = Run(tmp_path, *arguments, stdout=stdout)
            stack.callback(run.process.communicate)
            stack.callback(run.process.kill)
            return run

        yield started


def send(places: Mapping[str, Any], name: str = "smtp") -> None:
    place = places["ports"][name]
    with smtplib.SMTP(place["host"], place["port"], timeout=SECONDS) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=places["ca_file"]))
        smtp.sendmail("a@example.test", ["b@example.test"], "Subject: x\n\ny\n")


def test_a_program_s_child(start: Any) -> None:
    run = start("--port", "0", "--json", "--stdin-closes")
    places = json.loads(run.line())
    assert set(places["ports"]) == NAMES and places["pid"] == run.process.pid
    assert len({place["port"] for place in places["ports"].values()}) == len(NAMES)
    send(places)
    assert run.ended() == (0, "")
    assert os.listdir(run.temporary) == []


def test_a_person_s_own(start: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    others = [f"--set={key}=tcp:0" for key in ("submission.listen", "pop3.listen", "pop3.listen_tls", "http.listen")]
    run = start("--port", str(port), "--ready-file", "ready", *others)
    lines = [run.line()]
    while "Ctrl-C" not in lines[-1]:
        lines.append(run.line())
    assert lines[0].startswith("mailgate ") and f"127.0.0.1:{port}" in "".join(lines)
    places = json.loads((tmp_path / "ready").read_text())
    assert places["ports"]["smtp"] == {"host": "127.0.0.1", "port": port}
    send(places)
    assert run.end(signal.SIGINT) == (0, "")
    assert not (tmp_path / "ready").exists()
    assert len(list(run.temporary.glob("mailgate-*/mail/example.test/b/new/*"))) == 1


def test_a_port_in_use(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = start("--set", f"smtp.listen=tcp:{taken.getsockname()[1]}", "--port", "0")
        status, said = run.ended()
    assert status == 1 and "Address already in use" in said and "--port 0" in said and "Traceback" not in said
    assert os.listdir(run.temporary) == []


def test_every_fault_of_the_configuration(start: Any, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[smtp]\nlisten = ["tcp:x"]\n[[handler]]\nuse = "nothing-known"\n')
    run = start("--config", "a.toml", "--keep")
    status, said = run.ended()
    assert status == 1 and said.count("mailgate: a.toml") == 2 and "nothing-known" in said
    assert os.listdir(run.temporary) == []


def test_a_ready_file_that_cannot_be(start: Any) -> None:
    run = start("--ready-file", "/nowhere/ready")
    status, said = run.ended()
    assert status == 1 and said.startswith("mailgate: /nowhere/") and said.endswith(": No such file or directory\n")


def test_nobody_can_be_told(start: Any) -> None:
    with open("/dev/full", "w") as full:
        run = start("--port", "0", "--json", "--ready-file", "ready", stdout=full)
        assert run.ended() == (1, "mailgate: standard output: No space left on device\n")
    assert os.listdir(run.temporary) == []


def test_a_directory_that_goes_away_before_it_is_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[bool] = []
    monkeypatch.setattr(running, "_stop", lambda: stopped.append(True))
    (tmp_path / "there").mkdir()
    ready_file = ReadyFile(str(tmp_path / "there" / "ready"))
    shutil.rmtree(tmp_path / "there")
    announcement = Announcement(Order(), cast(Any, None), ready_file)
    announcement(cast(Any, SimpleNamespace(places={})))
    assert announcement.trouble.endswith(": No such file or directory") and stopped == [True]


def test_free_ports_for_everything() -> None:
    ports = Order(port=0).settings()[:-2]
    assert len(ports) == len(NAMES) and all(setting.endswith("=tcp:0") for setting in ports)


@pytest.mark.parametrize(
    ("order", "settings"),
    [
        (Order(), ("log.level=warn", "drain=1s")),
        (Order(port=25, verbose=True), ("smtp.listen=tcp:25", "log.level=debug", "drain=1s")),
        (Order(overrides=("drain=5s",)), ("log.level=warn", "drain=1s", "drain=5s")),
    ],
)
def test_settings(order: Order, settings: tuple[str, ...]) -> None:
    assert order.settings() == settings


def test_without_the_packages_of_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "has_http", lambda: False)
    monkeypatch.setattr(running, "serve", lambda *arguments, **options: None)
    result = CliRunner().invoke(main, ["dev", "--no-keep"])
    assert (result.exit_code, result.stderr) == (0, f"mailgate: {NO_HTTP}\n")
