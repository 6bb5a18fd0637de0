"""Lines in, whole or in pieces; requests that are none; lines out, in pieces."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.control.answering import Answer
from mailgate.control.calls import CallError, Octets
from mailgate.control.json_lines import PIECE_OCTETS, LineBuffer, answer_line, read_object, read_request
from tests.support import splits


def taken(buffer: LineBuffer) -> list[bytes]:
    lines = []
    while (line := buffer.take_line()) is not None:
        lines.append(bytes(line))
    return lines


@given(st.data(), st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line), max_size=5))
def test_lines_come_whole_however_they_arrive(data: st.DataObject, lines: list[bytes]) -> None:
    buffer, got = LineBuffer(), []
    for piece in data.draw(splits(b"".join(line + b"\n" for line in lines) + b"rest")):
        buffer.feed(piece)
        got += taken(buffer)
    assert got == lines
    assert (len(buffer), buffer.take_all(), len(buffer)) == (4, b"rest", 0)


@pytest.mark.parametrize("line", [b"x" * 9, b"x" * 9 + b"\n", b"x" * 100])
def test_a_line_is_too_long_as_soon_as_it_is(line: bytes) -> None:
    buffer = LineBuffer(limit=8)
    for piece in (b"12345678\n", line[:8]):
        buffer.feed(piece)
    assert taken(buffer) == [b"12345678"]
    buffer.feed(line[8:])
    with pytest.raises(CallError, match="at most 8 octets") as told:
        buffer.take_line()
    assert told.value.kind == "too large"


def test_a_line_is_taken_after_everything_was() -> None:
    buffer = LineBuffer()
    buffer.feed(b"a long beginning")
    assert buffer.take_line() is None
    buffer.take_all()
    buffer.feed(b"a\n")
    assert taken(buffer) == [b"a"]


def test_a_request() -> None:
    assert read_request(b'{"call": "wait", "arguments": {"to": "\xc3\xa4"}}\r') == ("wait", {"to": "ä"})
    assert read_request(b'{"call": "ports"}') == ("ports", {})


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[]", "an object"),
        (b'"\xff"', "no JSON"),
        (b'{"call": NaN}', "NaN is no number"),
        (b"[" * 100_000, "too deeply"),
        (b"1" * 5_000, "no JSON"),
        (b"{}", "'call' has to be"),
        (b'{"call": 1}', "'call' has to be"),
        (b'{"call": "x", "arguments": []}', "'arguments' has to be"),
        (b'{"call": "x", "argument": {}}', "not 'argument'"),
        ('{"call": "x"}'.encode("utf-16"), "no JSON"),
    ],
)
def test_what_is_no_request(line: bytes, complaint: str) -> None:
    with pytest.raises(CallError, match=complaint) as told:
        read_request(line)
    assert told.value.kind == "bad"


@given(st.binary(max_size=60))
def test_any_octets_are_an_object_or_bad(octets: bytes) -> None:
    try:
        assert isinstance(read_object(octets), dict)
    except CallError as error:
        assert error.kind == "bad"


def test_results_and_errors_are_a_line_each() -> None:
    assert b"".join(answer_line(Answer(b"[1, 2]"))) == b'{"result": [1, 2]}\n'
    assert b"".join(answer_line(Answer(b'{"error": {}}', "bad"))) == b'{"error": {}}\n'


def test_large_results_come_in_pieces() -> None:
    content = b'"' + b"x" * PIECE_OCTETS * 3 + b'"'
    pieces = list(answer_line(Answer(content)))
    assert max(map(len, pieces)) <= PIECE_OCTETS
    assert json.loads(b"".join(pieces))["result"] == json.loads(content)


@pytest.mark.parametrize("octets", [0, 1, PIECE_OCTETS - 1, PIECE_OCTETS, PIECE_OCTETS + 1, 3 * PIECE_OCTETS + 2])
def test_octets_come_in_pieces_of_base64(octets: int) -> None:
    content = bytes(range(256)) * (octets // 256 + 1)
    pieces = list(answer_line(Answer(Octets(content[:octets], "text/plain", 'ä".txt'))))
    assert max(map(len, pieces)) <= PIECE_OCTETS * 4 // 3
    line = b"".join(pieces)
    assert line.index(b"\n") == len(line) - 1
    result = json.loads(line)["result"]
    assert base64.b64decode(result.pop("content"), validate=True) == content[:octets]
    assert result == {"content_type": "text/plain", "filename": 'ä".txt'}
