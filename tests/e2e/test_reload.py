"""A configuration that is read again while the server runs: by SIGHUP and by the command."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import CONFIGURATION, lay_out
from tests.e2e.daemon import PATIENCE_SECONDS, Daemon


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Daemon]:
    lay_out(tmp_path)
    daemon = Daemon([], tmp_path)
    daemon.wait_for(r"pop3\.listen_tls")
    yield daemon
    daemon.stop()


def greeted(server: Daemon) -> str:
    with smtplib.SMTP("127.0.0.1", server.ports["smtp.listen"], timeout=PATIENCE_SECONDS) as client:
        return client.ehlo()[1].decode().split()[0]


def write(server: Daemon, configuration: str) -> None:
    (server.directory / "mailgate.toml").write_text(configuration)


def command(server: Daemon) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mailgate.cli", "reload"],
        cwd=server.directory,
        env={name: value for name, value in os.environ.items() if name != "MAILGATE_CONFIG"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_what_can_change_changes_and_sessions_stay(server: Daemon) -> None:
    kept = smtplib.SMTP("127.0.0.1", server.ports["smtp.listen"], timeout=PATIENCE_SECONDS)
    write(server, CONFIGURATION.replace("mx.example.test", "new.example.test") + "[maildrops]\nkeep_days = 7\n")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for(r"configuration read again; changed: .*hostname")
    assert greeted(server) == "new.example.test"
    assert kept.ehlo()[1].decode().split()[0] == "mx.example.test"
    kept.sendmail("a@example.org", ["alice@example.test"], "Subject: kept\n\nhello\n")
    kept.quit()


def test_what_waits_for_a_restart_is_told(server: Daemon) -> None:
    write(server, CONFIGURATION.replace("[pop3]", "[pop3]\nlanguage = 'de'") + "[limits]\nconnections = 5\n")
    done = command(server)
    assert (done.returncode, done.stdout) == (
        0,
        "Changed: pop3.language\nWaiting for a restart: limits.connections\n",
    )


def test_a_bad_one_is_refused_and_the_old_one_stays(server: Daemon) -> None:
    write(server, CONFIGURATION.replace("mx.example.test", "new.example.test") + "[smpt]\nlisten = []\n")
    done = command(server)
    assert done.returncode == 1 and "smpt" in done.stderr
    server.process.send_signal(signal.SIGHUP)
    server.wait_for(r"not reloaded: .*smpt")
    assert greeted(server) == "mx.example.test"
    write(server, CONFIGURATION)
    assert command(server).stdout == "Changed: nothing\n"


def test_accounts_that_are_broken_are_no_reason_to_refuse(server: Daemon) -> None:
    assert greeted(server) == "mx.example.test"  # a start would be stopped by what follows
    users = server.directory / "state" / "domains" / "example.test" / "users"
    users.write_text(users.read_text() + "broken\n")
    write(server, CONFIGURATION.replace("mx.example.test", "new.example.test"))
    assert command(server).stdout == "Changed: hostname\n"
    with smtplib.SMTP("127.0.0.1", server.ports["smtp.listen"], timeout=PATIENCE_SECONDS) as client:
        client.sendmail("a@example.org", ["alice@example.test"], "Subject: still here\n\nhello\n")
    server.wait_for(r"users:\d+: .*what was there before stays in force")
