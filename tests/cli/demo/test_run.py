"""The demo as a person runs it: all is well, or it says loudly what is not. Broken stores are broken from outside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mailgate.cli.demo.letters import letters

TIMEOUT_SECONDS = 60
POST = letters()
START = "\nfrom mailgate.cli import main\nmain(['demo', *__import__('sys').argv[1:]])\n"

# Alters what POP3 is given; the letters are small, and each is sent as a whole.
ALTER = """
from mailgate.pop3 import machine
dotted = machine.dotted
def altered(content, head):
    return dotted(content.replace({was!r}, {now!r}), head)
machine.dotted = altered
"""
HANG = """
import socket
from mailgate.cli.demo import journey
def hang(place, letter, tls):
    with socket.create_connection((place.host, place.port)) as connection:
        print(connection.recv(100), flush=True)
        connection.recv(100)
journey.send = hang
"""
FAIL = """
from mailgate.cli.demo import run
def fail(*arguments):
    raise RuntimeError("a mistake in the demo")
run.compare = fail
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A pipe's, with a temporary directory that can be looked into."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    unwanted = ("FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS", "NO_COLOR", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "TMPDIR": str(temporary), "PYTHONUTF8": "1"}


def left_behind(environment: dict[str, str]) -> list[str]:
    return os.listdir(environment["TMPDIR"])


def demo(environment: dict[str, str], *arguments: str, program: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program + START, *arguments],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        timeout=TIMEOUT_SECONDS,
    )


def row(out: str, title: str) -> list[str]:
    """The cells of a letter's row in the table."""
    line = next(line for line in out.splitlines() if line.startswith(f" {title} "))
    return re.split(r"\s{2,}", line.strip())


def test_all_come_back(environment: dict[str, str]) -> None:
    done = demo(environment)
    _sees_what_happens(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    for letter in POST:
        title, sent, handlers, file, fetched, intact = row(done.stdout, letter.title)
        assert (title, sent, handlers) == (letter.title, f"{len(letter.content):,}", "loop-guard, add-field")
        assert int(fetched.replace(",", "")) > len(letter.content)
        assert int(file.replace(",", "")) > len(letter.content.replace(b"\r\n", b"\n"))
        assert intact == "yes"
    assert "All 5 messages came back" in done.stdout
    assert left_behind(environment) == []


def _sees_what_happens(out: str) -> None:
    in_order = [
        ":<alice@example.test>",  # of RCPT TO; smtplib writes it in other letters from Python to Python
        "  smtplib   Dear Alice,",
        "  mailgate  250 2.0.0 ",
        "  handlers  loop-guard passed; add-field passed (added X-Mailgate-Demo)",
        "  file      ",
        "            X-Mailgate-Demo: seen by a handler",
        "  poplib    RETR 1",
        "  intact    298 octets",
        "  TLS       16 03 01",
        " BODY=8BITMIME",
        "  smtplib   日本語",
        "  smtplib   ..profile",
        "more lines, 2,870,",
    ]
    found = [out.find(text) for text in in_order]
    assert -1 not in found, dict(zip(in_order, found, strict=True))
    assert found == sorted(found)
    assert "\x1b" not in out
    assert "the sign is" not in out, "TLS hides it"
    assert 120 < out.count("\n") < 210


def test_colour(environment: dict[str, str]) -> None:
    assert "\x1b[36m" in demo({**environment, "FORCE_COLOR": "1", "TERM": "xterm"}).stdout


def test_letters_that_the_terminal_does_not_have(environment: dict[str, str]) -> None:
    done = demo({**environment, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.isascii()


def test_quiet(environment: dict[str, str]) -> None:
    done = demo(environment, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert "smtplib" not in done.stdout
    assert [row(done.stdout, letter.title)[-1] for letter in POST] == ["yes"] * 5


def test_keep(environment: dict[str, str]) -> None:
    done = demo(environment, "--quiet", "--keep")
    [directory] = left_behind(environment)
    mail = Path(environment["TMPDIR"], directory, "mail")
    assert f"The mail is still in {mail}" in done.stdout.replace("\n", " ")
    assert len(list(mail.glob("example.test/*/new/*"))) == len(POST)


def test_a_directory_of_ones_own_twice(environment: dict[str, str], tmp_path: Path) -> None:
    mail = tmp_path / "mail"
    for times in (1, 2):
        assert demo(environment, "--quiet", "--directory", str(mail)).returncode == 0
        assert len(list(mail.glob("example.test/*/new/*"))) == times * len(POST)
    assert left_behind(environment) == []


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (b"Grace\n", b"", "291 came back"),
        (b"X-Mailgate-Demo", b"X-Unannounced", "part at octet 0, in line 1"),
    ],
)
def test_a_store_that_alters_what_it_reads(environment: dict[str, str], was: bytes, now: bytes, said: str) -> None:
    done = demo(environment, program=ALTER.format(was=was, now=now))
    assert done.returncode == 1
    assert re.search(f"Plain text: .*{said}", done.stderr), done.stderr
    assert re.search(r"FAILED: \d of 5 messages did not come back as they were sent: Plain text", done.stderr)
    assert row(done.stdout, "Plain text")[-1] == "NO"
    assert "All 5" not in done.stdout
    assert left_behind(environment) == []


def test_one_that_is_not_intact_does_not_spoil_the_others(environment: dict[str, str]) -> None:
    done = demo(environment, "--quiet", program=ALTER.format(was=b"river", now=b"liver"))
    assert [row(done.stdout, letter.title)[-1] for letter in POST] == ["NO", "yes", "yes", "yes", "yes"]
    assert "FAILED: 1 of 5" in done.stderr
    assert "sent b' by the river" in done.stderr and "came back b' by the liver" in done.stderr


def test_a_store_that_cannot_be_written(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "example.test").write_text("a file where a directory should be")
    done = demo(environment, "--directory", str(tmp_path / "mail"))
    assert done.returncode == 1
    assert "error not delivered" in done.stderr, "the gateway's log is shown"
    for letter in POST:
        assert re.search(f"{letter.title}: .*mailgate answered 451 .*the store said: .*not a directory", done.stderr)
        assert row(done.stdout, letter.title)[-3:] == ["no file", "nothing", "NO"]
    assert "FAILED: 5 of 5" in done.stderr


def test_a_gateway_that_cannot_start(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the directory should be")
    done = demo(environment, "--directory", str(tmp_path / "mail"))
    assert done.returncode == 1
    assert re.search(r"FAILED: the gateway cannot start: .*Not a directory", done.stderr)
    assert left_behind(environment) == []


def test_a_mistake_of_the_demos_own(environment: dict[str, str]) -> None:
    done = demo(environment, program=FAIL)
    assert done.returncode == 1
    assert "the demo itself failed" in done.stderr and "a mistake in the demo" in done.stderr
    assert left_behind(environment) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(environment: dict[str, str], number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HANG + START], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as running:
        assert running.stdout is not None
        assert any("220 localhost" in line for line in running.stdout)
        running.send_signal(number)
        _, said = running.communicate(timeout=TIMEOUT_SECONDS)
    assert running.returncode == 130
    assert "FAILED: interrupted" in said
    assert left_behind(environment) == []
