"""How things look: headings, sentences, conversations, files. In colour where the terminal has it, else plain.

Everything that came over a wire or from a disk is made harmless first: no control character reaches the terminal.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Collection, Iterable, Sequence
from textwrap import wrap
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console, OverflowMethod
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from mailgate.cli.demo.transcript import Line, Omitted, Sealed
from mailgate.cli.demo.wiretap import Speaker
from mailgate.log import escape

WIDEST: Final = 110  # columns; longer sentences are hard to read
PIPE: Final = 100  # columns where there is no terminal to ask
NAME: Final = 10  # columns for who speaks
COLOURS: Final[dict[Speaker, str]] = {"client": "cyan", "server": "green"}
SERVER: Final = "mailgate"


class Screen:
    """What the demo writes to. A quiet one shows tables and alarms only."""

    def __init__(self, *, quiet: bool = False) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without these letters must not end the demo
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._console.width = min(self._console.width, WIDEST) if self._console.is_terminal else PIPE
        self._alarms = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._quiet = quiet

    def heading(self, text: str) -> None:
        """Something new begins."""
        if not self._quiet:
            self._console.print()
            self._console.print(Rule(Text(text, "bold"), align="left", style="dim"))

    def say(self, sentence: str, *, always: bool = False) -> None:
        """A sentence to the reader; `always`: on a quiet screen, too."""
        if always or not self._quiet:
            for line in wrap(sentence, self._console.width, break_long_words=False, break_on_hyphens=False):
                self._console.print(Text(line), soft_wrap=True)

    def step(self, name: str, sentence: str) -> None:
        """A sentence on what comes next, under its name."""
        self._line()
        self._line(Text(name, "bold underline"))
        self.say(sentence)

    def conversation(self, lines: Iterable[Line | Omitted], client: str) -> None:
        """What was said; the program `client` speaks for the client."""
        names: dict[Speaker, str] = {"client": client, "server": SERVER}
        for line in lines:
            match line:
                case Line(speaker, octets):
                    self._item(names[speaker], readable(octets), COLOURS[speaker])
                case Omitted(_, count, octets):
                    self._item("", f"... {count:,} more lines, {octets:,} octets", "dim")

    def sealed(self, sealed: Sealed, client: str) -> None:
        """What an eavesdropper has of a conversation in TLS."""
        self._item("TLS", f"{sealed.beginning.hex(' ')} ...", "red")
        amounts = f"{sealed.from_client:,} octets from {client}, {sealed.from_server:,} from {SERVER}"
        self._item("", f"{amounts}: nobody else can read them", "dim")

    def handlers(self, verdicts: Iterable[tuple[str, str]]) -> None:
        """What each handler did."""
        self._item("handlers", "; ".join(f"{name} {verdict}" for name, verdict in verdicts) or "none", "magenta")

    def file(self, path: str, octets: int, lines: Sequence[bytes]) -> None:
        """A file: where it is, how large it is, its first lines."""
        self._item("file", f"{octets:,} octets in {path}", "yellow", whole=True)
        for line in lines:
            self._item("", readable(line), "yellow")
        if lines:
            self._item("", "...", "dim")

    def good(self, text: str) -> None:
        """It is as it should be."""
        self._item("intact", text, "bold green")

    def table(
        self, columns: Sequence[str], rows: Iterable[tuple[Sequence[str], bool]], amounts: Collection[str]
    ) -> None:
        """The sum of it: a row each, and whether it is a good one; `amounts` are the columns of numbers."""
        table = Table(box=SIMPLE_HEAD, header_style="bold", border_style="dim", pad_edge=False)
        for column in columns:
            table.add_column(column, justify="right" if column in amounts else "left")
        for cells, is_good in rows:
            *others, last = cells
            table.add_row(*others, Text(last, "bold green" if is_good else "bold white on red"))
        self._console.print(table)

    def alarm(self, text: str) -> None:
        """Something is wrong; on standard error, whatever else is shown."""
        self._alarms.print(Text(escape(text), "bold white on red"))

    def _item(self, name: str, text: str, style: str, *, whole: bool = False) -> None:
        self._line(Text(f"  {name:<{NAME}}", f"bold {style}"), Text(text, style), whole=whole)

    def _line(self, *parts: Text, whole: bool = False) -> None:
        """One line, cut to the width of the screen unless it is to be shown whole."""
        if not self._quiet:
            overflow: OverflowMethod = "ignore" if whole else "ellipsis"
            line = Text.assemble(*parts)
            line.rstrip()
            self._console.print(line, no_wrap=True, overflow=overflow, crop=not whole)


def readable(octets: bytes) -> str:
    """A line as a person can read it: UTF-8 if it is that, and no control characters."""
    return escape(octets.decode("utf-8", "backslashreplace").replace("\t", "    "))
