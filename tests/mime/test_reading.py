"""Messages taken apart, and the text that a person reads."""

from __future__ import annotations

import subprocess
import sys
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate import mime
from mailgate.mime import html_of, prepare, read, text_of

PIECES = [
    b"Content-Type: ", b"multipart/mixed", b"multipart/", b"; boundary=", b"x", b"--x\n", b"--x--\n", b"text/html",
    b"message/rfc822", b"message/partial", b"; charset=", b"utf-7", b"idna", b"undefined", b'"', b"*0*=", b"''",
    b"Content-Transfer-Encoding: ", b"base64\n", b"quoted-printable\n", b"x-uuencode\n", b"begin 644 x\n", b"QUJD",
    b"Content-Disposition: ", b"attachment", b"; filename=", b"utf-8''%C3%BC", b"=?utf-8?b?", b"=?x?q?", b"?=", b"%",
    b"Subject: ", b"To: ", b"<", b">", b"<a href='", b"https://a.test/", b"<!--", b"<![", b"&#x", b";", b"code 123456",
    b"\n", b"\n\n", b"\r\n", b" ", b"\0", b"\xff", b"\xc3\xa9", b"(", b"\\", b",", b":", b"@", b"[",
]  # fmt: skip
ANYTHING = st.binary(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)


def everything_in(raw: bytes) -> list[object]:
    message = read(raw)
    text, html = text_of(message), html_of(message)
    fields = [(value, mime.mailboxes_in(value), message[name]) for name, value in mime.fields_in(raw)]
    return [text, html, mime.attachments_of(message), mime.links_in(text, html), mime.otp_in(text), fields]


@given(ANYTHING)
def test_whatever_the_octets_are_they_are_a_message(raw: bytes) -> None:
    assert everything_in(raw) == everything_in(raw)


def test_the_text_of_a_plain_message() -> None:
    assert text_of(read(b"Subject: hi\n\nhello\nthere\n")) == "hello\nthere\n"
    assert text_of(read(b"Subject: hi\r\n\r\nhello\r\nthere\r\n")) == "hello\nthere\n"
    assert html_of(read(b"Subject: hi\n\nhello\n")) == ""


@pytest.mark.parametrize("raw", [b"", b"\n", b"Subject: hi\n", b"Subject: hi\n\n"])
def test_there_may_be_no_text(raw: bytes) -> None:
    assert text_of(read(raw)) == ""


def test_a_message_without_header_is_text() -> None:
    assert text_of(read(b"just words\nno header\n")) == "just words\nno header\n"


def a_message() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("Schöne Grüße\n")
    return message


def test_text_and_html_side_by_side() -> None:
    message = a_message()
    message.add_alternative("<p>Schöne <b>Grüße</b></p>\n", subtype="html")
    message.add_attachment("not this\n", filename="notes.txt")
    message.add_attachment("<p>nor this</p>\n", subtype="html", filename="page.html")
    raw = message.as_bytes()
    assert text_of(read(raw)) == "Schöne Grüße\n"
    assert html_of(read(raw)) == "<p>Schöne <b>Grüße</b></p>\n"
    assert read(raw)["Subject"] == "Grüße"


def test_html_alone_is_made_readable() -> None:
    raw = b"Content-Type: text/html; charset=utf-8\n\n<h1>Hi</h1><p>a&nbsp;&lt;b</p>\n"
    assert text_of(read(raw)) == "Hi\n\na <b"


def test_all_texts_that_are_shown_are_one() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\n\ntwo\n--x--\n"
    assert text_of(read(raw)) == "one\ntwo"


def test_the_text_of_an_enclosed_message_is_not_ours() -> None:
    message = a_message()
    inner = EmailMessage()
    inner.set_content("inner\n")
    message.add_attachment(inner)
    assert text_of(read(message.as_bytes())) == "Schöne Grüße\n"


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        ("Content-Type: text/plain; charset=us-ascii", "é".encode(), "é"),
        ("Content-Type: text/plain; charset=no-such", "é".encode(), "é"),
        ("Content-Type: text/plain", b"\xe9", "\ufffd"),
        ("Content-Type: text/plain; charset=iso-8859-1", b"\xe9", "é"),
        ("Content-Transfer-Encoding: base64", b"aGVsbG8", "hello"),
        ("Content-Transfer-Encoding: base64", b"!", ""),
        ("Content-Transfer-Encoding: quoted-printable", b"=C3=A9=ZZ=", "é=ZZ"),
        ("Content-Type: ;x*0*", b"hello", "hello"),
        ("Content-Type: multipart/mixed", b"no boundary", "no boundary"),
    ],
)
def test_what_is_broken_is_read_as_far_as_it_goes(header: str, body: bytes, text: str) -> None:
    assert text_of(read(header.encode() + b"\n\n" + body)) == text


@pytest.mark.parametrize("field", ["To: <", 'From: "', "Message-ID: <"])
def test_a_field_that_cannot_be_parsed_has_its_text(field: str) -> None:
    name, _, value = field.partition(": ")
    assert read(field.encode() + b"\n\n")[name] == value


def test_a_field_may_be_utf_8() -> None:
    assert read("Subject: Grüße\n\n".encode())["Subject"] == "Grüße"


@pytest.mark.parametrize("depth", [60, 5_000])
def test_parts_in_parts_without_end_are_not_followed(depth: int) -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
    message = read(nested + b"\nhi\n")
    assert "\nhi\n" in text_of(message) if depth == 5_000 else text_of(message) == ""
    assert mime.attachments_of(message) == []


def test_nothing_is_imported_before_it_is_needed() -> None:
    code = "import sys, mailgate.mime; print('email' in sys.modules, 'twisted' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == ["False", "False"]


def test_it_can_be_imported_ahead() -> None:
    code = "import sys, mailgate.mime as m; m.prepare(); print('email.parser' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "True"
    prepare()  # and again
