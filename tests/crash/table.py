"""What a run has found, as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.crash.campaign import BACK_SECONDS, Report
from tests.crash.power import Findings

MOST_FAULTS: Final = 50  # shown


def show_kills(console: Console, report: Report) -> None:
    """The account of a campaign of kills."""
    table = _table("SIGKILL under load", f"seed {report.size.seed}")
    _row(table, "kills under load", report.size.kills)
    _row(table, "kills at the start besides", report.early_kills)
    _row(table, "kills of the committing process besides", report.committers_killed)
    _row(table, "messages sent", report.messages)
    _row(table, "acknowledged", report.acknowledged)
    _row(table, "sent whole, no reply", report.left_open)
    _row(table, "duplicates of these", report.duplicates)
    _row(table, "copies in the maildrops", report.copies)
    table.add_row("octets in the maildrops", f"{report.octets / 1e6:,.0f} MB")
    _row(table, "POP3 sessions beside that", report.pop3_sessions)
    _row(table, "removed by POP3", report.removed)
    _row(table, "files left in tmp and elsewhere", report.left_over)
    table.add_row(f"service back (at most {BACK_SECONDS:g} s)", f"{median(report.starts):.2f} s in the median")
    table.add_row("", f"{max(report.starts):.2f} s at worst")
    table.add_row("time", f"{report.load_seconds:.0f} s of load, {report.reading_seconds:.0f} s of reading")
    console.print(table)


def show_power(console: Console, findings: Sequence[tuple[str, Findings]], seeds: int) -> None:
    """What power cuts have shown."""
    table = _table("Power cuts", f"{seeds} workloads each")
    for way, found in findings:
        table.add_row(f"{way}: moments, states", f"{found.moments:,}, {found.states:,}")
    console.print(table)


def show_faults(console: Console, faults: Sequence[str]) -> None:
    """The list of what is wrong."""
    for fault in faults[:MOST_FAULTS]:
        console.print(f"WRONG {fault}", style="red", markup=False, highlight=False, soft_wrap=True)
    if len(faults) > MOST_FAULTS:
        console.print(f"and {len(faults) - MOST_FAULTS} more", style="red")
    if not faults:
        console.print("Nothing was lost, torn, doubled without cause, or back.", style="green")


def _table(title: str, figures: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    table.add_column(figures, justify="right")
    return table


def _row(table: Table, what: str, count: int) -> None:
    table.add_row(what, f"{count:,}")
