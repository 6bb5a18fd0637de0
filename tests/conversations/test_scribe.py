"""Which line each event is, and whose: with a machine's events and answers alone."""

from __future__ import annotations

import base64

import pytest

from mailgate.conversations.record import Record
from mailgate.conversations.scribe import POP3Scribe, Scribe, SMTPScribe
from mailgate.mail import Path, Reply
from mailgate.pop3 import events as pop3
from mailgate.smtp import events as smtp
from tests.conversations.support import NOW, texts

MAIL = smtp.Mail(Path("app", "a.example.test"), {})
RCPT = smtp.Rcpt(Path("alice", "b.example.test"), {})
NULL = smtp.Mail(Path(""), {})


def record() -> Record:
    return Record(1, "smtp", "192.0.2.1", 4321, lambda: NOW)


def converse(scribe: Scribe, event: object, said: str, answer: bytes = b"250 OK\r\n") -> None:
    scribe.hear(event, said)
    heard = scribe.begin_answer()
    heard.feed(answer)
    scribe.end_answer(heard, whole=True)


def seen(of: Record, namespace: str) -> list[str]:
    return texts(of.seen_from(namespace))


@pytest.mark.parametrize(
    ("event", "answer", "is_over"),
    [
        (smtp.EndOfContent(None), b"250 OK\r\n", True),
        (smtp.EndOfContent(None), b"451 later\r\n", True),
        (smtp.EndOfContent(None), b"", True),  # LMTP without recipients
        (smtp.EndOfChunk(3), b"250 OK\r\n", False),
        (smtp.EndOfChunk(3), b"552 too much\r\n", True),
        (smtp.Reset(), b"250 OK\r\n", True),
        (smtp.Hello(True, "x"), b"250-mx\r\n250 SIZE\r\n", True),
        (smtp.Hello(True, "x"), b"550 no\r\n", False),
        (smtp.Noop(), b"250 OK\r\n", False),
        (smtp.Data(), b"354 go on\r\n", False),
        (smtp.Data(), b"451 later\r\n", False),
        (smtp.Fault(Reply(500, "5.5.2", "No")), b"500 No\r\n", False),
    ],
)
def test_a_transaction_ends_where_the_machine_ends_it(event: smtp.Event, answer: bytes, is_over: bool) -> None:
    kept = record()
    scribe = SMTPScribe(kept)
    converse(scribe, MAIL, "MAIL")
    converse(scribe, event, "this", answer)
    converse(scribe, smtp.Noop(), "behind it")
    assert "C: this" in seen(kept, "a")
    assert ("C: behind it" in seen(kept, "others")) == is_over


def test_a_refused_sender_was_named_and_its_transaction_is_over() -> None:
    kept = record()
    scribe = SMTPScribe(kept)
    converse(scribe, MAIL, "MAIL", b"550 no\r\n")
    converse(scribe, smtp.Quit(), "QUIT")
    assert seen(kept, "a") == ["C: MAIL", "S: 550 no", "C: QUIT", "S: 250 OK"]
    assert seen(kept, "b") == ["C: QUIT", "S: 250 OK"]
    assert not kept.concerns("b", 0.0)


def test_a_refused_recipient_was_named_and_nobody_is_by_the_null_path() -> None:
    kept = record()
    scribe = SMTPScribe(kept)
    converse(scribe, NULL, "MAIL")
    assert kept.concerns("anybody", 0.0)
    converse(scribe, RCPT, "RCPT", b"550 nobody\r\n")
    assert [kept.concerns(namespace, 0.0) for namespace in ("a", "b", "")] == [False, True, False]


def test_content_is_counted_as_it_stands_on_the_wire() -> None:
    kept = record()
    scribe = SMTPScribe(kept)
    for block in (b"a" * 1_000 + b"\n", b"b\n"):
        scribe.hear(smtp.Content(block), "")
    converse(scribe, smtp.EndOfContent(None), "")
    converse(scribe, smtp.EndOfContent(None), "")
    assert seen(kept, "") == [
        *("C: [1,005 octets of content]", "S: 250 OK"),
        *("C: [0 octets of content]", "S: 250 OK"),
    ]


def test_content_that_breaks_off_is_counted_too() -> None:
    kept = record()
    scribe = SMTPScribe(kept)
    scribe.hear(smtp.Content(b"ab"), "")
    scribe.end("lost")
    assert seen(kept, "") == ["C: [2 octets of content]", "-- lost"]


def login(*events: pop3.Event) -> Record:
    kept = record()
    scribe = POP3Scribe(kept)
    for event in events:
        converse(scribe, event, "said", b"+OK\r\n")
    return kept


USER = b"alice@a.example.test"


@pytest.mark.parametrize(
    "events",
    [
        [pop3.User(USER)],
        [pop3.User("x@b.example.test"), pop3.User(USER)],
        [pop3.Auth("PLAIN", base64.b64encode(b"\0" + USER + b"\0secret"))],
        [pop3.Auth("PLAIN"), pop3.Response(base64.b64encode(b"x\0" + USER + b"\0secret"))],
        [pop3.Auth("LOGIN", base64.b64encode(USER)), pop3.Response(base64.b64encode(b"x@b.example.test"))],
        [pop3.Auth("LOGIN"), pop3.Response(base64.b64encode(USER)), pop3.Response(b"*")],
    ],
)
def test_a_session_is_for_whoever_was_to_log_in(events: list[pop3.Event]) -> None:
    kept = login(*events)
    assert kept.concerns("a", NOW)
    assert not kept.concerns("", NOW)


@pytest.mark.parametrize(
    "events",
    [
        [smtp.Auth("PLAIN", base64.b64encode(b"\0" + USER + b"\0secret"))],
        [smtp.Auth("LOGIN", None), smtp.Response(base64.b64encode(USER)), smtp.Response(base64.b64encode(b"x@c.test"))],
    ],
)
def test_who_logs_in_to_send_is_named_as_well(events: list[smtp.Event]) -> None:
    kept = record()
    scribe = SMTPScribe(kept)
    for event in events:
        converse(scribe, event, "AUTH", b"535 no\r\n")
    assert [kept.concerns(namespace, 0.0) for namespace in ("a", "b", "")] == [True, False, False]


def test_a_reply_to_one_recipient_may_have_several_lines() -> None:
    kept = record()
    scribe = SMTPScribe(kept)
    converse(scribe, smtp.Hello(True, "x"), "LHLO x")
    converse(scribe, NULL, "MAIL")
    for domain in ("a.example.test", "b.example.test"):
        converse(scribe, smtp.Rcpt(Path("x", domain), {}), "RCPT")
    converse(scribe, smtp.EndOfContent(None), "", b"451-for a\r\n451 for a\r\n250 for b\r\n")
    assert [line for line in seen(kept, "a") if "for" in line] == ["S: 451-for a", "S: 451 for a"]
    assert [line for line in seen(kept, "b") if "for" in line] == ["S: 250 for b"]


@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        ("alice@a.example.test PASS secret", "a"),
        ('"al ice"@a.example.test', "a"),
        ('"al ice"@a.example.test PASS secret@b.example.test', "a"),
        ("", ""),
    ],
)
def test_who_is_named_by_user(name: str, namespace: str) -> None:
    kept = login(pop3.User(name))
    assert [each for each in ("a", "b", "") if kept.concerns(each, 0.0)] == [namespace]


def test_of_two_who_tried_to_log_in_each_sees_his_own() -> None:
    kept = record()
    scribe = POP3Scribe(kept)
    for user in ("alice@a.example.test", "bob@b.example.test"):
        converse(scribe, pop3.User(user), f"USER {user}", b"+OK\r\n")
        converse(scribe, pop3.Pass(b"x"), "PASS ***", b"-ERR\r\n")
    assert seen(kept, "a") == ["C: USER alice@a.example.test", "S: +OK", "C: PASS ***", "S: -ERR"]
    assert seen(kept, "b") == ["C: USER bob@b.example.test", "S: +OK", "C: PASS ***", "S: -ERR"]


def test_passwords_name_nobody() -> None:
    password = base64.b64encode(b"secret@c.example.test")
    kept = login(pop3.Auth("LOGIN", base64.b64encode(USER)), pop3.Response(password), pop3.Response(password))
    assert not kept.concerns("c", NOW)


@pytest.mark.parametrize(
    "events",
    [
        [pop3.Auth("PLAIN", b"not base64"), pop3.Response(base64.b64encode(USER))],
        [pop3.Auth("PLAIN", b"="), pop3.Response(None)],
        [pop3.Auth("PLAIN", base64.b64encode(USER))],
        [pop3.Auth("PLAIN", base64.b64encode(b"\0\xff\0x"))],
        [pop3.Auth("LOGIN"), pop3.Response(b"*"), pop3.Response(base64.b64encode(USER))],
        [pop3.Auth("LOGIN"), pop3.Response(b"")],
        [pop3.Auth("CRAM-MD5", base64.b64encode(USER))],
    ],
)
def test_what_names_nobody(events: list[pop3.Event]) -> None:
    kept = login(*events)
    assert kept.concerns("a", 0.0)
    assert kept.concerns("b", 0.0)
