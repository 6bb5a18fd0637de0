"""Replies of choice: what may be said, and what becomes of the real one."""

from __future__ import annotations

import pytest

from mailgate.interference.phases import PHASES
from mailgate.interference.replies import MAX_REPLY_CHARACTERS, amended, is_positive, parse_reply, too_fast
from mailgate.mail import Reply
from mailgate.pop3.machine import POP3Machine
from mailgate.pop3.reply import negative, positive
from mailgate.smtp.machine import render


@pytest.mark.parametrize(
    ("phase", "text", "wire"),
    [
        ("rcpt", "451 4.3.0 Try later", b"451 4.3.0 Try later\r\n"),
        ("rcpt", "451 Try later", b"451 4.0.0 Try later\r\n"),
        ("rcpt", "550", b"550 5.0.0 On demand\r\n"),
        ("rcpt", "550 5.1.1", b"550 5.1.1 On demand\r\n"),
        ("rcpt", "251 Elsewhere", b"251 2.0.0 Elsewhere\r\n"),
        ("rcpt", "550 one\ntwo", b"550-5.0.0 one\r\n550 5.0.0 two\r\n"),
        ("data", "354 Go", b"354 Go\r\n"),
        ("connect", "421 4.7.0 Too fast", b"421 4.7.0 Too fast\r\n"),
        ("connect", "521 nothing here", b"521 5.0.0 nothing here\r\n"),
        ("connect", "220 other.test ESMTP", b"220 other.test ESMTP\r\n"),
        ("helo", "250 other.test", b"250 other.test\r\n"),
        ("auth", "235 in", b"235 2.0.0 in\r\n"),
        ("quit", "221 Bye", b"221 2.0.0 Bye\r\n"),
    ],
)
def test_an_smtp_reply(phase: str, text: str, wire: bytes) -> None:
    reply = parse_reply("smtp", phase, text)
    assert isinstance(reply, Reply) and render(reply) == wire


@pytest.mark.parametrize(
    ("phase", "text", "says"),
    [
        ("rcpt", "Try later", "an SMTP reply is"),
        ("rcpt", "-ERR no", "an SMTP reply is"),
        ("rcpt", "467 no such", "an SMTP reply is"),
        ("rcpt", "45", "an SMTP reply is"),
        ("rcpt", "451 5.3.0 mixed", "does not go with 451"),
        ("rcpt", "354 go on", "at rcpt a server says 250 or 251"),
        ("data", "250 fine", "at data a server says 354"),
        ("mail", "221 bye", "at mail a server says 250"),
        ("connect", "451 later", "421, 521 or 554"),
        ("rcpt", "", "printable"),
        ("rcpt", "451 \r\n250 smuggled", "printable"),
        ("rcpt", "451 caf\u00e9", "printable"),
        ("rcpt", "451 " + "x" * MAX_REPLY_CHARACTERS, "printable"),
    ],
)
def test_no_smtp_reply(phase: str, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_reply("smtp", phase, text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("-ERR [IN-USE] locked", "-ERR [IN-USE] locked"),
        ("-ERR [SYS/TEMP]", "-ERR [SYS/TEMP] On demand"),
        ("-ERR locked", "-ERR locked"),
        ("-ERR", "-ERR On demand"),
        ("+OK 0 0", "+OK 0 0"),
        ("-ERR {braces} stay", "-ERR {braces} stay"),
    ],
)
def test_a_pop3_reply(text: str, line: str) -> None:
    assert str(parse_reply("pop3", "stat", text)) == line


@pytest.mark.parametrize(
    "text", ["451 no", "-ERR [a b] x", "-ERR [] x", "-ERR [x", "+ ", "OK", "-ERR x\n+OK", "-err x"]
)
def test_no_pop3_reply(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_reply("pop3", "stat", text)


def test_a_rate_has_a_reply_of_its_own() -> None:
    assert str(too_fast("smtp", "connect")).startswith("421 4.7.0 ")
    assert str(too_fast("smtp", "rcpt")).startswith("450 4.7.0 ")
    assert str(too_fast("pop3", "greeting")).startswith("-ERR [SYS/TEMP] ")
    for protocol, phases in PHASES.items():
        for phase in phases:
            assert not is_positive(too_fast(protocol, phase))


NO = Reply(550, "5.1.1", "no")


def test_a_refusal_is_never_made_good() -> None:
    for chosen in (NO, Reply(250, "2.0.0", "yes")):
        assert amended(Reply(452, "4.3.1", "full"), chosen) == Reply(452, "4.3.1", "full")
    assert amended(negative("no"), positive("yes")) == negative("no")


def test_a_refusal_takes_the_place_of_what_was_granted() -> None:
    assert amended(Reply(250, "2.0.0", "yes"), NO) == NO
    assert amended(positive("yes", lines=("a",)), negative("no")) == negative("no")


def test_other_words_leave_the_rest_as_it_is() -> None:
    ehlo = Reply(250, "", "mx at your service\nSIZE 7\nAUTH")
    assert amended(ehlo, Reply(250, "", "hello")).text == "hello\nSIZE 7\nAUTH"
    assert amended(Reply(250, "2.1.5", "OK"), Reply(251, "2.1.5", "There")) == Reply(251, "2.1.5", "There")
    listing = amended(
        positive("{count} messages", lines=("1 10",), count=1), parse_reply("pop3", "list", "+OK [X] here")
    )
    machine = POP3Machine()
    machine.next_event()
    assert machine.send(listing).octets == b"+OK [X] here\r\n1 10\r\n.\r\n"  # type: ignore[arg-type]
