"""Real programs as handlers of a real daemon: what they answer, what they leave undone, and how they are ended."""

from __future__ import annotations

import json
import os
import poplib
import select
import signal
import smtplib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.e2e.daemon import PATIENCE_SECONDS, Daemon, development

SENDER, RECIPIENT = "sender@example.org", "alice@example.test"
SMALL = b"Subject: small\r\n\r\n.\r\nbody\r\n"
LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcdef.\r\n" * 120_000

# By the subject: one script that does all that programs do.
SCRIPT = """#!/bin/sh
IFS= read -r received
while IFS= read -r line; do
    case $line in "Subject: "*) subject=${line#Subject: }; break;; esac
done
case $subject in
    fields)  printf 'X-Size: %s\\nX-Rest: %s\\n' "$MAILGATE_SIZE" "$(wc -c)"; env | sort | sed 's/^/X-/; s/=/: /' ;;
    refused) echo "550 5.7.1 $(wc -c) octets of spam"; exit 20 ;;
    failed)  echo "no rules found" >&2; exit 1 ;;
    killed)  kill -SEGV $$ ;;
    slow)    sleep 600 & echo $! $$ > "$STATE/pids"; wait ;;
    large)   exec true ;;
    flood)   exec head -c 10000000 /dev/zero ;;
    child)   sleep 600 & echo $! > "$STATE/pids"; echo 'X-Left: a child' ;;
    recipients) printf 'X-Count: %s\nX-Lines: %s\n' "$MAILGATE_RECIPIENT_COUNT" \
                       "$(echo "$MAILGATE_RECIPIENTS" | wc -l)" ;;
    escaped) exec 3<&0
             setsid sh -c 'echo $$ > "$STATE/pids"; : > "$STATE/escaped"; exec sleep 600' <&3 &
             until [ -e "$STATE/escaped" ]; do sleep 0.01; done
             echo 'X-Left: a daemon' ;;
    descriptors) printf 'X-Open: '; ls /proc/self/fd | tr '\\n' ' ' ;;
esac
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    directory = tmp_path_factory.mktemp("exec")
    script = directory / "judge"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    os.mkfifo(directory / "pids")
    held = os.open(directory / "pids", os.O_RDWR)  # so that it can be written before it is read, and keeps what it has
    os.environ["SECRET_OF_THE_SERVER"] = "hush"
    entry = f'{{use="exec", timeout=2, command=[{json.dumps(str(script))}], environment={{STATE="{directory}"}}}}'
    daemon = development(directory, "--verbose", "--set", f"handler=[{entry}]")
    del os.environ["SECRET_OF_THE_SERVER"]
    yield daemon
    assert not children(daemon.process.pid)  # all have been reaped
    daemon.stop()
    os.close(held)


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def send(daemon: Daemon, content: bytes, *recipients: str) -> tuple[int, bytes]:
    """The reply to the final dot."""
    with smtplib.SMTP("127.0.0.1", daemon.ports["smtp.listen"], timeout=PATIENCE_SECONDS) as smtp:
        smtp.ehlo("client.example.org")
        smtp.mail(SENDER)
        for recipient in (RECIPIENT, *recipients):
            assert smtp.rcpt(recipient)[0] == 250
        return smtp.data(content)


def about(subject: str) -> bytes:
    return SMALL.replace(b"small", subject.encode())


@contextmanager
def maildrop(daemon: Daemon) -> Iterator[poplib.POP3]:
    with closing(poplib.POP3("127.0.0.1", daemon.ports["pop3.listen"], timeout=PATIENCE_SECONDS)) as box:
        box.user(RECIPIENT)
        box.pass_("any")
        yield box
        box.quit()


def only(daemon: Daemon) -> list[bytes]:
    """The lines of the only message there is; it is removed."""
    with maildrop(daemon) as box:
        assert box.stat()[0] == 1
        lines: list[bytes] = box.retr(1)[1]
        box.dele(1)
    return lines


def pids(daemon: Daemon) -> list[int]:
    """What the script says that it has started, once it has."""
    with open(os.open(daemon.directory / "pids", os.O_RDWR | os.O_NONBLOCK), closefd=True) as told:
        assert select.select([told], [], [], PATIENCE_SECONDS)[0]
        return [int(word) for word in told.readline().split()]


def is_gone(pid: int) -> bool:
    """Does it end soon, if it has not yet?"""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], PATIENCE_SECONDS)[0])
    finally:
        os.close(process)


def test_header_fields_and_a_clean_environment(daemon: Daemon) -> None:
    content = about("fields")
    assert send(daemon, content)[0] == 250
    lines = only(daemon)
    assert b"X-Size: %d" % len(content) in lines
    rest = content.split(b"\r\n", 1)[1].replace(b"\r\n", b"\n")
    assert b"X-Rest: %d" % len(rest) in lines
    assert lines[-len(content.splitlines()) :] == content.splitlines()
    fields = dict(line.split(b": ", 1) for line in lines[: lines.index(b"")] if line.startswith(b"X-"))
    assert fields[b"X-MAILGATE_SENDER"] == SENDER.encode() and fields[b"X-MAILGATE_RECIPIENTS"] == RECIPIENT.encode()
    assert fields[b"X-MAILGATE_CLIENT"] == b"127.0.0.1" and fields[b"X-MAILGATE_HELO"] == b"client.example.org"
    assert fields[b"X-MAILGATE_LISTENER"] == b"smtp" and len(fields[b"X-MAILGATE_ID"]) == 26
    foreign = {name for name in fields if not name.startswith(b"X-MAILGATE_")}
    shells = {b"X-PWD", b"X-OLDPWD", b"X-_", b"X-SHLVL"}
    assert foreign - shells == {b"X-Size", b"X-Rest", b"X-PATH", b"X-LANG", b"X-STATE"}


def test_exit_20_refuses(daemon: Daemon) -> None:
    assert send(daemon, about("refused")) == (550, b"5.7.1 8 octets of spam")


def test_exit_1_puts_it_off_and_the_log_says_why(daemon: Daemon) -> None:
    assert send(daemon, about("failed")) == (451, b"4.3.0 Cannot judge this now, try again later")
    daemon.wait_for_error(r"exec failed with \w{26}: defer")
    assert daemon.wait_for_error(r"ProgramFailed: .*/judge: exit code 1; it says: 'no rules found'")


def test_a_signal_puts_it_off(daemon: Daemon) -> None:
    assert send(daemon, about("killed"))[0] == 451
    assert daemon.wait_for_error(r"ProgramFailed: .*/judge: killed by SIGSEGV")


def test_what_takes_too_long_is_killed_with_its_children(daemon: Daemon) -> None:
    assert send(daemon, about("slow"))[0] == 451
    assert daemon.wait_for_error(r"exec took too long with \w{26}: defer")
    assert all(map(is_gone, pids(daemon)))


def test_a_client_that_goes_away_takes_the_program_with_it(daemon: Daemon) -> None:
    with smtplib.SMTP("127.0.0.1", daemon.ports["smtp.listen"], timeout=PATIENCE_SECONDS) as smtp:
        smtp.ehlo("client.example.org")
        smtp.mail(SENDER)
        smtp.rcpt(RECIPIENT)
        smtp.putcmd("DATA")
        smtp.getreply()
        smtp.send(about("slow") + b".\r\n")
        started = pids(daemon)
        smtp.close()
    assert daemon.wait_for_error(r"by exec: cancelled")
    assert len(started) == 2 and all(map(is_gone, started))


def test_a_program_need_not_read_what_it_is_given(daemon: Daemon) -> None:
    assert send(daemon, LARGE)[0] == 250
    assert only(daemon)[-120_000:] == LARGE.splitlines()[-120_000:]


def test_a_flood_is_cut_short(daemon: Daemon) -> None:
    assert send(daemon, about("flood"))[0] == 451
    assert daemon.wait_for_error("ProgramFailed: .*/judge: more than 65536 octets on standard output")


def test_a_child_that_is_left_behind_is_killed(daemon: Daemon) -> None:
    assert send(daemon, about("child"))[0] == 250
    assert b"X-Left: a child" in only(daemon)
    assert all(map(is_gone, pids(daemon)))


def test_what_took_a_session_of_its_own_survives_and_is_not_waited_for(daemon: Daemon) -> None:
    code, _ = send(daemon, LARGE.replace(b"large", b"escaped", 1))
    (pid,) = pids(daemon)  # it holds all pipes, and has not read the rest of the message
    os.kill(pid, signal.SIGKILL)
    assert is_gone(pid)
    assert code == 250 and b"X-Left: a daemon" in only(daemon)


def test_many_long_recipients_do_not_keep_the_program_from_starting(daemon: Daemon) -> None:
    label = "x" * 60
    others = [f"{'u' * 50}{number:03}@{label}.{label}.{label}.test" for number in range(599)]  # 145 KB in all
    assert send(daemon, about("recipients"), *others)[0] == 250
    lines = only(daemon)
    (told,) = (int(line.split()[1]) for line in lines if line.startswith(b"X-Lines: "))
    assert b"X-Count: 600" in lines and 400 < told < 500


def test_nothing_of_the_server_s_is_open(daemon: Daemon) -> None:
    assert send(daemon, about("descriptors"))[0] == 250
    assert b"X-Open: 0 1 2 3 " in only(daemon)  # 3 is the directory that ls reads
