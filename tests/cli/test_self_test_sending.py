"""The client that sends, against scripts."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailgate.cli import self_test_connection
from mailgate.cli.self_test_message import make_sample
from mailgate.cli.self_test_sending import Route, Sending, is_submission, send
from mailgate.cli.self_test_trust import Trust
from mailgate.cli.tls_reaching import Dialogue
from tests.cli.self_test_support import DOT, TLS, Host, Step, door

ROUTE = Route("alice@example.test", "päss", "info@example.test")
SAMPLE = make_sample("info@example.test", "smtp.listen", datetime(2026, 11, 23, tzinfo=UTC))
GREETING: Step = (b"", b"220 mx\r\n")
HELLO: Step = (b"EHLO mailgate-self-test", b"250-mx\r\n250-8BITMIME\r\n250 STARTTLS\r\n")
SECURED: tuple[Step, ...] = (GREETING, HELLO, (b"STARTTLS", b"220 go\r\n"), (b"", TLS), HELLO)
LOGIN: Step = (b"AUTH PLAIN", b"235 2.7.0 in\r\n")
QUIT: Step = (b"QUIT", b"221 bye\r\n")
RCPT: Step = (b"RCPT TO:<info@example.test>", b"250 ok\r\n")
NOBODY: Step = (b"MAIL FROM:<> BODY=8BITMIME", b"250 ok\r\n")
ALICE: Step = (b"MAIL FROM:<alice@example.test> BODY=8BITMIME", b"250 ok\r\n")
CONTENT: tuple[Step, ...] = ((b"DATA", b"354 go\r\n"), (DOT, b"250-2.0.0\r\n250 accepted\r\n"))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    host = Host(tmp_path)
    monkeypatch.setattr(self_test_connection, "connect", host.connect)
    yield host
    host.end()


def sent(
    host: Host, *steps: Step, key: str = "smtp.listen", dialogue: Dialogue = "smtp", trust: Trust | None = None
) -> Sending:
    host.will(*steps)
    return send(door(key, dialogue), SAMPLE, ROUTE, trust or host.trust(), 5.0)


def test_smtp(host: Host) -> None:
    sending = sent(host, *SECURED, NOBODY, RCPT, *CONTENT, QUIT)
    assert (sending.wrong, sending.reply, sending.seen.version, sending.seen.verified) == (
        "",
        "250 2.0.0 accepted",
        "TLSv1.3",
        True,
    )
    assert sending.seconds > 0
    start = next(at for at, line in enumerate(host.heard) if line.upper().startswith(b"DATA")) + 1
    content = host.heard[start : host.heard.index(b".\r\n", start)]
    assert b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in content) == SAMPLE.content


@pytest.mark.parametrize(("key", "dialogue"), [("submission.listen", "smtp"), ("submission.listen_tls", "tls")])
def test_submission(host: Host, key: str, dialogue: Dialogue) -> None:
    begin = ((b"", TLS), GREETING, HELLO) if dialogue == "tls" else SECURED
    sending = sent(host, *begin, LOGIN, ALICE, RCPT, *CONTENT, QUIT, key=key, dialogue=dialogue)
    assert (sending.wrong, sending.reply) == ("", "250 2.0.0 accepted")
    login = next(line for line in host.heard if line.startswith(b"AUTH"))
    assert base64.b64decode(login.split()[2]).decode() == "\0alice@example.test\0päss"
    assert is_submission(sending.door)


def test_lmtp_in_clear(host: Host) -> None:
    hello = (b"LHLO mailgate-self-test", b"250 mx\r\n")
    rest = ((b"MAIL FROM:<>", b"250 ok\r\n"), RCPT, *CONTENT, QUIT)
    sending = sent(host, GREETING, hello, *rest, key="lmtp.listen", dialogue="lmtp")
    assert (sending.wrong, sending.seen.remarks) == ("", ("it offers no TLS",))


def test_an_address_beyond_ascii(host: Host) -> None:
    hello = (b"EHLO", b"250-mx\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n")
    host.will(
        GREETING,
        hello,
        (b"MAIL FROM:<> BODY=8BITMIME SMTPUTF8", b"250 ok\r\n"),
        ("RCPT TO:<jörg@example.test>".encode(), b"250 ok\r\n"),
        *CONTENT,
        QUIT,
    )
    trust = Trust("mx.test", host.trust().careful, needed=False)
    route = Route("alice@example.test", "x", "jörg@example.test")
    assert send(door("smtp.listen", "smtp"), SAMPLE, route, trust, 5.0).wrong == ""


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (((b"", b"421 4.3.2 later\r\n"),), "it answers greeting with 421 4.3.2 later"),
        (((b"", b"nonsense\r\n"),), "it answers greeting with nonsense"),
        ((GREETING, (b"EHLO", b"250 mx\r\n")), "it does not offer STARTTLS"),
        ((GREETING, HELLO, (b"STARTTLS", b"454 4.7.0 no\r\n")), "it answers STARTTLS with 454 4.7.0 no"),
        ((*SECURED, (b"MAIL", b"451 4.3.0 no\r\n")), "it answers MAIL with 451 4.3.0 no"),
        ((*SECURED, NOBODY, (b"RCPT", b"452 4.2.2 full\r\n")), "it answers RCPT with 452 4.2.2 full"),
        ((*SECURED, NOBODY, RCPT, (b"DATA", b"451 no\r\n")), "it answers DATA with 451 no"),
        ((*SECURED, NOBODY, RCPT, CONTENT[0], (DOT, b"554 5.7.1 spam\r\n")), "it answers DATA with 554 5.7.1 spam"),
        ((GREETING, HELLO), "the connection broke: "),
        ((*SECURED, NOBODY, RCPT, CONTENT[0]), "there was no reply to the message ("),
    ],
)
def test_what_may_go_wrong(host: Host, steps: tuple[Step, ...], said: str) -> None:
    sending = sent(host, *steps)
    assert sending.wrong.startswith(said) and sending.reply == ""


def test_what_may_come_later_is_named(host: Host) -> None:
    wrong = sent(host, *SECURED, NOBODY, RCPT, CONTENT[0]).wrong
    assert wrong.endswith(f"if it still comes, delete it (Subject: mailgate self-test {SAMPLE.token})")


def test_a_wrong_password(host: Host) -> None:
    sending = sent(host, *SECURED, (b"AUTH", b"535 5.7.8 no\r\n"), key="submission.listen")
    assert (sending.wrong, sending.seen.version) == ("it answers AUTH with 535 5.7.8 no", "TLSv1.3")


def test_nobody_there(host: Host) -> None:
    assert send(door("smtp.listen", "smtp"), SAMPLE, ROUTE, host.trust(), 5.0).wrong.startswith("nobody answers: ")
