"""A second server where one runs already, and one whose clock is wrong: what their administrator is told."""

from __future__ import annotations

import json
import os
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import lay_out
from tests.e2e.daemon import PATIENCE_SECONDS, Daemon, run_twistd


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Daemon]:
    lay_out(tmp_path)
    daemon = Daemon([], tmp_path)
    daemon.wait_for(r"pop3\.listen_tls")
    noop(daemon)
    yield daemon
    daemon.stop()


def noop(server: Daemon) -> None:
    """It answers, which it does when all has started: its control socket is there, too."""
    with smtplib.SMTP("127.0.0.1", server.ports["smtp.listen"], timeout=PATIENCE_SECONDS) as client:
        assert client.noop()[0] == 250


def status(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mailgate.cli", "status", "--json"],
        cwd=directory,
        env={name: value for name, value in os.environ.items() if name != "MAILGATE_CONFIG"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_a_second_one_with_the_same_ports_hears_of_the_first(server: Daemon, tmp_path: Path) -> None:
    same = f"smtp.listen=tcp:{server.ports['smtp.listen']}:interface=127.0.0.1"
    done = run_twistd(["--set", same], tmp_path)
    state = tmp_path / "state"
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert f"mailgate: state: another gateway runs (process {server.process.pid}) with {state}; stop it, or" in said
    assert "in use" not in said and "Traceback" not in said
    assert server.process.poll() is None
    noop(server)


def test_another_ones_port_is_still_a_port_in_use(server: Daemon, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    lay_out(tmp_path / "other")
    same = f"smtp.listen=tcp:{server.ports['smtp.listen']}:interface=127.0.0.1"
    done = run_twistd(["--set", same], tmp_path / "other")
    assert done.returncode == 1
    assert "Address already in use (is another server running there?)" in done.stdout + done.stderr


def test_a_clock_far_off_is_told_and_mail_is_taken(tmp_path: Path) -> None:
    lay_out(tmp_path)
    (tmp_path / "state" / "sweeps.json").write_text(json.dumps({"last_sweep": 99_999_999_999}))
    daemon = Daemon([], tmp_path)
    daemon.wait_for(r"the clock says .*but the last sweep was at 5138-11-16 09:46 UTC: set the clock")
    with smtplib.SMTP("127.0.0.1", daemon.ports["smtp.listen"], timeout=PATIENCE_SECONDS) as client:
        client.sendmail("a@example.org", ["alice@example.test"], "Subject: x\n\ny\n")
    told = status(tmp_path)
    assert told.returncode == 2
    assert any("set the clock" in problem for problem in json.loads(told.stdout)["problems"])
    assert len(list((tmp_path / "state").glob("mail/example.test/alice/new/*"))) == 1
    daemon.stop()
