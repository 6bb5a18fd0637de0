"""From chunks to lines, whatever the pieces they came in; and from many lines to few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.cli.demo.transcript import Line, Omitted, Sealed, abbreviate, between, transcribe
from mailgate.cli.demo.wiretap import Chunk, Speaker

TALK: tuple[tuple[Speaker, bytes], ...] = (
    ("server", b"220 hello\r\n"),
    ("client", b"EHLO me\r\n"),
    ("server", b"250-one\r\n250 two\r\n"),
    ("client", b"DATA\r\n"),
    ("server", b"354 go\r\n"),
    ("client", b"a\r\nQUIT\r\nb\r\n.\r\n"),
    ("server", b"250 ok\r\n"),
    ("client", b"QUIT\r\n"),
    ("server", b"221 bye\r\n"),
)
WHOLE = tuple(Chunk(speaker, octets) for speaker, octets in TALK)
LINES = tuple(Line(speaker, line) for speaker, octets in TALK for line in octets.removesuffix(b"\r\n").split(b"\r\n"))


def test_lines_in_the_order_in_which_they_were_said() -> None:
    assert transcribe(WHOLE).lines == LINES


@given(st.integers(1, 7))
def test_the_pieces_do_not_matter(size: int) -> None:
    pieces = [
        Chunk(speaker, octets[start : start + size])
        for speaker, octets in TALK
        for start in range(0, len(octets), size)
    ]
    assert transcribe(pieces).lines == LINES


def test_a_line_without_an_end_comes_last() -> None:
    assert transcribe([Chunk("client", b"QU"), Chunk("server", b"421 \r\n")]).lines == (
        Line("server", b"421 "),
        Line("client", b"QU"),
    )


def test_silence() -> None:
    assert transcribe([]).lines == ()


def test_tls_is_counted_and_not_read() -> None:
    hello = b"\x16\x03\x01" + bytes(40)
    chunks = [*WHOLE[:1], Chunk("client", hello), Chunk("server", b"secret\r\n"), Chunk("client", b"more\r\n")]
    transcript = transcribe(chunks)
    assert transcript.lines == LINES[:1]
    assert transcript.sealed == Sealed(len(hello) + 6, 8, hello[:24])


def test_between_two_commands() -> None:
    assert between(LINES, "DATA", "QUIT") == LINES[4:-2], "the QUIT inside the content is no command"
    assert between(LINES, "ehlo".upper(), "DATA") == LINES[1:4]


def test_between_commands_that_were_not_given() -> None:
    assert between(LINES, "STARTTLS", "RSET") == LINES
    assert between((), "MAIL", "QUIT") == ()


def said(count: int) -> list[Line]:
    return [Line("client", str(number).encode()) for number in range(count)]


def test_few_lines_stay() -> None:
    assert list(abbreviate(said(6), head=2, tail=2)) == said(6)


def test_many_lines_become_few() -> None:
    lines = said(9)
    assert list(abbreviate(lines, head=2, tail=1)) == [*lines[:2], Omitted("client", 6, 6 * 3), lines[8]]


def test_only_what_one_says_in_a_row_is_abbreviated() -> None:
    lines = [line for one in said(9) for line in (one, Line("server", b"ok"))]
    assert list(abbreviate(lines, head=1, tail=1)) == lines


@given(st.lists(st.sampled_from(LINES)), st.integers(0, 5), st.integers(0, 5))
def test_nothing_is_lost_from_the_count(lines: list[Line], head: int, tail: int) -> None:
    shown = list(abbreviate(lines, head, tail))
    assert sum(item.lines if isinstance(item, Omitted) else 1 for item in shown) == len(lines)
    octets = sum(item.octets if isinstance(item, Omitted) else len(item.octets) + 2 for item in shown)
    assert octets == sum(len(line.octets) + 2 for line in lines)
