"""The pytest plugin as a stranger has it: the installed entry point, a real server, and a crowd."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PATIENCE_SECONDS: Final = 300
CROWD: Final = 200
RUNS: Final = int(os.environ.get("RUNS", "1"))  # how often the crowd comes

EXAMPLE: Final = r"""
import smtplib

def test_welcome(mailgate):
    to = mailgate.address("alice")                     # unique to this test
    with smtplib.SMTP(mailgate.smtp.host, mailgate.smtp.port) as smtp:
        smtp.sendmail("app@example.test", [to], "Subject: Welcome\n\nYour code is 123456: https://example.test/c/1\n")
    message = mailgate.wait_for(to=to, subject="Welcome", timeout=5)
    assert message.email["Subject"] == "Welcome"       # email.message.EmailMessage
    assert message.otp() == "123456" and message.links() == ["https://example.test/c/1"]
    mailgate.assert_no_mail(to=mailgate.address("bob"), within=0.2)
    with mailgate.pop3(to) as mailbox:                 # poplib, logged in
        assert mailbox.stat()[0] == 1

def test_retry(mailgate):
    to = mailgate.address("carol")
    mailgate.faults.smtp(to=to, at="rcpt", reply="451 4.3.0 Try later", times=2)
    mailgate.faults.pop3(user=to, at="retr", drop_after_octets=100, times=1)
"""

THEN: Final = r"""
    import poplib, pytest
    for _ in range(2):
        with smtplib.SMTP(mailgate.smtp.host, mailgate.smtp.port) as smtp:
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                smtp.sendmail("app@example.test", [to], "Subject: again\n\n" + 50 * "and again\n")
            assert refused.value.recipients == {to: (451, b"4.3.0 Try later")}
    with smtplib.SMTP(mailgate.smtp.host, mailgate.smtp.port) as smtp:
        smtp.sendmail("app@example.test", [to], "Subject: again\n\n" + 50 * "and again\n")
    mailgate.wait_for(to=to)
    with pytest.raises(poplib.error_proto, match="EOF"), mailgate.pop3(to) as mailbox:
        mailbox.retr(1)
    with mailgate.pop3(to) as mailbox:
        assert mailbox.retr(1)[1][-1] == b"and again"
"""

# All send to "alice", three each, with words of their own; none may see another's, nor clear it away.
CROWDED: Final = r"""
import smtplib
import pytest

@pytest.mark.parametrize("number", range(%d))
def test_alice(mailgate, number):
    to = mailgate.address("alice")
    with smtplib.SMTP(mailgate.smtp.host, mailgate.smtp.port) as smtp:
        for part in range(3):
            smtp.sendmail("app@example.test", [to], f"Subject: part {part} of {number}\n\nhello {number}\n")
    last = mailgate.wait_for(to=to, subject=f"part 2 of {number}")
    assert last.text == f"hello {number}\n"
    assert [each.subject for each in mailgate.wait_for(count=3)] == [f"part {part} of {number}" for part in range(3)]
    with mailgate.pop3(to) as mailbox:
        assert mailbox.stat()[0] == 3
    mailgate.clear()
    assert mailgate.messages() == []
    mailgate.assert_no_mail(subject="nothing more", within=0)
"""


def run(directory: Path, code: str, *arguments: str) -> str:
    """Run a suite as its owner does, in a directory of its own; give what pytest says."""
    (directory / "test_suite.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_as_it_is_shown(tmp_path: Path) -> None:
    assert "2 passed" in run(tmp_path, EXAMPLE)


def test_what_the_example_leaves_to_be_done(tmp_path: Path) -> None:
    assert "2 passed" in run(tmp_path, EXAMPLE + THEN)


@pytest.mark.parametrize("_run", range(RUNS))
def test_a_crowd_that_writes_to_alice(tmp_path: Path, _run: int) -> None:
    assert f"{CROWD} passed" in run(tmp_path, CROWDED % CROWD, "-n", "4")
