"""A server with accounts: in clear, by STARTTLS and STLS, by implicit TLS, with strangers as clients."""

from __future__ import annotations

import poplib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.daemon import Daemon

ALICE, BOB = "alice@example.test", "bob@example.test"
CONTENTS = {
    "plain": b"Subject: plain\r\n\r\nHello.\r\n",
    "dots": b"Subject: dots\r\n\r\n.\r\n..\r\n.. two\r\nthe end.\r\n.\r\n",
    "eight bits": "Subject: 8 bits\r\n\r\nДоброго дня, こんにちは\r\n".encode(),
    "every octet": b"Subject: octets\r\n\r\n" + bytes(n for n in range(1, 256) if n not in b"\r\n") + b"\r\n",
    "no body": b"Subject: no body\r\n",
    "no header": b"\r\nonly a body\r\n",
    "a long line": b"Subject: long\r\n\r\n" + b"x" * 100_000 + b"\r\n",
    "two megabytes": b"Subject: large\r\n\r\n" + b"0123456789abcdef.\r\n" * 120_000,
}


@contextmanager
def mailbox(daemon: Daemon, context: ssl.SSLContext, user: str, password: str) -> Iterator[poplib.POP3]:
    box = poplib.POP3_SSL("127.0.0.1", daemon.ports["pop3.listen_tls"], timeout=10, context=context)
    box.user(user)
    box.pass_(password)
    yield box
    box.quit()


def empty(daemon: Daemon, context: ssl.SSLContext, user: str, password: str) -> list[bytes]:
    """All messages, octet for octet as they came; they are removed."""
    messages = []
    with mailbox(daemon, context, user, password) as box:
        for number in range(1, box.stat()[0] + 1):
            messages.append(b"".join(line + b"\r\n" for line in box.retr(number)[1]))
            box.dele(number)
    return messages


def content_of(message: bytes, added: bytes = b"Received: ") -> bytes:
    """The message behind the fields that the gateway put in front."""
    head, found, rest = message.partition(b"\r\n" + added)
    assert head.startswith(b"Return-Path: <") and found
    lines = rest.split(b"\r\n")
    folded = next(number for number, line in enumerate(lines[1:], 1) if not line.startswith((b" ", b"\t")))
    return b"\r\n".join(lines[folded:])


def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poplib, "_MAXLINE", 200_000)  # poplib's own limit is 2,048 octets a line


def test_content_comes_back_octet_for_octet(
    server: Daemon, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide(monkeypatch)
    with smtplib.SMTP("127.0.0.1", server.ports["smtp.listen"], timeout=10) as smtp:
        for content in CONTENTS.values():
            smtp.sendmail("stranger@example.org", [ALICE], content)
    fetched = [content_of(message) for message in empty(server, trusting, "alice", "wonderland")]
    assert fetched == list(CONTENTS.values())


def test_mail_by_starttls_and_stls(server: Daemon, trusting: ssl.SSLContext) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["smtp.listen"], timeout=10) as smtp:
        smtp.starttls(context=trusting)
        smtp.sendmail("stranger@example.org", [BOB], CONTENTS["plain"])
    box = poplib.POP3("127.0.0.1", server.ports["pop3.listen"], timeout=10)
    box.stls(trusting)
    box.user(BOB)
    box.pass_("builder")
    assert box.stat()[0] == 1
    message = b"".join(line + b"\r\n" for line in box.retr(1)[1])
    assert content_of(message) == CONTENTS["plain"]
    assert b"with ESMTPS (TLSv1.3" in message
    box.dele(1)
    box.quit()


def test_submission_by_implicit_tls_to_an_alias(server: Daemon, trusting: ssl.SSLContext) -> None:
    port = server.ports["submission.listen_tls"]
    with smtplib.SMTP_SSL("127.0.0.1", port, timeout=10, context=trusting) as smtp:
        smtp.login(ALICE, "wonderland")
        smtp.sendmail(ALICE, ["info@example.test"], CONTENTS["plain"])
    for user, password in ((ALICE, "wonderland"), (BOB, "builder")):
        (message,) = empty(server, trusting, user, password)
        date_and_id, _, content = content_of(message).partition(b"Subject: ")  # RFC 6409 8.2, 8.3: both were missing
        assert re.fullmatch(rb"Message-ID: <\w{26}@mx\.example\.test>\r\nDate: .* \+0000\r\n", date_and_id)
        assert b"Subject: " + content == CONTENTS["plain"]
        assert b"Delivered-To: " + user.encode() in message and b"with ESMTPSA" in message


def test_submission_by_starttls_wants_a_login_and_an_own_address(server: Daemon, trusting: ssl.SSLContext) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["submission.listen"], timeout=10) as smtp:
        with pytest.raises(smtplib.SMTPException):
            smtp.login(ALICE, "wonderland")  # nothing is offered before TLS
        smtp.starttls(context=trusting)
        smtp.ehlo()
        assert smtp.docmd("MAIL", f"FROM:<{ALICE}>")[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login(ALICE, "builder")
        smtp.login(ALICE, "wonderland")
        assert smtp.docmd("MAIL", f"FROM:<{BOB}>")[0] == 550
        assert smtp.docmd("MAIL", f"FROM:<{ALICE}>")[0] == 250
        assert smtp.docmd("RCPT", "TO:<somebody@example.org>")[0] == 550


def test_it_is_no_open_relay(server: Daemon) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["smtp.listen"], timeout=10) as smtp:
        smtp.ehlo()
        smtp.docmd("MAIL", f"FROM:<{ALICE}>")
        assert smtp.docmd("RCPT", "TO:<somebody@example.org>") == (
            550,
            b"5.7.1 Mail for other systems is not taken here",
        )
        assert smtp.docmd("RCPT", "TO:<nobody@example.test>")[0] == 550
        assert smtp.docmd("RCPT", "TO:<Postmaster>")[0] == 250


def test_no_password_before_tls(server: Daemon) -> None:
    box = poplib.POP3("127.0.0.1", server.ports["pop3.listen"], timeout=10)
    assert "USER" not in box.capa()
    with pytest.raises(poplib.error_proto):
        box.user(ALICE)
    box.quit()


def test_a_maildrop_is_for_one_session_at_a_time(server: Daemon, trusting: ssl.SSLContext) -> None:
    with mailbox(server, trusting, "alice", "wonderland"):
        second = poplib.POP3_SSL("127.0.0.1", server.ports["pop3.listen_tls"], timeout=10, context=trusting)
        second.user("alice")
        with pytest.raises(poplib.error_proto, match="IN-USE"):
            second.pass_("wonderland")
        second.quit()


def test_an_account_that_is_added_is_there_at_once(server: Daemon, trusting: ssl.SSLContext) -> None:
    users = server.directory / "state" / "domains" / "example.test" / "users"
    users.write_text(users.read_text() + "carol:{PLAIN}christmas\n")
    with smtplib.SMTP("127.0.0.1", server.ports["smtp.listen"], timeout=10) as smtp:
        smtp.sendmail("stranger@example.org", ["carol@example.test"], CONTENTS["plain"])
    (message,) = empty(server, trusting, "carol", "christmas")
    assert content_of(message) == CONTENTS["plain"]


def test_the_log_has_no_password_and_one_id_all_the_way(server: Daemon, trusting: ssl.SSLContext) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["smtp.listen"], timeout=10) as smtp:
        smtp.ehlo()
        smtp.docmd("MAIL", "FROM:<stranger@example.org>")
        smtp.docmd("RCPT", f"TO:<{BOB}>")
        _, text = smtp.data(CONTENTS["plain"])
    message_id = text.split()[1].decode()
    (message,) = empty(server, trusting, "bob", "builder")
    assert content_of(message) == CONTENTS["plain"] and b" id " + message_id.encode() in message
    for event in ("delivered", "accepted"):
        server.wait_for(f"{event} {message_id}")
    ended = server.wait_for("user bob@example.test, TLSv1.3")
    log = "".join(server.output.said)
    assert re.search(r"session \w+ ended: pop3 127.0.0.1 user .* 1 fetched \(\d+ octets\), 1 deleted, ", ended)
    assert "wonderland" not in log and "builder" not in log
