"""A server of one's own: how it is started, and what it is asked through."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailgate.testing import process
from mailgate.testing.gateway import Gateway
from tests.testing import fake_gateway
from tests.testing.support import a_message, told


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log of a fake server that every gateway of the test is."""
    (tmp_path / "answers").write_text(json.dumps({"wait": {"result": {"messages": [told(1)]}}}))
    command = (sys.executable, fake_gateway.__file__, str(tmp_path / "answers"), str(tmp_path / "asked"))
    monkeypatch.setattr(process, "COMMAND", command)
    return tmp_path / "asked"


def names(asked: Path) -> list[str]:
    return [json.loads(line)[0] for line in asked.read_text().splitlines()]


def test_it_is_a_namespace_with_a_server_of_its_own(asked: Path) -> None:
    with Gateway() as gateway:
        assert gateway.smtp.port == 2525
        assert gateway.wait_for(to=gateway.address("alice")) == a_message(1)
        assert gateway.said() == ""
    assert names(asked) == ["start", "wait", "stop"]


def test_further_namespaces_end_alone(asked: Path) -> None:
    with Gateway() as gateway:
        with gateway.namespace() as one, gateway.namespace() as other:
            assert len({gateway.domain, one.domain, other.domain}) == 3
        gateway.wait_for()
    assert names(asked) == ["start", "end_namespace", "end_namespace", "wait", "stop"]


def test_it_can_be_started_and_stopped_by_hand(asked: Path) -> None:
    gateway = Gateway()
    gateway.stop()
    assert gateway.start() is gateway
    gateway.stop()
    assert names(asked) == ["start", "stop"]


def test_before_its_start_it_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match="call start"):
        Gateway().smtp  # noqa: B018
    with pytest.raises(RuntimeError, match="call start"):
        Gateway().messages()


def test_its_options_are_those_of_the_command(asked: Path) -> None:
    with Gateway(directory=asked.parent, config="mailgate.toml", settings={"limits.message": "1 MiB"}):
        pass
    name, options = json.loads(asked.read_text().splitlines()[0])
    assert name == "start"
    assert options == ['--set=limits.message="1 MiB"', f"--directory={asked.parent}", "--config=mailgate.toml"]


UNITTEST = """
    @classmethod
    def setUpClass(cls):
        cls.gateway = cls.enterClassContext(Gateway())

    def setUp(self):
        self.mail = self.enterContext(self.gateway.namespace())
"""
TRIAL = """
    gateway = Gateway()

    def setUp(self):
        self.mail = self.gateway.start().namespace()
        self.addCleanup(self.mail.end)
"""


@pytest.mark.parametrize(
    ("framework", "runner", "fixtures"),
    [("unittest", "unittest", UNITTEST), ("twisted.trial.unittest", "twisted.trial", TRIAL)],
)
def test_other_runners_start_one_server_and_a_namespace_a_test(
    asked: Path, framework: str, runner: str, fixtures: str
) -> None:
    (asked.parent / "test_it.py").write_text(f"""
from {framework} import TestCase
from mailgate.testing import Gateway, process
process.COMMAND = {process.COMMAND!r}

class WelcomeTest(TestCase):
{fixtures}
    def test_one(self):
        self.assertEqual(self.mail.wait_for(to=self.mail.address("alice")).subject, "Welcome")

    test_two = test_one
""")
    os.mkfifo(asked)  # it ends when the server does, and with trial that is after the run
    log = os.open(asked, os.O_RDONLY | os.O_NONBLOCK)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", runner, "test_it"]
    result = subprocess.run(command, cwd=asked.parent, env=environment, capture_output=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    os.set_blocking(log, True)
    with open(log) as lines:
        called = [json.loads(line)[0] for line in lines]
    assert called == ["start", "wait", "end_namespace", "wait", "end_namespace", "stop"]
