"""UNIX sockets in directories whose paths are longer than a socket's may be: 107 octets on Linux, 103 on macOS.

Temporary directories of test runs often are. Linux lets a directory be named by a descriptor that is open.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import Final

MAX_OCTETS: Final = 103


class ShortPath:
    """`name` leads to the socket as long as this is not closed."""

    def __init__(self, path: str) -> None:
        """Raises OSError if the directory is not there. Where nothing can be done the name is the path."""
        self.name = path
        self._descriptor = -1
        if len(os.fsencode(path)) > MAX_OCTETS and os.path.isdir("/proc/self/fd"):
            directory, file = os.path.split(path)
            self._descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self.name = f"/proc/self/fd/{self._descriptor}/{file}"

    def close(self) -> None:
        """The name leads nowhere any more. Any number of times."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> str:
        return self.name

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
