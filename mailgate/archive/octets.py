"""Content in blocks: read from files, and with LF line ends."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from mailgate.archive.message import ArchiveError
from mailgate.mail import BLOCK_OCTETS


def blocks_of(stream: BinaryIO, octets: int) -> Iterator[bytes]:
    """The next `octets`, or what there is of them. Raises OSError."""
    while octets > 0 and (block := stream.read(min(octets, BLOCK_OCTETS))):
        octets -= len(block)
        yield block


def blocks_of_file(path: str) -> Iterator[bytes]:
    """A whole file. Raises OSError, and `ArchiveError` for what is no regular file: links are not followed."""
    with open_regular(path) as stream:
        while block := stream.read(BLOCK_OCTETS):
            yield block


def open_regular(path: str) -> BinaryIO:
    """A regular file, to be read. Raises OSError, and `ArchiveError` for anything else: links are not followed."""
    # Not blocking: a FIFO under a message's name would wait for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    stream = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        stream.close()
        raise ArchiveError(f"{path} is not a regular file")
    return stream


def with_lf(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same with LF for every CRLF; a CR that stands alone stays."""
    held = b""
    for block in blocks:
        data = held + block
        held = b"\r" if data.endswith(b"\r") else b""
        whole = data[: len(data) - len(held)].replace(b"\r\n", b"\n")
        if whole:
            yield whole
    if held:
        yield held


def as_stream(blocks: Iterator[bytes]) -> io.BufferedReader:
    """Blocks as a stream, for reading by line."""
    return io.BufferedReader(_Blocks(blocks), BLOCK_OCTETS)


class _Blocks(io.RawIOBase):
    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._held:
            self._held = next(self._blocks, b"")
        octets = min(len(buffer), len(self._held))
        buffer[:octets] = self._held[:octets]
        self._held = self._held[octets:]
        return octets
