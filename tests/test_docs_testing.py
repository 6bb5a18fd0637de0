"""docs/testing.md shows what works: every snippet is run, as it stands there, against a real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen

from mailgate.config import check
from mailgate.control.http import PREFIX, ROUTES
from mailgate.interference.addresses import fault_of
from mailgate.interference.phases import PHASES, Spoken
from mailgate.mail import Path as MailPath

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = (ROOT / "docs" / "testing.md").read_text()
FENCE: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PATH: Final = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
SECONDS: Final = 60
NOT_RUN: Final = ("pip ", "mailgate dev")  # of the consoles: what needs an index, and what a fixture does
PORTS: Final = {"2525": "smtp", "2110": "pop3", "8025": "http"}
DONE: Final = "the end of what was said"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on this machine")


def blocks(kind: str) -> list[str]:
    """The fenced blocks of a kind, in order."""
    return [text for found, text in FENCE.findall(PAGE) if found == kind]


# Python: each block is a file of its own; what is called conftest.py goes beside the block behind it.


def test_the_python_blocks_pass_as_tests(tmp_path: Path) -> None:
    written = blocks("python")
    for number, (block, before) in enumerate(zip(written, ["", *written], strict=False)):
        directory = tmp_path / f"block_{number}"
        directory.mkdir()
        if not block.startswith("# conftest.py"):
            (directory / "test_it.py").write_text(block)
        if before.startswith("# conftest.py"):
            (directory / "conftest.py").write_text(before)
    promised = len(re.findall(r"^ *(?:async )?def test_", "".join(written), re.MULTILINE))
    # By its module's name, so that it is there however this environment was installed.
    plugin = ("-p", "no:mailgate", "-p", "mailgate.testing.plugin")
    done = run([sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", *plugin, "."], tmp_path)
    assert done.returncode == 0, done.stdout
    assert f"{promised} passed" in done.stdout and promised >= 12


def test_the_blocks_of_other_runners_pass_under_these(tmp_path: Path) -> None:
    (classic,) = (block for block in blocks("python") if "unittest.TestCase" in block)
    outside, inside = (block for block in blocks("python") if "trial.unittest" in block)
    for name, block in (("classic", classic), ("outside", outside), ("inside", inside)):
        (tmp_path / f"test_{name}.py").write_text(block)
    for runner, name in (("unittest", "classic"), ("twisted.trial", "outside"), ("twisted.trial", "inside")):
        done = run([sys.executable, "-m", runner, f"test_{name}"], tmp_path)
        assert done.returncode == 0 and "Ran 1 test" in done.stdout + done.stderr, done.stdout + done.stderr


def run(command: Sequence[str], directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAILGATE_", "PYTEST_"))}
    return subprocess.run(
        command,
        cwd=directory,
        env={**clean, "PATH": PATH, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


# Consoles and JavaScript: in the order of the page, in one directory, in one shell, with one server.


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Mapping[str, Any]]:
    """A server, as the page has one."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mailgate.cli", "dev", "--port", "0", "--json", "--stdin-closes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate(timeout=SECONDS)


@frozen
class Command:
    """A command of a console, with the indented lines behind it, and what the page says that it prints."""

    line: str
    shown: str

    def is_answered_by(self, said: str) -> bool:
        """Does what was printed fit? `…` stands for anything, and where a line is broken does not matter."""
        parts = (re.escape(" ".join(part.split())) for part in self.shown.split("…"))
        pattern = r"\s*.*?\s*".join(parts)
        return re.fullmatch(pattern, " ".join(said.split()), re.DOTALL) is not None


def commands(console: str) -> Iterator[Command]:
    """The commands of a block."""
    starts = [match.start() for match in re.finditer(r"^\$ ", console, re.MULTILINE)]
    for start, end in pairwise([*starts, len(console)]):
        first, *rest = console[start + 2 : end].splitlines(keepends=True)
        more = list(takewhile(lambda line: line.startswith("    "), rest))
        yield Command("".join([first, *more]).rstrip("\n"), "".join(rest[len(more) :]))


class Shell:
    """One shell in which the commands are run, one after the other."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=directory,
            env={**os.environ, "PATH": PATH, **environment},
        )

    def say(self, line: str) -> str:
        """What a command prints."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{line}\nprintf '\\n{DONE}\\n'\n")
        self._process.stdin.flush()
        said = ""
        for printed in self._process.stdout:
            if printed == f"{DONE}\n":
                return said
            said += printed
        raise AssertionError(f"the shell ended: {said}")

    def close(self) -> None:
        self._process.communicate(timeout=SECONDS)


def with_ports(text: str, places: Mapping[str, Any]) -> str:
    """The same for a server that listens elsewhere."""
    for port, name in PORTS.items():
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{places['ports'][name]['port']}")
    return text


def here(places: Mapping[str, Any]) -> str:
    return f"http://127.0.0.1:{places['ports']['http']['port']}"


@needs_curl
def test_the_consoles_print_what_the_page_shows(tmp_path: Path, places: Mapping[str, Any]) -> None:
    shell = Shell(tmp_path, MAILGATE_URL=here(places))
    before, _, _ = PAGE.partition("\n## A production server\n")
    ran = 0
    for kind, text in FENCE.findall(before):
        for command in commands(text) if kind == "console" else ():
            if command.line.startswith(NOT_RUN):
                continue
            said = shell.say(with_ports(command.line, places))
            assert command.is_answered_by(said), (command, said)
            ran += 1
    shell.close()
    assert ran > 20


@needs_curl
@needs_node
def test_javascript_runs_beside_the_consoles(tmp_path: Path, places: Mapping[str, Any]) -> None:
    shell = Shell(tmp_path, MAILGATE_URL=here(places))
    prelude, *rest = blocks("js")
    assert "async function call" in prelude and len(rest) > 10
    for kind, text in FENCE.findall(PAGE.partition("\n## A production server\n")[0]):
        if kind == "console":
            for command in commands(text):
                if not command.line.startswith(NOT_RUN):
                    shell.say(with_ports(command.line, places))
        elif kind == "js" and text != prelude:
            # The consoles have removed it by then: each snippet finds a message as its section has one.
            shell.say(with_ports(AGAIN, places))
            program = with_ports(prelude + text, places)
            done = run(["node", "--input-type=module", "-e", program], tmp_path)
            assert (done.returncode, done.stderr) == (0, ""), (text, done.stdout)
    shell.close()


AGAIN: Final = (
    "curl -sS -H 'Content-Type: message/rfc822' --data-binary @welcome.eml "
    '"http://127.0.0.1:8025/api/v1/messages?namespace=t1&to=alice@t1.example.test"'
)


@needs_curl
def test_the_script_is_a_test(tmp_path: Path) -> None:
    (script,) = blocks("sh")
    done = run(["/bin/sh", "-c", script.replace("python3", sys.executable)], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.listdir(tmp_path) == []  # the ready file is gone
    done = run(["/bin/sh", "-c", script.replace("123456.", "654321.").replace("python3", sys.executable)], tmp_path)
    assert done.returncode == 1


# What the page says of names.


def test_every_route_is_on_the_page() -> None:
    headings = "\n".join(re.findall(r"^### .*$", PAGE, re.MULTILINE))
    for route in ROUTES:
        place = re.sub(r"<(?:path:)?(\w+)>", "{name}", route.path)
        assert place in re.sub(r"\{\w+\}", "{name}", headings), route
        assert route.method in headings
    assert PREFIX in PAGE


@pytest.mark.parametrize("protocol", ["smtp", "pop3"])
def test_every_phase_is_on_the_page(protocol: Spoken) -> None:
    heading = {"smtp": "| at, in SMTP", "pop3": "| at, in POP3"}[protocol]
    table = PAGE.partition(heading)[2].partition("\n\n")[0]
    rows = [line.split("|") for line in table.splitlines()[2:]]
    shown = {phase: frozenset(re.findall("`(.*?)`", row[2])) for row in rows for phase in re.findall("`(.*?)`", row[1])}
    assert shown == {phase: frozenset(roles) for phase, roles in PHASES[protocol].items()}


def test_the_addresses_of_the_table_are_faults() -> None:
    table = PAGE.partition("### Faults by address")[2].partition("\n## ")[0]
    addresses = re.findall(r"^\| `([^`]+@[^`]+)`", table, re.MULTILINE)
    assert len(addresses) > 10
    for address in addresses:
        local_part = MailPath.parse(address).local_part
        assert fault_of("smtp", local_part) or fault_of("pop3", local_part), address


def test_a_production_server_takes_the_table(tmp_path: Path) -> None:
    (table,) = blocks("toml")
    file = tmp_path / "mailgate.toml"
    file.write_text(f'state = "."\n{table}')
    (tmp_path / "domains").mkdir()
    reading = check(str(file))
    assert reading.faults == () and reading.config is not None
    assert reading.config.http.token == str(tmp_path / "http-token")


def test_json_is_json() -> None:
    for block in blocks("json"):
        json.loads(block)
