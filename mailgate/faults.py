"""What is wrong with something an administrator wrote: one value a fault, so that all can be told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from attrs import frozen


@frozen
class Fault:
    """Where (a file and line, or a dotted key), what is wrong, and, where it helps, what to do."""

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.hint})" if self.hint else "")


def probably(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word which `word` was probably meant to be, or an empty string."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else ""
