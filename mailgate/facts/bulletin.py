"""Tells facts to their readers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mailgate.facts.fact import Fact


class Reader(Protocol):
    """Who reads facts (`interfaces.IFactReader` has the contract)."""

    def read(self, fact: Fact) -> None:
        """Take note of a fact."""


class Bulletin:
    """Tells every fact to every reader, once, at once. A reader that raises is reported and told no more."""

    def __init__(self, node: str, now: Callable[[], float], report: Callable[[Reader, Exception], None]) -> None:
        self.node = node
        self._now = now
        self._report = report
        self._readers: tuple[Reader, ...] = ()

    def add(self, reader: Reader) -> None:
        """From now on tell `reader`, too."""
        self._readers = (*self._readers, reader)

    def remove(self, reader: Reader) -> None:
        """Tell `reader` no more; nothing happens if it was not told."""
        self._readers = tuple(other for other in self._readers if other is not reader)

    def tell(self, fact: Fact) -> None:
        """Stamp `fact`, which was just made, with time and node, and tell it."""
        fact.stamp(self._now(), self.node)
        for reader in self._readers:
            try:
                reader.read(fact)
            except Exception as error:  # noqa: BLE001 (a reader's bug must not cost a mail)
                self.remove(reader)
                self._report(reader, error)
