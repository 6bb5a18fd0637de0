"""A message, as a test looks at it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailgate.testing.message import Message
from tests.testing.support import a_message, told

HTML = b"""Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p>Your code is <b>482915</b>, or <a href="https://example.test/c/1">click</a></p>
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="a.pdf"

%PDF
--b--
"""


def test_what_the_server_told_is_there() -> None:
    message = a_message(3, octets=1234, removed=True, user="me@x", tls="TLSv1.3")
    assert (message.id, message.number, message.octets, message.removed) == (f"{3:026}", 3, 1234, True)
    assert message.at == datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)
    envelope = message.envelope
    assert (envelope.sender, envelope.recipients) == ("app@example.test", ("alice@t1.example.test",))
    assert (envelope.client, envelope.helo) == ("127.0.0.1", "client.example.test")
    assert (envelope.tls, envelope.user, envelope.smtputf8) == ("TLSv1.3", "me@x", False)


def test_the_content_is_parsed() -> None:
    message = a_message(content=HTML, subject="Grüße")
    assert message.raw == HTML
    assert message.email["Subject"] == message.subject == "Grüße"
    assert message.headers[0] == ("Subject", "Grüße")
    assert "482915" in message.text
    assert message.html.startswith("<p>")
    assert [(part.filename, part.content.strip()) for part in message.attachments] == [("a.pdf", b"%PDF")]
    assert message.links() == ["https://example.test/c/1"]
    assert message.otp() == "482915"


def test_it_shows_what_helps() -> None:
    assert repr(a_message()) == (
        "<Message 'Welcome' from app@example.test to alice@t1.example.test at 22:13:20, 87 octets>"
    )
    many = a_message(sender="", recipients=["a@x", "b@x", "c@x", "d@x", "e@x"], subject="s" * 500, removed=True)
    assert repr(many) == (f"<Message '{'s' * 80}' from <> to a@x, b@x, c@x and 2 more at 22:13:20, 87 octets, removed>")


def test_one_whose_content_is_gone_still_has_its_envelope() -> None:
    message = Message.read({**told(removed=True), "content": None})
    assert message.envelope.sender == "app@example.test"
    for read in (lambda: message.raw, lambda: message.text, lambda: message.headers, lambda: message.otp()):
        with pytest.raises(LookupError, match=r"'Welcome'.* not remembered any more"):
            read()


def test_it_is_the_same_whenever_it_was_asked_for() -> None:
    assert a_message() == a_message(removed=True)
    assert len({a_message(), a_message(removed=True), a_message(2)}) == 2
    assert a_message() == Message(told(), b"")  # another recipient's copy is the same message
    assert a_message() != 1
