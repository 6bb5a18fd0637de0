"""Where is my mail? Asked of a real server, with the command that administrators have, and of what it leaves."""

from __future__ import annotations

import json
import os
import poplib
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import lay_out
from tests.e2e.daemon import PATIENCE_SECONDS, Daemon

ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"
ALIASES = "info: alice, bob\n*: bob\n"
USERS = "alice:{PLAIN}wonderland\nbob:{PLAIN}builder\ncarol:{PLAIN}x::::::mailgate_quota_messages=1\n"
OTHERS = "dave:{PLAIN}x\n"  # of other.test, which has no catch-all
HANDLER = """
from zope.interface import implementer

from mailgate.interfaces import IMessageHandler
from mailgate.mail import PASS, Discarded, Refused, Reply


@implementer(IMessageHandler)
class Judge:
    def handle(self, message):
        content = message.body.open().read()
        if b"Subject: refused" in content:
            raise Refused(Reply(550, "5.7.1", "That is spam"))
        if b"Subject: discarded" in content:
            raise Discarded("score 17")
        return PASS
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A server with a catch-all, a quota, a domain without a catch-all, and a handler that judges by the subject."""
    directory = tmp_path_factory.mktemp("trace")
    lay_out(directory)
    domains = directory / "state" / "domains"
    (domains / "example.test" / "aliases").write_text(ALIASES)
    (domains / "example.test" / "users").write_text(USERS)
    (domains / "other.test").mkdir()
    (domains / "other.test" / "users").write_text(OTHERS)
    (directory / "judging.py").write_text(HANDLER)  # found, as the daemon works in that directory
    with (directory / "mailgate.toml").open("a") as configuration:
        configuration.write('\n[[handler]]\nuse = "judging:Judge"\nname = "judge"\n')
    daemon = Daemon([], directory)
    daemon.wait_for(r"pop3\.listen_tls")
    yield daemon
    daemon.stop()


def send(house: Daemon, subject: str, *recipients: str) -> str:
    """What was said to the recipients, and in the end; the Message-ID is `<subject>@example.org`."""
    with smtplib.SMTP("127.0.0.1", house.ports["smtp.listen"], timeout=PATIENCE_SECONDS) as smtp:
        smtp.ehlo("client.example.org")
        smtp.mail("sender@example.org")
        said = [smtp.rcpt(recipient) for recipient in recipients]
        if any(code == 250 for code, _ in said):
            said.append(smtp.data(f"Message-ID: <{subject}@example.org>\r\nSubject: {subject}\r\n\r\nx\r\n".encode()))
    return "\n".join(f"{code} {text.decode()}" for code, text in said)


def trace(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MAILGATE_CONFIG": str(directory / "mailgate.toml")}
    command = [sys.executable, "-m", "mailgate.cli", "trace", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


def told(house: Daemon, *arguments: str) -> str:
    """What the command says, which asks the server."""
    done = trace(house.directory, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def words(house: Daemon, what: str) -> str:
    """The same, as if a line had no end."""
    return " ".join(told(house, what).split())


def life(house: Daemon, what: str) -> dict[str, Any]:
    """The only life that answers."""
    (line,) = told(house, what, "--json").splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_an_alias_and_who_fetched_and_deleted_it(house: Daemon, trusting: ssl.SSLContext) -> None:
    send(house, "alias", "info@example.test")
    port = house.ports["pop3.listen_tls"]
    box = poplib.POP3_SSL("127.0.0.1", port, timeout=PATIENCE_SECONDS, context=trusting)
    box.user(ALICE)
    box.pass_("wonderland")
    for number in range(1, box.stat()[0] + 1):
        box.retr(number)
        box.dele(number)
    box.quit()
    known = life(house, "<alias@example.org>")
    whats = [event["what"] for event in known["events"]]
    assert whats == ["handled", "handled", "delivered", "accepted", "fetched", "deleted"]
    delivered = known["events"][2]
    assert delivered["maildrops"] == [ALICE, BOB]
    assert [Path(copy).exists() for copy in delivered["copies"]] == [False, True]
    text = words(house, known["id"])
    assert f"{known['id']}, just now from <sender@example.org> to <info@example.test>" in text
    assert "came by SMTP from 127.0.0.1 (client.example.org, in clear)" in text
    assert f"delivered to <info@example.test> → {ALICE}, {BOB}" in text
    assert f"fetched by {ALICE} from 127.0.0.1" in text and f"deleted by {ALICE} from 127.0.0.1" in text


def test_a_catch_all(house: Daemon) -> None:
    send(house, "catch-all", "whatever@example.test")
    assert f"delivered to <whatever@example.test> → {BOB}" in words(house, "catch-all@example.org")


def test_over_quota(house: Daemon) -> None:
    assert send(house, "first", CAROL).endswith("accepted")
    assert send(house, "over", CAROL).startswith("452 4.2.2")
    assert f"refused <{CAROL}>: 452 4.2.2" in words(house, CAROL)


def test_an_unknown_user(house: Daemon) -> None:
    send(house, "unknown", "nobody@other.test")
    assert "refused <nobody@other.test>: 550 5.1.1 Nobody here has this address" in words(house, "nobody@other.test")


def test_refused_and_discarded_by_a_handler(house: Daemon) -> None:
    assert send(house, "refused", ALICE).endswith("550 5.7.1 That is spam")
    refused = words(house, "refused@example.org")
    assert "handler loop-guard: passed" in refused and "handler judge: refused: 550 5.7.1 That is spam" in refused
    assert f"refused for <{ALICE}>: 550 5.7.1 That is spam" in refused
    assert send(house, "discarded", ALICE).endswith("accepted")
    discarded = words(house, "discarded@example.org")
    assert "handler judge: discarded: score 17" in discarded and f"accepted, and discarded, for <{ALICE}>" in discarded


def test_lmtp_takes_it_for_some(house: Daemon) -> None:
    with smtplib.LMTP("127.0.0.1", house.ports["lmtp.listen"], timeout=PATIENCE_SECONDS) as lmtp:
        lmtp.ehlo("mta.example.org")
        lmtp.mail("sender@example.org")
        assert [lmtp.rcpt(name)[0] for name in (ALICE, "nobody@other.test")] == [250, 550]
        lmtp.data(b"Message-ID: <lmtp@example.org>\r\n\r\nx\r\n")
    text = words(house, "lmtp@example.org")
    assert "came by LMTP" in text and f"accepted for <{ALICE}>" in text and "refused <nobody@other.test>: 550" in text


def test_nothing_is_found(house: Daemon) -> None:
    done = trace(house.directory, "stranger@example.net")
    assert done.returncode == 1 and "nothing is known of stranger@example.net" in done.stderr


def test_the_files_are_private_and_tell_as_much_without_the_server(tmp_path: Path) -> None:
    lay_out(tmp_path)
    daemon = Daemon([], tmp_path)
    daemon.wait_for(r"pop3\.listen_tls")
    send(daemon, "kept", ALICE)
    daemon.stop()  # what waits is written
    journal = tmp_path / "state" / "journal"
    assert journal.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in journal.iterdir()} == {0o600}
    done = trace(tmp_path, ALICE)
    assert done.returncode == 0 and f"delivered to <{ALICE}>" in done.stdout
    assert done.stderr.startswith("mailgate: no gateway runs")
