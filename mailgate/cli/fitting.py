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


def beside(text: str, label: str) -> list[str]:
    """`text` in a column of its own, the first line behind `label`. A word that has no room there begins further left,
    below the label.
    """
    lines = [_moved(line.lstrip(), len(label)) for line in fitted(text, " " * len(label)).split("\n")]
    return _labelled(lines, label)


def beside_whole(text: str, label: str) -> list[str]:
    """The same for something to be copied, such as a path: all of it is one word."""
    from mailgate.log import escape

    return _labelled([_moved(escape(text), len(label))], label)


def _moved(line: str, indent: int) -> str:
    """The line as far right as `indent`, or less where it would not fit."""
    return " " * max(0, min(indent, COLUMNS - len(line))) + line


def _labelled(lines: list[str], label: str) -> list[str]:
    if lines[0].startswith(" " * len(label)):
        return [label + lines[0][len(label) :], *lines[1:]]
    return [*filter(None, [label.rstrip()]), *lines]
