"""A message body while it arrives: in memory up to a threshold, then in a file on the store's file system.

Written once, read many times. Knows nothing of messages or stores.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Callable
from typing import IO, Final

from mailgate.mail import Body

MEMORY_OCTETS: Final = 131_072  # what one body may hold in memory
ALL_MEMORY_OCTETS: Final = 67_108_864  # what all bodies together may
FILE_PREFIX: Final = "mailgate-spool-"


class Memory:
    """What many bodies may hold in memory together. Who finds nothing left uses a file."""

    def __init__(self, octets: int = ALL_MEMORY_OCTETS) -> None:
        self.octets_left = octets

    def take(self, octets: int) -> bool:
        """Take so many, if they are there."""
        if octets > self.octets_left:
            return False
        self.octets_left -= octets
        return True

    def give_back(self, octets: int) -> None:
        """Give back what was taken."""
        self.octets_left += octets


class Spool:
    """One body. `write` blocks, `freeze` once, read the `Body`, `close` always."""

    def __init__(self, directory: str, memory_octets: int = MEMORY_OCTETS, shared: Memory | None = None) -> None:
        """`directory` is absolute: twistd changes the working directory. `shared` is what this one has together with
        others; without it nobody else is thought of.
        """
        self._shared = shared if shared is not None else Memory(memory_octets)
        self._taken = 0  # of it
        self._directory = directory
        self._memory_octets = memory_octets
        # Not a list of blocks: a client that sends octet by octet would make that forty times as large.
        self._memory = io.BytesIO()
        self._file: IO[bytes] | None = None
        self._path: str | None = None
        self._octets = 0
        self._lines = 0

    @property
    def wire_octets(self) -> int:
        """The size so far, with CRLF line ends."""
        return self._octets + self._lines

    def write(self, block: bytes) -> None:
        """Append octets with LF line ends. Raises OSError (no room, say); `close` is then still due."""
        octets = len(block)
        self._octets += octets
        self._lines += block.count(b"\n")
        if self._file is None and not self._may_hold(octets):
            self._spill()
        if self._file is None:
            self._memory.write(block)
        else:
            self._file.write(block)

    def freeze(self) -> Body:
        """The body as it is now; nothing may be written after this. Raises OSError."""
        if self._file is None:
            return Body(self._octets, self._lines, content=self._memory.getvalue())
        self._file.flush()
        return Body(self._octets, self._lines, file=self._path)

    def close(self) -> None:
        """Forget the body; its file is removed unless a store has taken it away. Any number of times; never raises."""
        self._forget_memory()
        if self._file is not None:
            # Closing flushes; on a full disk that fails, and the content is unwanted anyway.
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        if self._path is not None:
            # It may be gone, or the disk read-only by now; the session must end all the same.
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            self._path = None

    def _may_hold(self, octets: int) -> bool:
        if self._octets > self._memory_octets or not self._shared.take(octets):
            return False
        self._taken += octets
        return True

    def _forget_memory(self) -> None:
        self._memory = io.BytesIO()
        self._shared.give_back(self._taken)
        self._taken = 0

    def _spill(self) -> None:
        _make_private(self._directory)
        descriptor, self._path = tempfile.mkstemp(prefix=FILE_PREFIX, dir=self._directory)  # mode 0600
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(self._memory.getbuffer())
        self._forget_memory()


def _make_private(directory: str) -> None:
    """Make the directory, and all above it that are not there, for nobody else (`os.makedirs` leaves those open)."""
    if not os.path.isdir(directory):
        _make_private(os.path.dirname(directory))
        with contextlib.suppress(FileExistsError):
            os.mkdir(directory, 0o700)


SpoolFactory = Callable[[], Spool]
