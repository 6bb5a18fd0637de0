"""What a run has found, as a table in docs/testing.md between two markers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "testing.md"
BEGIN: Final = "<!-- clients: begin -->"
END: Final = "<!-- clients: end -->"
YES: Final = "yes"
_LONGEST_CELL: Final = 120


def render(
    clients: Sequence[tuple[str, str]],
    rows: Mapping[str, Sequence[str]],
    besides: Mapping[str, str],
    day: datetime.date,
    where: str,
) -> str:
    """`clients` are names and versions, `rows` have a cell for each client; `besides` are findings of their own."""
    lines = [
        f"As found on {day.isoformat()} on {where}.",
        "",
        "| | " + " | ".join(f"{name} {version}" for name, version in clients) + " |",
        "|---" * (len(clients) + 1) + "|",
        *(f"| {title} | " + " | ".join(map(_cell, cells)) + " |" for title, cells in rows.items()),
    ]
    if besides:
        lines += ["", *(f"- {title}: {_cell(found)}" for title, found in besides.items())]
    return "\n".join(lines)


def write(text: str, page: Path = PAGE) -> None:
    """Put the text between the markers. Raises ValueError if they are not there."""
    before = page.read_text()
    block = f"{BEGIN}\n\n{text}\n\n{END}"
    after, count = re.subn(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, before, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"{page} wants {BEGIN} and {END}, once")
    page.write_text(after)


def _cell(found: str) -> str:
    text = " ".join(found.split()).replace("|", "\\|")
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]} …"
