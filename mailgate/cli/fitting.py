"""Sentences broken into lines that a terminal of 80 columns has room for."""

from __future__ import annotations

import textwrap
from typing import Final

COLUMNS: Final = 80


def fitted(text: str, first: str = "", rest: str | None = None) -> str:
    """`text` behind `first`; further lines begin with `rest`, or as many blanks. Words that are longer than a line,
    such as paths, stay whole. Control characters are the caller's to take out.
    """
    return textwrap.fill(
        text,
        COLUMNS,
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
