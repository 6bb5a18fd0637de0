"""One field, by the rules of RFC 6858 section 2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.surrogate.fields import present_field, split_field

ADDRESS_FIELDS = (
    *("Bcc", "Cc", "From", "Reply-To", "Sender", "To"),
    *("Resent-Bcc", "Resent-Cc", "Resent-From", "Resent-Sender", "Resent-To"),
)
NAMES = st.sampled_from([*ADDRESS_FIELDS, "Return-Path", "Subject", "Content-Type", "Content-Disposition", "X", ""])
BODIES = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode("utf-8")),
    st.lists(st.sampled_from(["\u00fc", "a", "<", ">", '"', "@", ",", ":", ";", " ", "\n ", "(", ")", "="])).map(
        lambda pieces: "".join(pieces).encode()
    ),
)


@pytest.mark.parametrize("name", ADDRESS_FIELDS)
def test_addresses(name: str) -> None:
    presented = present_field(f"{name}: a@x, \u00fc@x\n".encode()).replace(b"\n ", b" ")
    assert presented == f"{name}: a@x, =?utf-8?b?w7xAeA==?= <invalid@internationalized-address.invalid>\n".encode()


@pytest.mark.parametrize(
    ("field", "presented"),
    [
        ("RETURN-PATH : <\u00fc@x>\r\n", "RETURN-PATH: <invalid@internationalized-address.invalid>\r\n"),
        ("Content-Type: text/plain; name=\u00fc\n", "Content-Type: text/plain\n"),
        ("content-disposition: inline; filename=\u00fc\r\n", "content-disposition: inline\r\n"),
        ("Subject: \u00fc\n", "Subject: =?utf-8?b?w7w=?=\n"),
        ("Subject:\u00fc", "Subject: =?utf-8?b?w7w=?="),
        ("Subject: a  \u00fc\r\n\tb\r\n", "Subject: a  =?utf-8?b?w7w=?=\tb\r\n"),
        ("X-Field: \u00fc\n", ""),
        ("Received: from \u00fc\n\tby b; now\n", ""),
        ("no field \u00fc\n", ""),
        ("S\u00fcbject: x\n", ""),
        (" Subject: \u00fc\n", ""),
        ("To: (\u00fc)\n", ""),
        ("To: \u00fc, <" + "a" * 1000 + "@x>\n", ""),  # no line can be made of it
    ],
)
def test_fields(field: str, presented: str) -> None:
    assert present_field(field.encode()) == presented.encode()


@pytest.mark.parametrize(
    ("field", "presented"),
    [
        (b"Subject: \xff\n", b"Subject: =?utf-8?b?77+9?=\n"),
        (b"From: a\xff <a@x>\n", b""),
        (b"Return-Path: <\xff@x>\n", b""),
        (b"Content-Type: text/plain; charset=utf-8; name=\xff\n", b"Content-Type: text/plain; charset=utf-8\n"),
        (b"X: \xff\n", b""),
    ],
)
def test_octets_that_are_not_utf8(field: bytes, presented: bytes) -> None:
    assert present_field(field) == presented


@pytest.mark.parametrize("field", [b"", b"Subject: a\r\n b\n", b"To: \x00\r\n\n", b"no field", b"X: " + b"y" * 5000])
def test_ascii_is_left_alone(field: bytes) -> None:
    assert present_field(field) is field


@pytest.mark.parametrize(
    ("field", "parts"),
    [
        (b"A: b\n", ("A", b" b\n")),
        (b"A\t :b", ("A", b"b")),
        (b": b", ("", b": b")),
        (b"A b: c", ("", b"A b: c")),
        (b"", ("", b"")),
    ],
)
def test_a_field_has_a_name_and_a_body(field: bytes, parts: tuple[str, bytes]) -> None:
    assert split_field(field) == parts


@given(NAMES, BODIES, st.sampled_from([b"\n", b"\r\n", b""]))
def test_whatever_is_in_it_what_comes_is_ascii_in_good_lines(name: str, body: bytes, line_end: bytes) -> None:
    field = name.encode() + b": \xc3\xbc" + body.replace(b"\r", b"").replace(b"\n", b"\n ") + line_end
    presented = present_field(field)
    assert presented.isascii()
    if presented:
        assert presented.endswith(line_end) and presented.startswith(name.encode() + b": ")
        lines = presented.removesuffix(line_end).split(line_end or b"\n")
        assert all(len(line) <= 998 and line.strip() for line in lines)
        assert all(line.startswith((b" ", b"\t")) for line in lines[1:])
