"""Reading replies: what they may be, and that it does not matter how they arrive."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import Reply
from mailgate.sending.replies import MAX_LINE_OCTETS, MAX_LINES, Fault, ReplyReader
from tests.support import splits


def read(*blocks: bytes) -> list[Reply | Fault]:
    """All replies; a fault is the last."""
    reader, found = ReplyReader(), []
    for block in blocks:
        reader.feed(block)
        while (reply := reader.take()) is not None:
            found.append(reply)
            if isinstance(reply, Fault):
                return found
    return found


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"250 2.1.0 ok\r\n", Reply(250, "2.1.0", "ok")),
        (b"250 ok\r\n", Reply(250, "", "ok")),
        (b"250\r\n", Reply(250, "", "")),  # RFC 5321 4.2: a client should take this
        (b"250 \r\n", Reply(250, "", "")),
        (b"250 2.1.0\r\n", Reply(250, "2.1.0", "")),
        (b"571 5.7.1 no\r\n", Reply(571, "5.7.1", "no")),
        (b"550 4.7.1 which?\r\n", Reply(550, "", "4.7.1 which?")),  # a status of another class is none
        (b"550 5.7.1234 hm\r\n", Reply(550, "", "5.7.1234 hm")),
        (b"550-5.7.1 no\r\n550 5.7.1  never\r\n", Reply(550, "5.7.1", "no\nnever")),
        (b"550-5.7.1 no\r\n550 never\r\n", Reply(550, "5.7.1", "no\nnever")),
        (b"250-mx\r\n250-SIZE 1\r\n250 OK\r\n", Reply(250, "", "mx\nSIZE 1\nOK")),
        (b"250-\r\n250-\r\n250\r\n", Reply(250, "", "\n\n")),
        (b"250 caf\xc3\xa9\x1b\tx\r\n", Reply(250, "", "caf??? x")),
        (b"250 " + b"x" * (MAX_LINE_OCTETS - 6) + b"\r\n", Reply(250, "", "x" * (MAX_LINE_OCTETS - 6))),
        (b"250-x\r\n" * (MAX_LINES - 1) + b"250 x\r\n", Reply(250, "", "\n".join("x" * MAX_LINES))),
    ],
)
def test_replies(octets: bytes, reply: Reply) -> None:
    assert read(octets) == [reply]


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        (b"\r\n", "no reply: ''"),
        (b"hello\r\n", "no reply: 'hello'"),
        (b"25\r\n", "no reply"),
        (b"2500 ok\r\n", "no reply"),
        (b"150 wait\r\n", "no reply"),
        (b"600 ok\r\n", "no reply"),
        (b"250_ok\r\n", "no reply"),
        (b"250 a\rb\r\n", "no reply: '250 a.b'"),
        (b"250 a\nb\r\n", "no reply"),
        (b"250 a\0b\r\n", "no reply"),
        (b"x" * 500 + b"\r\n", "no reply: '" + "x" * 500 + "'$"),
        (b"250-a\r\n251 b\r\n", "from 250 to 251"),
        (b"250 " + b"x" * (MAX_LINE_OCTETS - 5) + b"\r\n", "more than 2000 octets"),
        (b"250-x\r\n" * (MAX_LINES + 1), "more than 100 lines"),
    ],
)
def test_what_is_no_reply(octets: bytes, what: str) -> None:
    (fault,) = read(octets)
    assert isinstance(fault, Fault)
    assert re.search(what, fault.what)


def test_half_a_reply_is_none_yet() -> None:
    assert read(b"250-a\r\n250 b\r") == []


@given(st.data())
def test_a_line_without_an_end_is_a_fault_as_soon_as_it_is_too_long(data: st.DataObject) -> None:
    octets = b"250-x\r\n" + b"x" * (MAX_LINE_OCTETS + 1)
    assert read(octets[:-1]) == []
    assert read(*data.draw(splits(octets))) == [Fault(f"sends a line of more than {MAX_LINE_OCTETS} octets")]


def test_what_is_buffered() -> None:
    reader = ReplyReader()
    assert reader.buffered == 0
    reader.feed(b"250-a\r\n")
    assert reader.take() is None and reader.buffered
    reader.feed(b"250 b\r\n2")
    assert reader.take() == Reply(250, "", "a\nb") and reader.buffered == 1


WORDS = st.sampled_from(
    [b"250", b"5", b"-", b" ", b"\r\n", b"\r", b"\n", b"\0", b"5.1.1", b"x", b"\xff", b"250-ab\r\n"]
)


@given(st.data())
def test_it_does_not_matter_how_they_arrive(data: st.DataObject) -> None:
    octets = b"".join(data.draw(st.lists(WORDS, max_size=30)))
    assert read(*data.draw(splits(octets))) == read(octets)
