"""Rows for people, in columns that are aligned, and the same rows for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

import click

from mailgate.cli.fitting import COLUMNS, fitted

_GAP: Final = "  "


def show_table(head: Sequence[str], rows: Iterable[Sequence[str]], foldable: Collection[int] = ()) -> None:
    """Print a line of heads, and a line a row; nothing that stands in it can move the terminal's cursor.

    Cells of the columns `foldable`, counted from 0, go on below themselves, from blank to blank, where the table would
    be wider than a terminal.
    """
    from mailgate.log import escape

    lines = [[escape(cell) for cell in row] for row in (head, *rows)]
    widths = _widths(list(zip(*lines, strict=True)), foldable)
    for line in lines:
        _show_row(line, widths, foldable)


def _widths(columns: Sequence[Sequence[str]], foldable: Collection[int]) -> list[int]:
    widths = [max(map(len, column)) for column in columns]
    least = {number: max([1, *(len(word) for cell in columns[number] for word in cell.split())]) for number in foldable}
    while sum(widths) + len(_GAP) * (len(widths) - 1) > COLUMNS:
        widest = max(
            (number for number in foldable if widths[number] > least[number]), key=widths.__getitem__, default=None
        )
        if widest is None:
            break
        widths[widest] -= 1
    return widths


def _show_row(cells: Sequence[str], widths: Sequence[int], foldable: Collection[int]) -> None:
    pieces = [
        _folded(cell, widths[number]) if number in foldable and len(cell) > widths[number] else [cell]
        for number, cell in enumerate(cells)
    ]
    for line in zip_longest(*pieces, fillvalue=""):
        padded = [piece.ljust(width) for piece, width in zip(line, widths, strict=True)]
        click.echo(_GAP.join(padded).rstrip())


def _folded(cell: str, width: int) -> list[str]:
    return textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False)


def show_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print a line a pair; a name that is empty goes on with the one above. Long values go on below
    themselves.
    """
    from mailgate.log import escape

    told = [(name, escape(value)) for name, value in pairs]
    width = max(len(name) for name, _ in told)
    for name, value in told:
        label = f"{name.ljust(width)}{_GAP}"
        click.echo((fitted(value, label) if value else label).rstrip())


def show_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print an object a line."""
    for row in rows:
        click.echo(json.dumps(row))
