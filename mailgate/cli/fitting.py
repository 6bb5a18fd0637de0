"""Sentences for people, broken into lines that a terminal of 80 columns has room for."""

from __future__ import annotations

import textwrap
from typing import Final

COLUMNS: Final = 80


def fitted(text: str, first: str = "", rest: str | None = None) -> str:
    """`text` behind `first`; further lines begin with `rest`, or as many blanks. Words that are longer than a line,
    such as paths, stay whole. Nothing in it can move the terminal's cursor.
    """
    from mailgate.log import escape

    return textwrap.fill(
        escape(text),
        COLUMNS,
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
