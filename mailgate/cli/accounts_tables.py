"""Rows for people, in columns that are aligned, and the same rows for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click


def show_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a line of heads, and a line a row; nothing that stands in it can move the terminal's cursor."""
    from mailgate.log import escape

    lines = [[escape(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def show_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print a line a pair; a name that is empty goes on with the one above."""
    from mailgate.log import escape

    told = [(name, escape(value)) for name, value in pairs]
    width = max(len(name) for name, _ in told)
    for name, value in told:
        click.echo(f"{name.ljust(width)}  {value}".rstrip())


def show_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print an object a line."""
    for row in rows:
        click.echo(json.dumps(row))
