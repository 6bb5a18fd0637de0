"""Behind it the clients wait while there is no gateway."""

from __future__ import annotations

from threading import Condition
from typing import Final

PATIENCE_SECONDS: Final = 120


class Gate:
    """Shut at first. Every one of `clients` comes back to it when its connection is lost, or when it is done."""

    def __init__(self, clients: int) -> None:
        self._clients = clients
        self._waiting = 0
        self._left = 0
        self._is_open = False
        self._changed = Condition()

    def wait(self) -> None:
        """A client's: come back when the gate is open."""
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_open)
            self._waiting -= 1

    def leave(self) -> None:
        """A client's: never come again."""
        with self._changed:
            self._left += 1
            self._changed.notify_all()

    def open(self) -> None:
        """Let all in."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def shut(self) -> None:
        """Return when nobody is inside any more. Raises TimeoutError."""
        with self._changed:
            self._is_open = False
            if not self._changed.wait_for(lambda: self._waiting + self._left == self._clients, PATIENCE_SECONDS):
                raise TimeoutError("a client hangs")
