"""Delimiter lines: which are, of which multipart, and where they end."""

from __future__ import annotations

import pytest

from mailgate.wire.surrogate.parts import DELIMITER_OCTETS, MAX_DEPTH, Line, Multiparts


def nested(*boundaries: bytes) -> Multiparts:
    multiparts = Multiparts()
    for boundary in boundaries:
        multiparts.open(boundary, "multipart/mixed")
    return multiparts


@pytest.mark.parametrize(
    ("data", "line", "open_then"),
    [
        (b"--b\n", Line.DELIMITER, 2),
        (b"--b \t\r\n", Line.DELIMITER, 2),
        (b"--b--\n", Line.CLOSE_DELIMITER, 1),
        (b"--b-- \r\n", Line.CLOSE_DELIMITER, 1),
        (b"--a\n", Line.DELIMITER, 1),
        (b"--a--\n", Line.CLOSE_DELIMITER, 0),
        (b"--bb\n", Line.OTHER, 2),
        (b"--b-\n", Line.OTHER, 2),
        (b"--B\n", Line.OTHER, 2),
        (b"--\n", Line.OTHER, 2),
        (b"-- b\n", Line.OTHER, 2),
        (b"--b", Line.UNFINISHED, 2),
        (b"--", Line.UNFINISHED, 2),
        (b"--b" + b" " * (DELIMITER_OCTETS - 4) + b"\n", Line.DELIMITER, 2),
        (b"--b" + b" " * (DELIMITER_OCTETS - 3) + b"\n", Line.OTHER, 2),
        (b"--b" + b" " * (DELIMITER_OCTETS - 4), Line.UNFINISHED, 2),
        (b"--b" + b" " * (DELIMITER_OCTETS - 3), Line.OTHER, 2),
    ],
)
def test_lines(data: bytes, line: Line, open_then: int) -> None:
    multiparts = nested(b"a", b"b")
    found, end = multiparts.read(b"before" + data, 6)
    assert (found, len(multiparts)) == (line, open_then)
    if line in (Line.DELIMITER, Line.CLOSE_DELIMITER):
        assert end == 6 + len(data)


def test_of_two_with_the_same_boundary_the_inner_one_is_meant() -> None:
    multiparts = nested(b"a", b"a")
    assert multiparts.read(b"--a--\n", 0) == (Line.CLOSE_DELIMITER, 6)
    assert len(multiparts) == 1


def test_what_a_part_is_by_default() -> None:
    multiparts = Multiparts()
    assert multiparts.part_type == "text/plain"
    multiparts.open(b"a", "multipart/digest")
    assert multiparts.part_type == "message/rfc822"
    multiparts.open(b"b", "multipart/mixed")
    assert multiparts.part_type == "text/plain"


def test_none_without_a_boundary_and_none_too_deep() -> None:
    multiparts = nested(b"")
    assert len(multiparts) == 0
    multiparts = nested(*(b"%d" % depth for depth in range(MAX_DEPTH + 1)))
    assert len(multiparts) == MAX_DEPTH
    assert multiparts.read(b"--%d\n" % MAX_DEPTH, 0)[0] is Line.OTHER
