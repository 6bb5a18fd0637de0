"""The header's fields, decoded and unfolded."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mime import decoded, fields_in, mailboxes_in, read
from mailgate.mime.fields import HEADER_OCTETS, as_text

TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=80)


def test_the_header_ends_where_an_empty_line_is() -> None:
    assert fields_in(b"Subject: a\nTo:b\n\nFrom: c\n") == [("Subject", "a"), ("To", "b")]


def test_the_header_ends_where_no_field_is() -> None:
    assert fields_in(b"Subject: a\nhello: there, I said\nno field\nTo: b\n")[-1] == ("hello", "there, I said")
    assert fields_in(b"") == fields_in(b"\nTo: a\n") == fields_in(b" folded: b\n") == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_folded_lines_are_one(end: bytes) -> None:
    assert fields_in(b"Subject: one" + end + b" two" + end + b"\tthree" + end + end) == [("Subject", "one two\tthree")]


def test_octets_beyond_ascii_are_utf_8() -> None:
    assert fields_in("Subject: Grüße\n\n".encode()) == [("Subject", "Grüße")]
    assert fields_in(b"Subject: a\xffb\n\n") == [("Subject", "a\ufffdb")]


def test_a_header_without_end_is_not_read_to_its_end() -> None:
    assert len(fields_in(b"A: b\n" * HEADER_OCTETS)) == HEADER_OCTETS // 5 + 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe_an?= alle", "Grüße an alle"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?B?R3LDvMOfZQ?=", "Grüße"),  # without padding
        ("a =?iso-8859-1?q?=E9?= =?iso-8859-1?q?=E8?= b", "a éè b"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"),  # a character cut in two
        ("=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "aé"),
        ("=?utf-8*de?q?a?=", "a"),
        ("=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
        ("=?nope?q?=C3=BC?=", "ü"),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),  # no base64 has one digit
        ("=?utf-8?q?a?= =?utf-8?b?A?= c", "a =?utf-8?b?A?= c"),
        ("=?utf-8?q?two words?=", "two words"),
        ("what =?is this", "what =?is this"),
    ],
)
def test_encoded_words(value: str, text: str) -> None:
    assert decoded(value) == text


@given(TEXT)
def test_what_email_writes_is_read(text: str) -> None:
    message = EmailMessage()
    message["Subject"] = text
    raw = message.as_bytes()
    assert "".join(dict(fields_in(raw))["Subject"].split()) == "".join(text.split())


@given(TEXT)
def test_a_subject_is_what_email_reads(text: str) -> None:
    message = EmailMessage()
    message["Subject"] = text.strip()
    raw = message.as_bytes()
    assert dict(fields_in(raw))["Subject"] == str(read(raw)["Subject"]).strip()


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        (b"\xe9", "iso-8859-1", "é"),
        ("é".encode(), "us-ascii", "é"),
        ("é".encode(), "no-such-charset", "é"),
        (b"a\xff", "us-ascii", "a\ufffd"),
        (b"a\xff", "no-such-charset", "aÿ"),
        (b"a\xff", "idna", "aÿ"),
        (b"a\xff", "hex", "aÿ"),
        (b"a\xff", "a\0b", "aÿ"),
    ],
)
def test_a_charset_may_be_wrong(octets: bytes, charset: str, text: str) -> None:
    assert as_text(octets, charset) == text


@pytest.mark.parametrize(
    ("value", "mailboxes"),
    [
        ("", []),
        ("a@b.test", ["a@b.test"]),
        ("a@b.test,  C <c@d.test> ,", ["a@b.test", "C <c@d.test>"]),
        ('"Last, First" <a@b.test>, x@y.test', ['"Last, First" <a@b.test>', "x@y.test"]),
        (r'"a\", b" <a@b.test>, (c, d) e@f.test', [r'"a\", b" <a@b.test>', "(c, d) e@f.test"]),
        ('"open, c@d.test', ['"open', "c@d.test"]),
    ],
)
def test_mailboxes(value: str, mailboxes: list[str]) -> None:
    assert mailboxes_in(value) == mailboxes
