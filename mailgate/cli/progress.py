"""How far a long work has come: a bar on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(items: Iterable[T], total: int, doing: str) -> Iterator[T]:
    """The same items, and a bar while they are asked for."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    # What is written to standard output meanwhile would stand in the middle of the bar: write it afterwards.
    yield from track(items, doing, total=total, console=Console(stderr=True), transient=True)
