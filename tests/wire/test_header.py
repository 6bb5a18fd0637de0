"""The fields of a header that is passing by: the same wherever it is cut, and none from the body."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.wire.header import MESSAGE_ID_OCTETS, HeaderScanner, identifier
from tests.support import splits

Seen = tuple[int, bool, bool]
FIELDS = [
    b"\n",
    b"Received",
    b"received: x",
    b"\nReceived:",
    b"Date",
    b"Message-ID",
    b":",
    b" ",
    b"\t",
    b"x",
    b" " * 30,
]
CONTENTS = st.lists(
    st.sampled_from([*FIELDS, b"y" * 130, b"\nX: " + b"z" * 140]),
    max_size=14,
).map(b"".join)


def scan(blocks: list[bytes]) -> Seen:
    scanner = HeaderScanner()
    for block in blocks:
        scanner.feed(block)
    return scanner.hops, scanner.has_date, scanner.has_message_id


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"", (0, False, False)),
        (b"Received: a\nRECEIVED: b\n\treceived: folded\nreceived : c\n\nReceived: body\n", (3, False, False)),
        (b"Date: x\nMessage-Id: y\n\n", (0, True, True)),
        (b"\nDate: x\n", (0, False, False)),
        (b"Subject: x\n\nDate: x\n", (0, False, False)),
        (b"X-Date: x\nDates: x\n Date: x\nDate x\nSubject: Date: x\n", (0, False, False)),
        (b"Date:", (0, True, False)),
        (b"Date\t :x", (0, True, False)),
        (b"Date:\nDate:\n\n", (0, True, False)),
        (b"Received:\nReceived:\n\nReceived:", (2, False, False)),
    ],
)
def test_fields(content: bytes, seen: Seen) -> None:
    assert scan([content]) == seen
    assert scan([content[at : at + 1] for at in range(len(content))]) == seen


@given(st.data(), CONTENTS)
def test_cutting_changes_nothing(data: st.DataObject, content: bytes) -> None:
    assert scan(data.draw(splits(content))) == scan([content])


@given(CONTENTS)
def test_what_it_sees_is_what_the_rule_says(content: bytes) -> None:
    header = (b"\n" + content).partition(b"\n\n")[0]

    def count(name: bytes) -> int:
        return sum(re.match(rb"(?i)" + name + rb"[ \t]{0,32}:", line) is not None for line in header.split(b"\n"))

    assert scan([content]) == (count(b"Received"), count(b"Date") > 0, count(b"Message-ID") > 0)


def message_id_in(blocks: list[bytes]) -> str:
    scanner = HeaderScanner()
    for block in blocks:
        scanner.feed(block)
    return scanner.message_id


@pytest.mark.parametrize(
    ("content", "message_id"),
    [
        (b"", ""),
        (b"Subject: x\n\nMessage-ID: <a@b>\n", ""),
        (b"Subject: x\nMessage-ID: <a@b>\nTo: y\n\nbody", "a@b"),
        (b"message-id:<a@b>\n\n", "a@b"),
        (b"Message-ID:\n\t<a@b>\n\nbody\n", "a@b"),
        (b"Message-ID: <a\n @b>\nX: y\n\n", "a@b"),
        (b"Message-ID: <a@b>", "a@b"),
        (b"Message-ID: (one) <a@b> (two)\n", "a@b"),
        (b"Message-ID: a@b\n c\n", "a@bc"),
        (b"Message-ID: <first@b>\nMessage-ID: <second@b>\n\n", "first@b"),
        (b"Message-ID:\n\n<a@b>", ""),
        (b"Message-ID: <\xff@b>\n", "\ufffd@b"),
        ("Message-ID: <\u00fc@b>\n".encode(), "\u00fc@b"),
        (b"Message-ID: <" + b"x" * 2000 + b">\n", "x" * (MESSAGE_ID_OCTETS - 2)),
    ],
)
def test_the_message_id(content: bytes, message_id: str) -> None:
    assert message_id_in([content]) == message_id
    assert message_id_in([content[at : at + 1] for at in range(len(content))]) == message_id


@given(st.data(), CONTENTS)
def test_cutting_does_not_change_the_message_id(data: st.DataObject, content: bytes) -> None:
    assert message_id_in(data.draw(splits(content))) == message_id_in([content])


def test_an_identifier_is_what_its_brackets_hold() -> None:
    assert identifier("<a@b>") == identifier(" a@b ") == identifier("\n <a@b>") == "a@b"


def test_many_hops_octet_by_octet() -> None:
    header = b"Received: from a\n\tby b; now\n" * 50
    assert scan([header[at : at + 1] for at in range(len(header))]) == (50, False, False)


def test_what_it_holds_is_bounded() -> None:
    scanner = HeaderScanner()
    for _ in range(100):
        scanner.feed(b"x" * 10_000)
    assert len(scanner._held) <= 128
    scanner.feed(b"\nMessage-ID: <")
    for _ in range(100):
        scanner.feed(b"x" * 10_000)
    assert len(scanner._value) <= MESSAGE_ID_OCTETS
    scanner.feed(b"\n\nReceived: x\n")
    assert scanner.hops == 0
