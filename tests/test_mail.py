"""The values that travel: what they refuse to be, and how they are written."""

from __future__ import annotations

import re
from pathlib import Path as FilePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.mail import (
    NULL_PATH,
    PASS,
    Body,
    Discarded,
    Entry,
    Field,
    Local,
    Path,
    Recipient,
    Refused,
    Reply,
    Snapshot,
    Verdict,
    make_id,
)
from mailgate.wire.address import AddressError
from tests.support import a_message, path, recipient


def body(content: bytes) -> Body:
    return Body(len(content), content.count(b"\n"), content=content)


# Ids.


@given(
    st.tuples(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1)), st.tuples(st.integers(0, 2**48 - 1), st.just(0))
)
def test_ids_are_ordered_as_their_times(one: tuple[int, int], other: tuple[int, int]) -> None:
    ids = make_id(*one), make_id(*other)
    assert (ids[0] < ids[1]) == (one < other)
    assert all(re.fullmatch("[0-9a-z]{26}", id_) for id_ in ids)


def test_ids_keep_their_length_whatever_they_are_given() -> None:
    assert make_id(0, 0) == "0" * 26
    assert make_id(2**48 + 1, 2**80 + 1) == make_id(1, 1)
    assert make_id(2**48 - 1, 2**80 - 1) == "7" + "z" * 25


# Paths.


def test_paths() -> None:
    assert Path.parse("a.b@Example.Test") == Path("a.b", "example.test")
    assert str(Path("a b", "example.test")) == '"a b"@example.test'
    assert str(Path("postmaster")) == "postmaster"
    assert (str(NULL_PATH), NULL_PATH.is_null, Path("postmaster").is_null, Path("", "x").is_null) == (
        "",
        True,
        False,
        False,
    )
    with pytest.raises(AddressError):
        Path.parse("nobody")


# Fields.


@pytest.mark.parametrize("value", ["", "plain", "Grüße", "folded\n here", "folded\n\tthere\n and there", "tab\there"])
def test_fields(value: str) -> None:
    assert bytes(Field("X-Test", value)) == f"X-Test: {value}\n".encode()


@pytest.mark.parametrize(
    "value",
    ["a\nb", "a\n", "a\n ", "a\n \n b", "a\n\n b", "a\r\n b", "\r", "a\0", "a\x1b[m", "a\x7f", "a\x85b", "a\udc80"],
)
def test_fields_refuse_what_would_end_them(value: str) -> None:
    with pytest.raises(ValueError, match="X-Test"):
        Field("X-Test", value)


@pytest.mark.parametrize("name", ["", "a b", "a:", "ä", "a\n", "x" * 77, "\x7f"])
def test_fields_refuse_names_that_are_none(name: str) -> None:
    with pytest.raises(ValueError, match="field name"):
        Field(name, "value")


@given(st.text(max_size=12).filter(lambda value: "\n" not in value))
def test_a_field_is_one_line_or_refused(value: str) -> None:
    try:
        octets = bytes(Field("X", value))
    except ValueError:
        return
    assert octets.count(b"\n") == 1 and b"\r" not in octets and b"\0" not in octets


# Replies and refusals.


@pytest.mark.parametrize(
    ("reply", "text", "positive", "temporary"),
    [
        (Reply(250, "2.0.0", "OK"), "250 2.0.0 OK", True, False),
        (Reply(354, "", "Go on"), "354 Go on", True, False),
        (Reply(451, "4.3.0", "Later"), "451 4.3.0 Later", False, True),
        (Reply(550, "5.1.1", "Never"), "550 5.1.1 Never", False, False),
        (Reply(334, "", ""), "334", True, False),
    ],
)
def test_replies(reply: Reply, text: str, positive: bool, temporary: bool) -> None:
    assert (str(reply), reply.is_positive, reply.is_temporary) == (text, positive, temporary)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (199, ""),
        (600, ""),
        (250, "5.0.0"),
        (550, "4.1.1"),
        (250, "2.0"),
        (250, "2.0.0.0"),
        (250, "2.0.0 "),
        (354, "3.0.0"),
    ],
)
def test_replies_refuse_what_is_none(code: int, status: str) -> None:
    with pytest.raises(ValueError, match=r"reply code|enhanced status"):
        Reply(code, status, "text")


def test_a_refusal_refuses() -> None:
    refusal = Refused(Reply(550, "5.7.1", "No"))
    assert (refusal.reply.code, str(refusal)) == (550, "550 5.7.1 No")
    assert str(Discarded("spam")) == "spam"
    for reply in (Reply(250, "2.0.0", "Yes"), Reply(354, "", "Go on")):
        with pytest.raises(ValueError, match="refuses nothing"):
            Refused(reply)


# Bodies.


def test_a_body_in_memory_opens_again_and_again() -> None:
    content = body(b"a\nb\n")
    assert content.wire_octets == 6
    for _ in range(2):
        with content.open() as stream:
            assert stream.read() == b"a\nb\n"
    with Body(0, 0).open() as stream:
        assert stream.read() == b""


def test_a_body_in_a_file(tmp_path: FilePath) -> None:
    file = tmp_path / "body"
    file.write_bytes(b"Subject: x\n\nhello\n")
    content = Body(18, 3, file=str(file))
    with content.open() as stream:
        assert stream.read() == b"Subject: x\n\nhello\n"
    assert list(content.field_names()) == ["subject"]
    file.unlink()
    with pytest.raises(OSError, match="body"):
        content.open()


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"", []),
        (b"\nno header: here\n", []),
        (b"Subject: x\nRECEIVED: a\n\tfolded: still\n continued\nTo : b\n\nbody: x\n", ["subject", "received", "to"]),
        (b"Subject: x", ["subject"]),
        (
            b"Subject: x\nthe body begins without an empty line: yes\nX: y\n",
            ["subject", "the body begins without an empty line", "x"],
        ),
        (b"Subject: x\nno colon\nX: y\n", ["subject"]),
        (b" begins folded\nX: y\n\n", ["x"]),
        (b"Sch\xc3\xb6n: x\n\n", ["sch\ufffd\ufffdn"]),
        (b"X: " + b"y" * 5000 + b":z\nReceived: a\n\n", ["x", "received"]),
        # A long line's rest is not an empty line, wherever the reading is cut.
        (b"X: " + b"y" * 1021 + b"\nReceived: a\n\n", ["x", "received"]),
        (b"X: " + b"y" * 2045 + b"\nReceived: a\n\nReceived: no\n", ["x", "received"]),
    ],
)
def test_field_names(content: bytes, names: list[str]) -> None:
    assert list(body(content).field_names()) == names


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_field_names_see_past_lines_of_any_length(first: int, second: int) -> None:
    content = b"A: " + b"x" * first + b"\n " + b"y" * second + b"\nB: z\n\nC: no\n"
    assert list(body(content).field_names()) == ["a", "b"]


# Messages and verdicts.


def test_a_message_gets_fields_in_front_and_other_recipients() -> None:
    message = a_message(recipient("a@example.test"))
    assert message.with_fields((Field("X", "1"),)).fields == (Field("X", "1"), *message.fields)
    changed = message.with_recipients((recipient("b@example.test"),))
    assert [str(to.path) for to in changed.envelope.recipients] == ["b@example.test"]
    assert (changed.body, changed.id) == (message.body, message.id)
    more = message.envelope.with_recipient(Recipient(path("b@example.test"), (Local("b"),)))
    assert [str(to.path) for to in more.recipients] == ["a@example.test", "b@example.test"]
    assert len(message.envelope.recipients) == 1


def test_to_pass_changes_nothing() -> None:
    assert Verdict() == PASS
    assert (PASS.fields, PASS.discard, dict(PASS.redirect)) == ((), frozenset(), {})


# What a maildrop has.


def test_a_snapshot_knows_its_size() -> None:
    assert Snapshot(1, (Entry("a", 10, "a"), Entry("b", 5, "b"))).octets == 15
    assert Snapshot(1, ()).octets == 0
