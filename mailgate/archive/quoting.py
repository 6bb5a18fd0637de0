"""Lines in an mbox that begin with `From `: with a `>` in front, so that none is taken for the next message.

mboxrd puts a `>` before any line of `From ` with any number of `>` before it, and so can be undone; mboxo only before
`From ` itself, and what had a `>` already cannot be told from it. Memory does not grow with a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final, Literal

Quoting = Literal["mboxrd", "mboxo"]

_FROM: Final = b"From "
_PIECE_OCTETS: Final = 65_536


def quoted(stream: BinaryIO) -> Iterator[bytes]:
    """What is left of a stream, as mboxrd has it."""
    held, in_run = b"", True  # is this the beginning of a line, or are these the `>` there?
    while piece := stream.readline(_PIECE_OCTETS):
        data = held + piece
        held = b""
        if in_run:
            rest = data.lstrip(b">")
            run = len(data) - len(rest)
            if _is_undecided(rest):
                held = rest
                yield data[:run]
                continue
            if rest.startswith(_FROM):
                data = data[:run] + b">" + rest
        yield data
        in_run = data.endswith(b"\n")
    yield held


def unquoted(stream: BinaryIO, quoting: Quoting) -> Iterator[bytes]:
    """What is left of a stream, without the `>` that were put there."""
    held, in_run, passed = b"", True, 0  # how many `>` of this line were given already
    while piece := stream.readline(_PIECE_OCTETS):
        data = held + piece
        held = b""
        if in_run:
            rest = data.lstrip(b">")
            run = len(data) - len(rest)
            if _is_undecided(rest):
                # One is kept back: it may be the one that was put there.
                held = data[:1] + rest if run else rest
                passed += max(run - 1, 0)
                yield data[1:run]
                continue
            if run and rest.startswith(_FROM) and (quoting == "mboxrd" or run + passed == 1):
                data = data[1:]
        yield data
        in_run, passed = data.endswith(b"\n"), 0
    yield held


def _is_undecided(rest: bytes) -> bool:
    return len(rest) < len(_FROM) and _FROM.startswith(rest)
