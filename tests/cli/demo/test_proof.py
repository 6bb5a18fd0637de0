"""The comparison finds any difference, and says where it is."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from mailgate.cli.demo.proof import compare

ADDED = ("Return-Path", "Received")
FRONT = b"Return-Path: <a@example.test>\r\nReceived: from x\r\n\tby y;\r\n\tnow\r\n"
SENT = b"From: a@example.test\r\nSubject: s\r\n\r\nOne\r\n.\r\nThree\r\n"

contents = st.lists(st.binary(max_size=20).filter(lambda line: not {10, 13} & {*line}), max_size=8).map(
    lambda lines: b"From: x\r\n" + b"".join(line + b"\r\n" for line in lines)
)


def test_what_was_sent_behind_what_was_added_is_intact() -> None:
    proof = compare(SENT, FRONT + SENT, ADDED)
    assert proof.intact
    assert proof.difference == ""
    assert (proof.front, proof.names) == (FRONT, ADDED)
    assert proof.sent_octets == proof.returned_octets == len(SENT)
    assert proof.sent_digest == proof.returned_digest


def test_nothing_need_be_added() -> None:
    assert compare(SENT, SENT, ADDED).intact


def test_a_field_that_nobody_announced_is_a_difference() -> None:
    proof = compare(SENT, b"X-Other: 1\r\n" + SENT, ADDED)
    assert not proof.intact
    assert "part at octet 0, in line 1" in proof.difference


def test_an_altered_octet_is_found() -> None:
    proof = compare(SENT, FRONT + SENT.replace(b"Three", b"Tree"), ADDED)
    assert not proof.intact
    assert f"{len(SENT)} octets were sent, {len(SENT) - 1} came back" in proof.difference
    assert f"part at octet {SENT.index(b'hree')}, in line 6" in proof.difference
    assert "Three" in proof.difference and "Tree" in proof.difference


def test_a_lost_end_is_found() -> None:
    proof = compare(SENT, FRONT + SENT.removesuffix(b"Three\r\n"), ADDED)
    assert not proof.intact
    assert "in line 6" in proof.difference


def test_a_message_that_did_not_come_at_all() -> None:
    proof = compare(SENT, b"", ADDED)
    assert not proof.intact
    assert "0 came back" in proof.difference


@given(contents, contents)
def test_intact_if_and_only_if_equal(sent: bytes, returned: bytes) -> None:
    assert compare(sent, FRONT + sent, ADDED).intact
    assume(sent != returned)
    proof = compare(sent, FRONT + returned, ADDED)
    assert not proof.intact
    assert proof.difference
