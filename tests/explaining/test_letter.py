"""The message that is explained."""

from __future__ import annotations

from typing import Any

import pytest

from mailgate.explaining.letter import SENDER, Letter, Question, letter_of
from mailgate.mail import NULL_PATH, Local
from mailgate.smtp.mailing import IN_CIRCLES
from tests.support import MESSAGE_ID, path

ALICE = path("alice@example.test")


def letter(content: bytes | None = None, line: int = 1000, **question: Any) -> Letter:
    return letter_of(Question(**{"path": ALICE, "content": content, **question}), lambda: MESSAGE_ID, line)


def text(made: Letter) -> bytes:
    with made.body.open() as stream:
        return stream.read()


def test_one_is_made_up() -> None:
    made = letter()
    assert text(made) == (
        b"From: <sender@example.com>\nTo: <alice@example.test>\nSubject: made up by mailgate explain\n\nNothing.\n"
    )
    assert (made.envelope.reverse_path, made.envelope.size) == (SENDER, made.body.wire_octets)
    assert (made.envelope.session.client, made.envelope.session.listener) == ("192.0.2.1", "smtp")
    assert not made.envelope.smtputf8 and made.fault is None


def test_a_bounce_has_no_sender_and_its_header_one() -> None:
    made = letter(reverse_path=NULL_PATH)
    assert made.envelope.reverse_path.is_null and text(made).startswith(b"From: <sender@example.com>\n")


def test_beyond_ascii() -> None:
    assert letter(path=path("élise@example.test")).envelope.smtputf8
    assert letter(reverse_path=path("élise@example.test")).envelope.smtputf8


@pytest.mark.parametrize("content", [b"A: b\n\nhi\n", b"A: b\r\n\r\nhi\r\n", b"A: b\r\n\r\nhi", b"A: b\n\nhi"])
def test_line_ends_are_those_of_the_wire(content: bytes) -> None:
    made = letter(content)
    assert (text(made), made.body.octets, made.body.wire_octets) == (b"A: b\n\nhi\n", 9, 12)
    assert made.fault is None


def test_what_handlers_get() -> None:
    made = letter(b" folded\nReceived: x\n\nhi\n", client="198.51.100.7")
    message = made.message((Local("alice@example.test"),), ALICE, "mx.example.test", 0.0)
    assert [added.name for added in message.fields] == ["Received", "X-Mailgate-Note"]
    assert "from [198.51.100.7] ([198.51.100.7])\n\tby mx.example.test" in message.fields[0].value
    (recipient,) = message.envelope.recipients
    assert (recipient.path, recipient.destinations) == (ALICE, (Local("alice@example.test"),))
    assert message.id == message.envelope.id == MESSAGE_ID


def test_its_size() -> None:
    made = letter(b"x" * 2046 + b"\n", line=5000)
    assert made.declared(2048).refusal is None
    refused = made.declared(2047)
    assert refused.refusal is not None and refused.refusal.code == 552
    assert refused.steps[0].answer == "no: 2 KiB are the limit for servers"


def test_a_size_without_content() -> None:
    made = letter(size=5000)
    assert (made.wire_octets, made.envelope.size) == (5000, 5000)
    assert made.declared(5000).refusal is None and made.declared(4999).refusal is not None


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a\rb\n", "a CR without LF"),
        (b"a\r\nb\rc\r\n", "a CR without LF"),
        (b"a\r\nb\nc\r\n", "an LF without CR"),
        (b"a\nb\r\n", "an LF without CR"),
        (b"a\r\nb\r", "a CR without LF"),
        (b"a\0b\n", "a NUL octet"),
        (b"x" * 1001 + b"\n", "a line that is too long"),
    ],
)
def test_content_that_cannot_be(content: bytes, fault: str) -> None:
    part = letter(content).checked(100)
    assert str(part.refusal) == f"550 5.6.0 The content has {fault}"
    assert part.steps[0].answer == f"no: it has {fault}"


def test_hops() -> None:
    made = letter(b"Received: a\nReceived: b\n\nhi\n")
    assert made.checked(2).refusal is None
    assert made.checked(2).steps[0].detail == "32 octets on the wire, 2 hops"
    assert made.checked(1).refusal == IN_CIRCLES
