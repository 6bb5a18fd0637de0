"""What a run has found, as tables in docs/clients.md between two markers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

PAGE: Final = Path(__file__).parents[2] / "docs" / "clients.md"
BEGIN: Final = "<!-- clients: begin -->"
END: Final = "<!-- clients: end -->"
YES: Final = "yes"
_LONGEST_CELL: Final = 120


@frozen
class Section:
    """One table. `clients` are names and versions, `rows` have a cell for each client; `besides` is all else."""

    title: str
    clients: Sequence[tuple[str, str]]
    rows: Mapping[str, Sequence[str]]
    besides: Mapping[str, str]

    def render(self) -> str:
        """Markdown."""
        lines = [
            f"| {self.title} | " + " | ".join(f"{name} {version}" for name, version in self.clients) + " |",
            "|---" * (len(self.clients) + 1) + "|",
            *(f"| {title} | " + " | ".join(map(_cell, cells)) + " |" for title, cells in self.rows.items()),
        ]
        if self.besides:
            lines += ["", *(f"- {title}: {_cell(found)}" for title, found in self.besides.items())]
        return "\n".join(lines)


def render(sections: Sequence[Section], day: datetime.date, where: str) -> str:
    """All tables of a run."""
    return "\n\n".join([f"As found on {day.isoformat()} on {where}.", *(section.render() for section in sections)])


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
