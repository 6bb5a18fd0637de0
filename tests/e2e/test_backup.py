"""A backup of a gateway while mail comes, and a maildrop that is destroyed and comes back, with its UIDs and octets."""

from __future__ import annotations

import poplib
import shutil
import smtplib
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.daemon import PATIENCE_SECONDS, Daemon

ALICE = "alice@example.test"
FIRST = 20  # messages that are there, and fetched, before the backup


def command(server: Daemon, *arguments: str) -> str:
    """`mailgate …` with the gateway's configuration; its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "mailgate.cli", *arguments, "--config", str(server.directory / "mailgate.toml")],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def send(server: Daemon, numbers: Iterator[int], until: threading.Event) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["smtp.listen"], timeout=PATIENCE_SECONDS) as smtp:
        for number in numbers:
            smtp.sendmail("bob@example.org", [ALICE], f"Subject: {number}\r\n\r\nmessage {number}\r\n" * 20)
            if until.is_set():
                return


def fetch(server: Daemon, trusting: ssl.SSLContext) -> dict[bytes, bytes]:
    """All messages by their UIDs."""
    box = poplib.POP3_SSL("127.0.0.1", server.ports["pop3.listen_tls"], context=trusting, timeout=PATIENCE_SECONDS)
    box.user(ALICE)
    box.pass_("wonderland")
    uids = dict(line.split() for line in box.uidl()[1])
    fetched = {uid: b"\r\n".join(box.retr(int(number))[1]) for number, uid in uids.items()}
    box.quit()
    return fetched


@pytest.fixture
def first(server: Daemon, trusting: ssl.SSLContext) -> dict[bytes, bytes]:
    """What is there, fetched, before the backup begins."""
    send(server, iter(range(FIRST)), threading.Event())
    there = fetch(server, trusting)
    assert len(there) >= FIRST
    return there


def test_back_as_it_was(server: Daemon, trusting: ssl.SSLContext, tmp_path: Path, first: dict[bytes, bytes]) -> None:
    enough = threading.Event()
    sender = threading.Thread(target=send, args=(server, iter(range(FIRST, 100_000)), enough))
    sender.start()
    try:
        command(server, "backup", str(tmp_path / "copy"))
    finally:
        enough.set()
        sender.join(PATIENCE_SECONDS)
    assert not sender.is_alive()
    everything = fetch(server, trusting)
    assert len(everything) > len(first)  # mail did come meanwhile
    command(server, "backup", str(tmp_path / "copy"))

    shutil.rmtree(server.directory / "state" / "mail" / "example.test" / "alice")
    assert fetch(server, trusting) == {}
    said = command(server, "restore", ALICE, "--from", str(tmp_path / "copy"))
    assert said == f"{ALICE}: {len(everything)} messages restored, 0 are there, 0 cannot be.\n"
    assert fetch(server, trusting) == everything


def test_a_backup_beside_mail_that_comes_has_all_that_was_there(
    server: Daemon, trusting: ssl.SSLContext, tmp_path: Path, first: dict[bytes, bytes]
) -> None:
    enough = threading.Event()
    sender = threading.Thread(target=send, args=(server, iter(range(100_000, 200_000)), enough))
    sender.start()
    try:
        command(server, "backup", str(tmp_path / "copy"))
    finally:
        enough.set()
        sender.join(PATIENCE_SECONDS)
    shutil.rmtree(server.directory / "state" / "mail" / "example.test" / "alice")
    command(server, "restore", ALICE, "--from", str(tmp_path / "copy"))
    back = fetch(server, trusting)
    assert first.items() <= back.items()
