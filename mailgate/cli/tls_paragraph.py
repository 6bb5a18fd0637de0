"""Sentences for people, on lines that fit a terminal."""

from __future__ import annotations

import textwrap
from typing import Final

COLUMNS: Final = 80


def paragraph(label: str, text: str) -> str:
    """`text` behind `label`, with all further lines below its beginning; nothing in it can move the terminal's cursor.

    A word that is too long for a line, such as a path, stays whole.
    """
    from mailgate.log import escape

    return textwrap.fill(
        escape(text),
        COLUMNS,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )
