"""The plugin, in a pytest of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.testing import fake_gateway
from tests.testing.support import told, told_conversation

ROOT = Path(__file__).parents[2]


class Run:
    """A run of pytest, with a fake server. `asked` is what that was asked, in order."""

    def __init__(self, directory: Path, test: str, *options: str, answers: object = None) -> None:
        (directory / "test_it.py").write_text(test)
        (directory / "answers").write_text(json.dumps(answers or {}))
        self._log = directory / "asked"
        command = [sys.executable, fake_gateway.__file__, str(directory / "answers"), str(self._log)]
        # Before any test: the server's command is looked up when it is made.
        (directory / "conftest.py").write_text(f"from mailgate.testing import process\nprocess.COMMAND = {command!r}\n")
        # By its module's name, and not as the entry point, which an installation may have or not have.
        plugin = ["-p", "no:mailgate", "-p", "mailgate.testing.plugin", "-p", "no:cacheprovider"]
        result = subprocess.run(
            [sys.executable, "-m", "pytest", *plugin, "--rootdir=.", "-c", os.devnull, *options, "test_it.py"],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.output = result.stdout + result.stderr
        self.status = result.returncode

    @property
    def asked(self) -> list[str]:
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [json.loads(line)[0] for line in lines]


ANSWERS = {
    "messages": {"result": {"messages": [told(1)]}},
    "conversations": {"result": {"conversations": [told_conversation("C: RCPT TO:<alice@t1.example.test>")]}},
}


def test_a_run_without_mail_starts_nothing(tmp_path: Path) -> None:
    test = """
import sys

def test_it():
    loaded = {name for name in sys.modules if name.startswith("mailgate")}
    # The conftest of this run imports `process`; the plugin nothing.
    assert "mailgate.testing.plugin" in loaded
    assert "mailgate.testing.namespace" not in loaded and "mailgate.testing.gateway" not in loaded
    assert "twisted" not in sys.modules
"""
    run = Run(tmp_path, test)
    assert run.status == 0, run.output
    assert run.asked == []


def test_one_server_a_run_and_one_namespace_a_test(tmp_path: Path) -> None:
    test = """
domains = set()

def test_one(mailgate, mailgate_gateway):
    domains.update([mailgate.domain, mailgate_gateway.domain])

def test_two(mailgate):
    domains.add(mailgate.domain)
    assert mailgate.smtp.port == 2525
    assert len(domains) == 3
"""
    run = Run(tmp_path, test)
    assert run.status == 0, run.output
    assert run.asked == ["start", "end_namespace", "end_namespace", "stop"]


def test_each_worker_has_its_own_server(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    test = "import pytest\n@pytest.mark.parametrize('number', range(4))\ndef test_it(mailgate, number): pass\n"
    run = Run(tmp_path, test, "-n", "2", "--dist=each")
    assert run.status == 0, run.output
    assert "8 passed" in run.output
    assert (run.asked.count("start"), run.asked.count("end_namespace"), run.asked.count("stop")) == (2, 8, 2)


def test_a_failing_test_shows_its_mail(tmp_path: Path) -> None:
    run = Run(tmp_path, "def test_it(mailgate): assert False\n", answers=ANSWERS)
    assert run.status == 1
    assert "mail of t" in run.output
    assert "<Message 'Welcome' from app@example.test" in run.output
    assert "C: RCPT TO:<alice@t1.example.test>" in run.output
    assert run.asked == ["start", "messages", "conversations", "end_namespace", "stop"]


def test_a_failing_setup_shows_it_too(tmp_path: Path) -> None:
    test = "import pytest\n@pytest.fixture\ndef app(mailgate): assert False\ndef test_it(app): pass\n"
    run = Run(tmp_path, test, answers=ANSWERS)
    assert "1 error" in run.output
    assert "C: RCPT TO:<alice@t1.example.test>" in run.output


def test_one_that_passes_or_has_no_mail_shows_nothing(tmp_path: Path) -> None:
    test = "def test_it(mailgate): pass\ndef test_other(): assert False\n"
    run = Run(tmp_path, test, answers=ANSWERS)
    assert "1 failed, 1 passed" in run.output
    assert "Welcome" not in run.output
    assert run.asked == ["start", "end_namespace", "stop"]


def test_a_server_that_has_died_does_not_break_the_report(tmp_path: Path) -> None:
    test = """
import os, pytest
from mailgate.control.caller import Call, GatewayGone

def test_it(mailgate, mailgate_gateway):
    with pytest.raises(GatewayGone, match="status 3"):
        mailgate_gateway._process.ask(Call("die", {}, str))
    assert "the test's own failure" == 1
"""
    run = Run(tmp_path, test)
    assert "1 failed in" in run.output, run.output
    assert "the test's own failure" in run.output
    assert ": the gateway could not be asked for 'messages'" in run.output
    assert "it ended with status 3" in run.output


def test_a_suite_may_have_a_server_with_other_settings(tmp_path: Path) -> None:
    test = """
import pytest
from mailgate.testing import Gateway

@pytest.fixture(scope="session")
def mailgate_gateway():
    with Gateway(settings={"limits.message": "1 MiB"}) as gateway:
        yield gateway

def test_it(mailgate): pass
"""
    run = Run(tmp_path, test)
    assert run.status == 0, run.output
    assert json.loads((tmp_path / "asked").read_text().splitlines()[0]) == ["start", ['--set=limits.message="1 MiB"']]
