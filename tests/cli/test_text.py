"""Octets of strangers, made harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.cli.text import (
    HEADER_OCTETS,
    LINE_OCTETS,
    VALUE_OCTETS,
    harmless,
    lines_of,
    read_header,
    sender_and_subject,
)


@given(st.binary(max_size=40))
def test_nothing_gets_through(octets: bytes) -> None:
    assert harmless(octets).isprintable()
    for part in sender_and_subject(b"From: " + octets + b"\nSubject: =?utf-8?b?" + octets):
        assert part.isprintable()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"From: a@b\nSubject: hi", ("a@b", "hi")),
        (b"subject : folded\r\n\tonce\r\nFROM:a", ("a", "folded once")),
        (b"Subject: =?utf-8?q?J=C3=B6rg?= =?iso-8859-1?q?=E4?=", ("", "Jörgä")),
        (b"Subject: J\xc3\xb6rg\nSubject: second", ("", "Jörg")),
        (b"Subject: =?utf-8?b?GzFi?=", ("", r"\x1b1b")),
        (b"Subject: =?nonsense?q?x?=", ("", "=?nonsense?q?x?=")),
        (b"Subject: =?utf-8?b?x?=", ("", "=?utf-8?b?x?=")),
        (b"X-From: a\n From: b", ("", "")),
    ],
)
def test_fields(header: bytes, expected: tuple[str, str]) -> None:
    assert sender_and_subject(header) == expected


def test_a_field_that_is_made_to_take_long() -> None:
    _, subject = sender_and_subject(b"Subject: " + b"=?a?q?" * 10_000)
    assert len(subject) <= VALUE_OCTETS


def test_a_header_is_read_as_far_as_it_goes() -> None:
    def blocks() -> object:
        yield b"A: 1\n"
        yield b"B: 2\n\r"
        yield b"\nbody"
        raise AssertionError("nobody asked for the body")

    assert read_header(blocks()) == b"A: 1\nB: 2"  # type: ignore[arg-type]
    assert read_header([]) == b""
    assert len(read_header([b"x" * 50_000] * 3)) == HEADER_OCTETS


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"bc\n"]), max_size=9))
def test_lines(blocks: list[bytes]) -> None:
    content = b"".join(blocks)
    expected = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    assert list(lines_of(blocks)) == (expected if expected[-1] else expected[:-1])


def test_a_line_without_end() -> None:
    lines = list(lines_of([b"x" * (3 * LINE_OCTETS)]))
    assert [len(line) for line in lines] == [LINE_OCTETS] * 3
