"""What comes with a message."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from mailgate.mime import Attachment, attachments_of, read


def attached(*lines: str, content: str = "QUJD") -> list[Attachment]:
    """The attachments of a message with one part that has this header."""
    part = "\n".join([*lines, "Content-Transfer-Encoding: base64", "", content])
    return attachments_of(read(f"Content-Type: multipart/mixed; boundary=x\n\n--x\n{part}\n--x--\n".encode()))


def test_a_message_without_any() -> None:
    assert attachments_of(read(b"Subject: hi\n\nhello\n")) == []


def test_a_file() -> None:
    assert attached("Content-Type: application/pdf", 'Content-Disposition: attachment; filename="a b.pdf"') == [
        Attachment("a b.pdf", "application/pdf", b"ABC")
    ]


@pytest.mark.parametrize(
    "filename",
    [
        "filename*=utf-8''na%C3%AFve.txt",  # RFC 2231 4
        "filename*0*=utf-8''na%C3%AF; filename*1=ve.txt",  # RFC 2231 3
        'filename="=?utf-8?q?na=C3=AFve.txt?="',  # RFC 2047 5 forbids that; many do it
        'filename="=?utf-8?b?bmHDr3ZlLnR4dA==?="',
        'filename="naïve.txt"',
    ],
)
def test_a_name_beyond_ascii(filename: str) -> None:
    assert [each.filename for each in attached(f"Content-Disposition: attachment; {filename}")] == ["naïve.txt"]


def test_the_name_may_stand_in_the_type() -> None:
    assert [each.filename for each in attached('Content-Type: text/plain; name="a.txt"')] == ["a.txt"]


def test_a_picture_that_the_html_shows() -> None:
    picture = attached("Content-Type: image/png", "Content-ID: <logo@x>", "Content-Disposition: inline")
    assert picture == [Attachment("", "image/png", b"ABC", "logo@x", True)]
    assert attached("Content-Type: image/png")[0].inline


def test_a_whole_message_may_be_one() -> None:
    raw = b'Content-Type: text/csv\nContent-Disposition: ATTACHMENT; filename="a.csv"\n\n1,2\n'
    assert attachments_of(read(raw)) == [Attachment("a.csv", "text/csv", b"1,2\n")]


def test_broken_base64_is_an_attachment_too() -> None:
    assert len(attached("Content-Type: image/png", content="QUJ")) == 1
    assert len(attached("Content-Type: image/png", content="!")) == 1


def test_an_enclosed_message_has_the_octets_that_it_had() -> None:
    inner = b"Subject:  a\n  long   one\nTo: a@b.test\n\nhello\n"
    raw = b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n" + inner + b"\n--x--\n"
    assert [(each.content_type, each.content) for each in attachments_of(read(raw))] == [
        ("message/rfc822", b"Subject: a\n  long   one\nTo: a@b.test\n\nhello\n")
    ]


def test_what_is_attached_to_an_enclosed_message_is_its_own() -> None:
    outer, inner = EmailMessage(), EmailMessage()
    inner.set_content("inner\n")
    inner.add_attachment(b"x", maintype="image", subtype="png", filename="x.png")
    outer.set_content("outer\n")
    outer.add_attachment(inner)
    assert [each.content_type for each in attachments_of(read(outer.as_bytes()))] == ["message/rfc822"]


def test_messages_in_messages_without_end_have_no_octets() -> None:
    raw = b"Content-Type: message/rfc822\n\n" * 400 + b"\nhi\n"
    assert [each.content for each in attachments_of(read(raw))] == [b""]
