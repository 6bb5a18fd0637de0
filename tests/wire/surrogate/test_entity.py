"""What a header says of its body, and which media types are renamed when."""

from __future__ import annotations

import pytest

from mailgate.wire.surrogate.entity import HELD_OCTETS, Entity
from mailgate.wire.surrogate.parameters import ContentType


def take(*fields: str) -> tuple[str, ContentType]:
    entity = Entity("text/plain")
    sent = b"".join(entity.take(field.encode()) for field in fields) + entity.finish()
    return sent.decode("ascii"), entity.content_type


def test_without_fields_it_is_what_it_is_by_default() -> None:
    assert take() == ("", ContentType("text/plain"))
    assert Entity("message/rfc822").content_type == ContentType("message/rfc822")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["Content-Type: Text/HTML\n"], ContentType("text/html")),
        (["CONTENT-TYPE: multipart/mixed; boundary=b; n=\u00fc\n"], ContentType("multipart/mixed", b"b")),
        (["Content-Type: multipart/mixed; boundary=\u00fc\n"], ContentType("multipart/mixed")),
        (["Content-Type: \u00fc\n"], ContentType("text/plain")),  # nobody sees it
        (["Content-Type: a/b\n", "Content-Type: c/d\n"], ContentType("a/b")),
        (["Content-Type: message/rfc822\n", "Content-Transfer-Encoding: 8BIT (\\)\n"], ContentType("message/rfc822")),
        (["Content-Transfer-Encoding: base64\n", "Content-Type: message/rfc822\n"], ContentType("")),
        (["Content-Transfer-Encoding: x\n", "Content-Transfer-Encoding: 7bit\n"], ContentType("")),
        (
            ["Content-Type: multipart/mixed; boundary=b\n", "Content-Transfer-Encoding: base64\n"],
            ContentType("multipart/mixed", b"b"),
        ),
    ],
)
def test_content_type(fields: list[str], expected: ContentType) -> None:
    assert take(*fields)[1] == expected


@pytest.mark.parametrize(
    ("media_type", "conventional"),
    [
        ("message/global", "message/rfc822"),
        ("Message / Global", "message/rfc822"),
        ("message/global-headers", "text/rfc822-headers"),
        ("message/global-delivery-status", "message/delivery-status"),
        ("message/global-disposition-notification", "message/disposition-notification"),
        ("message/globally", "message/globally"),
        ("message/global-other", "message/global-other"),
    ],
)
@pytest.mark.parametrize("encoding", ["", "7bit", "8bit", "binary"])
def test_what_can_be_presented_is_renamed(media_type: str, conventional: str, encoding: str) -> None:
    fields = ["A: b\n", f"Content-Type: {media_type}; a=b\n", f"Content-Transfer-Encoding: {encoding}\n", "C: d\n"]
    assert take(*fields)[0] == "".join(fields).replace(media_type, conventional)


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "Base64 (x)", "else"])
def test_what_is_encoded_keeps_its_type(encoding: str) -> None:
    fields = ["Content-Type: message/global\n", f"Content-Transfer-Encoding: {encoding}\n"]
    assert take(*fields) == ("".join(fields), ContentType(""))


def test_a_parameter_is_lost_and_the_type_renamed() -> None:
    assert take("Content-Type: message/global; name=\u00fc; a=b\n")[0] == "Content-Type: message/rfc822; a=b\n"


def test_what_is_held_back_is_bounded() -> None:
    entity = Entity("text/plain")
    assert entity.take(b"Content-Type: message/global\n") == b""
    assert entity.take(b"A: " + b"b" * (HELD_OCTETS - 4) + b"\n") == b""
    assert entity.take_plain(b"C") == b"Content-Type: message/global\nA: " + b"b" * (HELD_OCTETS - 4) + b"\nC"
    assert entity.take(b"D: e\n") == b"D: e\n"
    assert entity.finish() == b""
    assert entity.content_type == ContentType("")  # nobody knows what would have come


def test_what_just_fits_is_renamed() -> None:
    entity = Entity("text/plain")
    entity.take(b"Content-Type: message/global\n")
    entity.take_plain(b"A: " + b"b" * (HELD_OCTETS - 4) + b"\n")
    assert entity.finish().startswith(b"Content-Type: message/rfc822\nA: bb")
    assert entity.content_type == ContentType("message/global")
