"""Lines of a file of the journal, found without taking it apart: few of them are ever wanted.

A file is read in blocks, so that no file is in memory, and that other threads come to their turn between two of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final

from mailgate.mail import BLOCK_OCTETS

MAX_LINE_OCTETS: Final = 1 << 21  # twice what the most recipients with the longest names come to; more is damage


def lines_with(path: str, text: bytes) -> Iterator[bytes]:
    """The lines in which `text`, in lower case, is found, whatever their case. Raises OSError."""
    for whole in _blocks(path):
        folded = whole.lower()
        at = folded.find(text)
        while at >= 0:
            end = whole.index(b"\n", at)
            yield whole[whole.rfind(b"\n", 0, at) + 1 : end]
            at = folded.find(text, end)


def lines_of(path: str, heads: Set[bytes]) -> Iterator[bytes]:
    """The lines whose `head` is one of these. Raises OSError."""
    for whole in _blocks(path):
        for line in whole.split(b"\n"):
            if head(line) in heads:
                yield line


def head(line: bytes) -> bytes:
    """What a line begins with, up to its first comma: the same for all lines of a life."""
    return line.partition(b",")[0]


def first_line(path: str) -> bytes:
    """The first line; empty if there is none. Raises OSError."""
    whole = next(_blocks(path), b"")
    return whole.partition(b"\n")[0]


def _blocks(path: str) -> Iterator[bytes]:
    """Whole lines, many at a time. What has no end was not written whole, and is left out."""
    with open(path, "rb", buffering=0) as stream:
        rest = b""
        while block := stream.read(BLOCK_OCTETS):
            end = block.rfind(b"\n") + 1
            if end:
                yield rest + block[:end]
                rest = block[end:]
            else:
                rest = rest + block if len(rest) < MAX_LINE_OCTETS else b""
