"""`mailgate explain` as somebody calls it: beside a running server, and without one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import lay_out
from tests.e2e.daemon import PATIENCE_SECONDS, Daemon

JUDGE = """
[[handler]]
use = "exec"
name = "judge"
command = ["sh", "-c", "test $MAILGATE_REHEARSAL = yes && grep -q spam && echo 550 5.7.1 Spam && exit 20; exit 0"]
rehearse = true
"""


def explain(directory: Path, *arguments: str, content: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mailgate.cli", "explain", "--config", str(directory / "mailgate.toml"), *arguments],
        input=content,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def told(directory: Path, *arguments: str, content: str = "") -> dict[str, Any]:
    done = explain(directory, *arguments, "--json", content=content)
    assert done.stdout, done.stderr
    story: dict[str, Any] = json.loads(done.stdout)
    return story


@pytest.fixture
def files(tmp_path: Path) -> Path:
    lay_out(tmp_path)
    with (tmp_path / "mailgate.toml").open("a") as stream:
        stream.write(JUDGE)
    return tmp_path


def test_without_a_server(files: Path) -> None:
    done = explain(files, "info@example.test")
    assert done.returncode == 0 and "no gateway runs" in done.stderr
    assert done.stdout.startswith(
        "Mail to <info@example.test> reaches alice@example.test and bob@example.test,\nunless judge says otherwise.\n"
    )
    assert explain(files, "nobody@example.test").returncode == 2
    assert not (files / "state" / "mail").exists()


def test_beside_a_server(files: Path) -> None:
    daemon = Daemon([], files)
    try:
        daemon.wait_for(r"pop3\.listen_tls")
        done = explain(files, "info@example.test", "--client", "127.0.0.1")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Mail to <info@example.test> reaches alice@example.test and bob@example.test.\n")
        spam = told(files, "alice@example.test", "--file", "-", content="Subject: spam\n\nbuy\n")
        assert (spam["result"], spam["reply"]["line"]) == ("refused", "550 5.7.1 Spam")
        users = files / "state" / "domains" / "example.test" / "users"
        users.write_text("alice\n")
        stale = told(files, "alice@example.test")
        assert stale["result"] == "kept"  # by what was there before, which files alone would not tell
        unknown = told(files, "zoe@example.test")
        assert unknown["reply"]["line"].startswith("450 4.3.5")
    finally:
        daemon.stop()
    assert not list((files / "state").glob("mail/example.test"))
