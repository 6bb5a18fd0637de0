"""A file that says a gateway is ready, and where: for programs that cannot read its standard output."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

MODE: Final = 0o644  # nothing in it is secret, and who waits for it may be another user


class ReadyFile:
    """One run's. It is there, whole, while the gateway answers, and at no other time."""

    def __init__(self, path: str) -> None:
        """Remove what a run that was killed has left, and see to it that the file can be written. Raises OSError."""
        self._path = os.path.abspath(path)
        self._octets: bytes | None = None  # once it is written
        descriptor, self._draft = tempfile.mkstemp(prefix=".mailgate-", dir=os.path.dirname(self._path))
        os.close(descriptor)
        try:
            with suppress(FileNotFoundError):
                os.unlink(self._path)
        except OSError:
            os.unlink(self._draft)
            raise

    def write(self, places: Mapping[str, Any]) -> None:
        """Let it appear. Raises OSError."""
        octets = json.dumps(places).encode() + b"\n"
        with open(self._draft, "wb") as stream:
            stream.write(octets)
        os.chmod(self._draft, MODE)
        os.replace(self._draft, self._path)
        self._octets = octets

    def remove(self) -> None:
        """The gateway has ended. Leaves a file that is another run's by now. May be called any number of times."""
        with suppress(FileNotFoundError):
            os.unlink(self._draft)
        with suppress(OSError):
            if self._octets is not None and _content(self._path) == self._octets:
                os.unlink(self._path)


def _content(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()
