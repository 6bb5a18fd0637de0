"""What goes out of a message."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import BLOCK_OCTETS, Body, Field, Message
from mailgate.sending.content import Content
from mailgate.wire.dots import WireCounter
from tests.support import a_message


def with_body(body: Body) -> Message:
    return evolve(a_message(), body=body)


def test_fields_come_first_then_the_body() -> None:
    message = a_message(content=b"Subject: hi\n\nhello\n").with_fields((Field("X-Folded", "a\n b"),))
    octets = b"".join(Content(message).blocks())
    assert octets == b"X-Folded: a\n b\nReceived: here\nSubject: hi\n\nhello\n"


def test_a_message_without_fields_of_ours() -> None:
    assert list(Content(evolve(a_message(content=b"x\n"), fields=())).blocks()) == [b"x\n"]


@given(st.lists(st.sampled_from([b"a", b".", b"\n"])).map(lambda parts: b"".join(parts) + b"\n"))
def test_its_size_is_that_on_the_wire_without_stuffing(content: bytes) -> None:
    out = Content(a_message(content=content))
    counter = WireCounter()
    for block in out.blocks():
        counter.feed(block)
    assert out.wire_octets == counter.finish()


@pytest.mark.parametrize(
    ("content", "field", "expected"),
    [
        (b"plain\n", "x", False),
        ("Grüße\n".encode(), "x", True),
        (b"x" * 200_000 + b"\xff\n", "x", True),
        (b"", "é", True),
    ],
)
def test_eight_bits(content: bytes, field: str, expected: bool) -> None:
    message = a_message(content=content).with_fields((Field("X-Field", field),))
    assert Content(message).has_eight_bit_octets() is expected


@pytest.mark.parametrize(
    ("content", "field", "expected"),
    [
        (b"Subject: a\n\nplain\n", "x", False),
        (b"Subject: a\n\n\xc3\xa9\n", "x", False),
        (b"\n\xc3\xa9\n\nx\n", "x", False),
        (b"", "x", False),
        (b"Subject: \xc3\xa9\n\nplain\n", "x", True),
        (b"Subject: \xe9", "x", True),
        (b"Subject: a\n\nplain\n", "é", True),
        (b"x" * BLOCK_OCTETS * 2, "x", False),
        (b"x" * BLOCK_OCTETS * 2 + b"\xff\n\n", "x", True),
        (b"x" * (BLOCK_OCTETS - 1) + b"\n\n\xff", "x", False),
        (b"x" * BLOCK_OCTETS + b"\n\n\xff", "x", False),
        (b"x" * (BLOCK_OCTETS - 2) + b"\n\n\xff", "x", False),
        (b"x" * (BLOCK_OCTETS - 1) + b"\nx\n\xff", "x", True),
    ],
)
def test_a_header_beyond_ascii(content: bytes, field: str, expected: bool) -> None:
    message = a_message(content=content).with_fields((Field("X-Field", field),))
    assert Content(message).has_international_header() is expected


def test_a_large_body_comes_block_by_block_out_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "body"
    file.write_bytes(b"0123456\n" * 20_000)
    blocks = list(Content(with_body(Body(160_000, 20_000, file=str(file)))).blocks())
    assert max(map(len, blocks)) == BLOCK_OCTETS
    assert b"".join(blocks[1:]) == file.read_bytes()


def test_a_body_that_is_gone(tmp_path: Path) -> None:
    content = Content(with_body(Body(1, 0, file=str(tmp_path / "gone"))))
    with pytest.raises(FileNotFoundError):
        content.has_eight_bit_octets()
    with pytest.raises(FileNotFoundError):
        content.has_international_header()
    with pytest.raises(FileNotFoundError):
        list(content.blocks())
