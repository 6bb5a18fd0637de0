"""What is said to the smarthost, in which order, and what becomes of its refusals."""

from __future__ import annotations

from pathlib import Path as File

import pytest
from attrs import evolve

from mailgate.mail import Body, Field, Message, Path, Refused, Reply
from mailgate.sending.dialogue import NO_UTF8_HEADER, NO_UTF8_PATHS, Dialogue
from mailgate.sending.place import Security, Smarthost
from mailgate.sending.secrecy import encoded, plain_response
from mailgate.sending.trouble import (
    INSECURE,
    LOOPS,
    PASSED_CHARACTERS,
    REASON_CHARACTERS,
    STRANGE,
    UNREACHABLE,
    UNREADABLE,
    Trouble,
)
from tests.sending.scripted import ScriptedWire
from tests.sending.support import HOST, OURS
from tests.support import a_message, path, result_of

BOB, CAROL = path("bob@example.org"), path("carol@example.net")
SIMPLE = a_message(content=b"Subject: hi\n\nhello\n", sender="alice@example.test")
EHLO = f"EHLO {OURS}"
SENT = ["MAIL FROM:<alice@example.test>", "RCPT TO:<bob@example.org>", "DATA"]


def hand_over(
    wire: ScriptedWire,
    *paths: Path,
    security: Security = "clear",
    user: str = "",
    message: Message = SIMPLE,
) -> Reply:
    dialogue = Dialogue(wire, Smarthost(HOST, 25, security, user), OURS, "hush" if user else "")
    return result_of(dialogue.hand_over(message, paths or (BOB,)))


def refusal(wire: ScriptedWire, *paths: Path, message: Message = SIMPLE) -> Reply:
    """What our client hears."""
    with pytest.raises(Refused) as error:
        hand_over(wire, *paths, message=message)
    assert wire.sent == b"" or "DATA" in wire.said
    return error.value.reply


def trouble(
    wire: ScriptedWire, security: Security = "clear", user: str = "", message: Message = SIMPLE
) -> tuple[Reply, str]:
    """What our client hears, and why."""
    with pytest.raises(Trouble) as error:
        hand_over(wire, security=security, user=user, message=message)
    assert error.value.reply.is_temporary
    return error.value.reply, error.value.reason


# The order.


def test_in_clear() -> None:
    wire = ScriptedWire()
    assert hand_over(wire) == Reply(250, "2.0.0", "queued as 4711")
    assert wire.said == [EHLO, *SENT]
    assert wire.sent == b"Received: here\nSubject: hi\n\nhello\n"
    assert wire.ahead == 1


def test_starttls_then_everything_anew() -> None:
    wire = ScriptedWire("STARTTLS", "SIZE 1", answers={"EHLO": [f"250 {HOST}\nSTARTTLS\nSIZE", f"250 {HOST}"]})
    hand_over(wire, security="starttls")
    assert wire.said == [EHLO, "STARTTLS", "(TLS)", EHLO, *SENT]


def test_tls_from_the_start_and_a_login() -> None:
    wire = ScriptedWire("AUTH PLAIN")
    hand_over(wire, security="tls", user="alice")
    assert wire.said == ["(TLS)", EHLO, "AUTH PLAIN AGFsaWNlAGh1c2g=", *SENT]


def test_the_null_path_goes_out_as_it_is() -> None:
    wire = ScriptedWire()
    hand_over(wire, message=a_message(sender=""))
    assert "MAIL FROM:<>" in wire.said


@pytest.mark.parametrize("keywords", [(), ("PIPELINING",)])
def test_several_recipients(keywords: tuple[str, ...]) -> None:
    wire = ScriptedWire(*keywords, answers={"RCPT": ["251 2.1.5 will forward", "252 2.1.5 will try"]})
    assert hand_over(wire, BOB, CAROL).code == 250
    assert wire.said[1:] == [SENT[0], SENT[1], "RCPT TO:<carol@example.net>", "DATA"]
    assert wire.ahead == (3 if keywords else 1)


# Parameters.


def test_the_size_is_announced() -> None:
    wire = ScriptedWire("SIZE")
    hand_over(wire)
    octets = len(wire.sent.replace(b"\n", b"\r\n"))
    assert wire.said[1] == f"MAIL FROM:<alice@example.test> SIZE={octets}"


@pytest.mark.parametrize(
    ("keywords", "content", "parameters"),
    [
        (("8BITMIME",), b"plain\n", ""),
        (("8BITMIME",), b"\xc3\xa9\n", " BODY=8BITMIME"),
        ((), b"\xc3\xa9\n", ""),  # sent as it is
    ],
)
def test_eight_bits(keywords: tuple[str, ...], content: bytes, parameters: str) -> None:
    wire = ScriptedWire(*keywords)
    hand_over(wire, message=a_message(content=content, sender="alice@example.test"))
    assert wire.said[1] == SENT[0] + parameters
    assert wire.sent.endswith(content)


def smtputf8(message: Message) -> Message:
    return evolve(message, envelope=evolve(message.envelope, smtputf8=True))


UTF8 = a_message(content="Subject: grüß\n\nhello\n".encode(), sender="alice@example.test")
ÄLICE = a_message(sender="älice@example.test")
OUR_FIELD = SIMPLE.with_fields((Field("X-Field", "é"),))


@pytest.mark.parametrize(
    ("message", "recipient", "obstacle"),
    [
        (ÄLICE, BOB, NO_UTF8_PATHS),
        (SIMPLE, path("böb@example.org"), NO_UTF8_PATHS),
        (SIMPLE, path("bob@exämple.org"), NO_UTF8_PATHS),
        (smtputf8(UTF8), path("böb@example.org"), NO_UTF8_PATHS),
        (smtputf8(UTF8), BOB, NO_UTF8_HEADER),
        (smtputf8(OUR_FIELD), BOB, NO_UTF8_HEADER),
    ],
)
def test_what_needs_smtputf8(message: Message, recipient: Path, obstacle: Reply) -> None:
    wire = ScriptedWire("SMTPUTF8", "8BITMIME")
    hand_over(wire, recipient, message=message)
    assert wire.said[1].endswith(" SMTPUTF8") and wire.said[2] == f"RCPT TO:<{recipient}>"
    wire = ScriptedWire("8BITMIME")
    assert refusal(wire, recipient, message=message) == obstacle
    assert wire.said == [EHLO]


@pytest.mark.parametrize(
    "message",
    [
        smtputf8(SIMPLE),
        smtputf8(a_message(content="Subject: hi\n\ngrüß\n".encode(), sender="alice@example.test")),
        UTF8,  # it came without SMTPUTF8, and goes as it came
        OUR_FIELD,
    ],
)
def test_what_does_not_need_smtputf8(message: Message) -> None:
    for keywords in ((), ("SMTPUTF8",)):
        wire = ScriptedWire(*keywords)
        hand_over(wire, message=message)
        assert wire.said[1:] == SENT


# Refusals of the message.


@pytest.mark.parametrize(
    ("verb", "said", "heard"),
    [
        ("MAIL", "552 5.3.4 too big", Reply(552, "5.3.4", "too big")),
        ("MAIL", "450 wait", Reply(450, "4.0.0", "wait")),
        ("MAIL", "421 4.3.2 closing", Reply(451, "4.3.2", "closing")),
        ("EHLO", "421 4.3.2 closing", Reply(451, "4.3.2", "closing")),
        ("RCPT", "550 5.1.1 who?", Reply(550, "5.1.1", "<bob@example.org>: who?")),
        ("RCPT", "421 4.3.2 closing", Reply(451, "4.3.2", "closing")),
        ("DATA", "554 5.7.1 no", Reply(554, "5.7.1", "no")),
        ("DATA", "421 4.3.2 closing", Reply(451, "4.3.2", "closing")),
        (".", "554 5.7.1 spam", Reply(554, "5.7.1", "spam")),
        (".", "452 4.3.1 full", Reply(452, "4.3.1", "full")),
        (".", "421 4.3.2 closing", Reply(451, "4.3.2", "closing")),
    ],
)
@pytest.mark.parametrize("keywords", [(), ("PIPELINING",)])
def test_the_smarthosts_refusals_are_passed_on(verb: str, said: str, heard: Reply, keywords: tuple[str, ...]) -> None:
    wire = ScriptedWire(*keywords, answers={verb: said})
    assert refusal(wire) == heard
    assert ("DATA" in wire.said) is (verb in ("DATA", "."))
    assert bool(wire.sent) is (verb == ".")


def test_after_a_sender_is_refused_nobody_asks_for_recipients() -> None:
    wire = ScriptedWire(answers={"MAIL": "550 5.7.1 no"})
    refusal(wire)
    assert wire.said == [EHLO, SENT[0]]


@pytest.mark.parametrize(
    ("answers", "heard"),
    [
        (["550 5.1.1 who?", "250 ok", "250 ok"], (550, "bob")),
        (["250 ok", "550 5.1.1 who?", "553 5.1.3 what?"], (550, "carol")),
        (["550 5.1.1 who?", "250 ok", "450 4.2.1 later"], (450, "dave")),
        (["450 4.2.1 later", "452 4.5.3 many", "550 5.1.1 who?"], (450, "bob")),
    ],
)
@pytest.mark.parametrize("keywords", [(), ("PIPELINING",)])
def test_one_refused_recipient_refuses_all(
    answers: list[str], heard: tuple[int, str], keywords: tuple[str, ...]
) -> None:
    wire = ScriptedWire(*keywords, answers={"RCPT": list(answers)})
    reply = refusal(wire, BOB, CAROL, path("dave@example.org"))
    assert reply.code == heard[0] and reply.text.startswith(f"<{heard[1]}@")
    assert "DATA" not in wire.said


# Trouble of our own.


@pytest.mark.parametrize("greeting", ["554 5.7.1 go away", "421 4.3.2 busy", "250 hm"])
def test_a_smarthost_that_does_not_let_us_in(greeting: str) -> None:
    wire = ScriptedWire(answers={"": greeting})
    assert trouble(wire) == (UNREACHABLE, f"the smarthost does not let us in: {greeting}")
    assert wire.said == []


def test_starttls_must_be_offered() -> None:
    wire = ScriptedWire()
    assert trouble(wire, "starttls") == (INSECURE, "the smarthost does not offer STARTTLS")
    assert wire.said == [EHLO]


def test_starttls_must_be_granted() -> None:
    wire = ScriptedWire("STARTTLS", answers={"STARTTLS": "454 4.7.0 no"})
    assert trouble(wire, "starttls") == (INSECURE, "the smarthost refuses STARTTLS: 454 4.7.0 no")
    assert "(TLS)" not in wire.said


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_login_must_be_possible(security: Security) -> None:
    reply, reason = trouble(ScriptedWire("STARTTLS"), security, "alice")
    assert reply == INSECURE and "no login" in reason


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
def test_a_smarthost_that_wants_a_login(verb: str) -> None:
    reply, reason = trouble(ScriptedWire(answers={verb: "530 5.7.0 log in"}))
    assert reply == INSECURE and "530 5.7.0 log in" in reason


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("MAIL", "354 go"),
        ("MAIL", "251 hm"),
        ("RCPT", "354 go"),
        ("RCPT", "221 bye"),
        ("DATA", "250 ok"),
        ("DATA", "355 go"),
        (".", "354 go"),
        (".", "221 bye"),
        (".", "251 hm"),
        (".", "299 hm"),
    ],
)
@pytest.mark.parametrize("keywords", [(), ("PIPELINING",)])
def test_answers_that_do_not_fit(verb: str, answer: str, keywords: tuple[str, ...]) -> None:
    assert trouble(ScriptedWire(*keywords, answers={verb: answer})) == (
        STRANGE,
        f"the smarthost gives an answer that does not fit: {answer}",
    )


def test_an_answer_that_does_not_fit_is_not_all_if_a_recipient_is_refused() -> None:
    wire = ScriptedWire(answers={"RCPT": ["550 5.1.1 who?", "299 hm"]})
    with pytest.raises(Trouble, match="299 hm"):
        hand_over(wire, BOB, CAROL)


# The password.

SECRETS = ["hush-hush", encoded("hush-hush"), plain_response("alice", "hush-hush"), encoded("alice")]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("verb", ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize("answer", ["550 5.7.1 you said {}", "221 {}", "550 5.7.1 " + "x" * 290 + "{}"])
def test_nobody_hears_the_password(verb: str, answer: str, secret: str) -> None:
    wire = ScriptedWire("AUTH PLAIN", answers={verb: answer.format(f" {secret}!")})
    dialogue = Dialogue(wire, Smarthost(HOST, 25, "tls", "alice"), OURS, "hush-hush")
    try:
        result_of(dialogue.hand_over(SIMPLE, [BOB]))
    except (Refused, Trouble) as error:
        heard = f"{error} {error.reply} {error.__cause__}"
    assert not [part for part in SECRETS if part[:6] in heard]
    assert "***" in heard or "xxx" in heard


def test_a_smarthost_that_takes_the_message_and_repeats_the_password() -> None:
    wire = ScriptedWire("AUTH PLAIN", answers={".": f"250 2.0.0 thanks, {SECRETS[2]}"})
    dialogue = Dialogue(wire, Smarthost(HOST, 25, "tls", "alice"), OURS, "hush-hush")
    assert result_of(dialogue.hand_over(SIMPLE, [BOB])) == Reply(250, "2.0.0", "thanks, ***")
    assert "hush" not in repr(dialogue)


def test_what_the_client_and_the_log_are_told_has_an_end() -> None:
    assert len(refusal(ScriptedWire(answers={"MAIL": "550 " + "x" * 2_000})).text) == PASSED_CHARACTERS
    assert len(trouble(ScriptedWire(answers={"MAIL": "250-" + "x" * 2_000, "": "554 " + "x" * 2_000}))[1]) == (
        REASON_CHARACTERS
    )


def test_helo_where_nothing_needs_ehlo() -> None:
    for security in ("clear", "tls"):
        wire = ScriptedWire(answers={"EHLO": "502 what?", "HELO": f"250 {HOST}\nSIZE"})
        hand_over(wire, security=security)
        assert wire.said[-4:] == [f"HELO {OURS}", *SENT]


def test_no_helo_where_tls_or_a_login_is_needed() -> None:
    for security, user in (("starttls", ""), ("tls", "alice")):
        wire = ScriptedWire(answers={"EHLO": "502 what?"})
        reply, reason = trouble(wire, security, user)  # type: ignore[arg-type]
        assert reply == UNREACHABLE and reason == f"the smarthost refuses EHLO from {OURS}: 502 what?"
        assert wire.said[-1] == EHLO


@pytest.mark.parametrize(
    "answers", [{"EHLO": "550 5.7.1 bad name"}, {"EHLO": "500 what?", "HELO": "550 5.7.1 bad name"}]
)
def test_a_name_that_is_refused_is_our_trouble(answers: dict[str, str | list[str]]) -> None:
    assert trouble(ScriptedWire(answers=answers)) == (
        UNREACHABLE,
        f"the smarthost refuses EHLO from {OURS}: 550 5.7.1 bad name",
    )


@pytest.mark.parametrize(
    "answers",
    [
        {"": f"220 {OURS} ESMTP"},
        {"": f"220 {OURS.upper()}. ESMTP"},
        {"EHLO": f"250 {OURS}\nSIZE"},
        {"EHLO": "502 what?", "HELO": f"250 {OURS}"},
    ],
)
def test_a_smarthost_that_is_ourselves(answers: dict[str, str | list[str]]) -> None:
    wire = ScriptedWire(answers=answers)
    reply, reason = trouble(wire)
    assert reply == LOOPS and OURS in reason
    assert not any(line.startswith("MAIL") for line in wire.said)


@pytest.mark.parametrize("keywords", [(), ("8BITMIME",)])
def test_a_message_that_cannot_be_read_back(keywords: tuple[str, ...], tmp_path: File) -> None:
    message = evolve(SIMPLE, body=Body(1, 1, file=str(tmp_path / "gone")))
    wire = ScriptedWire(*keywords)
    reply, reason = trouble(wire, message=message)
    assert reply == UNREADABLE and "gone" in reason
