"""`twistd -n mailgate --dev` as a newcomer meets it."""

from __future__ import annotations

import poplib
import re
import shutil
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.daemon import ANY_PORT, ENDED, Daemon, development, run_twistd


def shown(daemon: Daemon, program: str) -> list[str]:
    """The lines of the block that begin with a program."""
    return [line.strip() for line in daemon.output.said if line.strip().startswith(program)]


def test_the_block_is_all_of_standard_output(dev: Daemon) -> None:
    block = "".join(dev.output.said)
    assert block.startswith("mailgate ") and block.rstrip().endswith("Ctrl-C")
    assert len(dev.output.said) < 25 and "\x1b" not in block
    assert set(dev.ports) == {
        "smtp.listen",
        "submission.listen",
        "submission.listen_tls",
        "pop3.listen",
        "pop3.listen_tls",
        "http.listen",
    }


def paste(line: str) -> str:
    """What a shell prints for the line."""
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, ""), line
    return done.stdout


def test_the_python_lines_work_when_pasted(dev: Daemon) -> None:
    send, fetch = (line.replace("python3", sys.executable, 1) for line in shown(dev, "python3"))
    assert paste(send) == ""
    assert paste(fetch).endswith("\nSubject: Hello\n\nIt works.\n")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_the_curl_lines_work_when_pasted(dev: Daemon) -> None:
    assert paste(shown(dev, "printf")[0]) == ""
    assert paste(shown(dev, "curl")[0]).endswith("\nSubject: Hello\n\nIt works.\n")


def test_anybody_logs_in_and_finds_an_empty_maildrop(dev: Daemon) -> None:
    box = poplib.POP3("127.0.0.1", dev.ports["pop3.listen"], timeout=10)
    box.user("nobody-yet")
    box.pass_("any")
    assert box.stat() == (0, 0)
    box.quit()


def test_the_mail_goes_with_keep_no_and_stays_otherwise(tmp_path: Path) -> None:
    for keep in ("yes", "no"):
        daemon = development(tmp_path, "--keep", keep)
        with smtplib.SMTP("127.0.0.1", daemon.ports["smtp.listen"], timeout=10) as smtp:
            smtp.sendmail("a@example.org", ["b@example.org"], "Subject: x\n\ny\n")
        assert daemon.stop() in ENDED
        found = re.search(r"mail +(/\S+)", daemon.output.text())
        assert found is not None
        mail = Path(found[1])
        files = list(mail.glob("example.org/b/new/*"))
        assert [file.read_bytes().partition(b"+0000\n")[2] for file in files] == [b"Subject: x\n\ny\n"] * (
            keep == "yes"
        )
        shutil.rmtree(mail.parent, ignore_errors=True)


def test_it_refuses_to_be_reached_from_elsewhere(tmp_path: Path) -> None:
    done = run_twistd(["--dev", *ANY_PORT, "--set", "smtp.listen=tcp:0:interface=0.0.0.0"], tmp_path)
    assert done.returncode == 1
    assert "smtp.listen" in done.stderr and "loopback only" in done.stderr and "--beyond-loopback" in done.stderr


def test_a_listener_without_an_interface_is_put_on_loopback(tmp_path: Path) -> None:
    daemon = development(tmp_path, "--set", "smtp.listen=tcp:0")
    daemon.stop()
    assert daemon.error.text() == ""  # nothing to warn of
    assert re.search(r"SMTP +127\.0\.0\.1:\d+", daemon.output.text())


def test_a_port_in_use_is_said_in_a_line(dev: Daemon, tmp_path: Path) -> None:
    taken = dev.ports["smtp.listen"]
    done = run_twistd(["--dev", *ANY_PORT, "--set", f"smtp.listen=tcp:{taken}"], tmp_path)
    assert done.returncode == 1
    assert f"smtp.listen = tcp:{taken}:interface=127.0.0.1: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
