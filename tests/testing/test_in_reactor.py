"""A gateway in a reactor: in one that is none, and in one of trial's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock

from mailgate.testing.in_reactor import GatewayService
from mailgate.testing.process import CannotStart
from tests.support import outcome_of

ROOT = Path(__file__).parents[2]
TRIAL = """
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase
import smtplib
from mailgate.testing import GatewayService, NoMail

def send(place, to):
    with smtplib.SMTP(place.host, place.port) as smtp:
        smtp.sendmail("app@example.test", [to], "Subject: Welcome\\n\\nYour code is 123456\\n")

def fetch(namespace, to):
    with namespace.pop3(to) as mailbox:
        return mailbox.stat()[0]

class WelcomeTest(TestCase):
    def setUp(self):
        self.service = GatewayService(reactor, settings={"hostname": "mx.example.test"})
        self.service.startService()
        self.addCleanup(self.service.stopService)
        self.mail = self.service.namespace()

    async def test_welcome(self):
        to = self.mail.address("alice")
        waiting = self.mail.wait_for(to=to, timeout=20)
        await deferToThread(send, self.mail.smtp, to)
        message = await waiting
        self.assertEqual(message.otp(), "123456")
        self.assertEqual(await deferToThread(fetch, self.mail, to), 1)
        self.assertEqual(await self.service.namespace().messages(), [])
        (one, *_) = await self.mail.conversations()
        self.assertIn("220 mx.example.test", one.lines[0].text)

    async def test_it_may_be_started_again(self):
        await self.service.stopService()
        self.service.startService()
        await self.failUnlessFailure(self.service.namespace().wait_for(timeout=0), NoMail)
"""


def test_its_directory_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    service = GatewayService(MemoryReactorClock())
    service.startService()
    assert service.running
    assert {"smtp", "submissions", "lmtp", "pop3s"} <= set(service.ready.ports)
    assert service.namespace().address("a").startswith("a@t")
    (directory,) = tmp_path.iterdir()
    assert service.ready.ca_file == str(directory / "cert.pem")
    outcome_of(service.stopService())
    assert list(tmp_path.iterdir()) == []
    assert not service.running


def test_before_its_start_it_says_what_to_do() -> None:
    service = GatewayService(MemoryReactorClock())
    with pytest.raises(RuntimeError, match="call startService"):
        service.namespace()
    outcome_of(service.stopService())


def test_a_setting_that_is_wrong_is_told_and_nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    service = GatewayService(MemoryReactorClock(), settings={"no.such": 1})
    with pytest.raises(CannotStart, match=r"(?s)did not start:.*no\.such"):
        service.startService()
    assert list(tmp_path.iterdir()) == []


def test_where_another_one_works_it_does_not_start(tmp_path: Path) -> None:
    first, second = (GatewayService(MemoryReactorClock(), directory=tmp_path) for _ in range(2))
    first.startService()
    with pytest.raises(CannotStart, match=r"(?s)did not start:.*another gateway runs"):
        second.startService()
    with pytest.raises(RuntimeError, match="does not run"):
        second.ready  # noqa: B018
    outcome_of(first.stopService())


def test_a_directory_of_ones_own_stays(tmp_path: Path) -> None:
    file = tmp_path / "mailgate.toml"
    file.write_text('hostname = "mx.example.test"\n')
    service = GatewayService(MemoryReactorClock(), directory=tmp_path / "mail", config=file)
    service.startService()
    outcome_of(service.stopService())
    assert (tmp_path / "mail" / "cert.pem").exists()


def test_in_a_suite_of_trials(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TRIAL)
    result = subprocess.run(
        [sys.executable, "-m", "twisted.trial", "test_it"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout


def test_a_directory_that_cannot_be_made() -> None:
    service = GatewayService(MemoryReactorClock(), directory="/proc/x")
    with pytest.raises(CannotStart, match="/proc/x"):
        service.startService()
