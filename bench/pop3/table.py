"""The figures, for people and for programs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import asdict, frozen
from rich.console import Console
from rich.table import Table

from bench.pop3.cases import Case
from bench.pop3.measuring import BUSY, Figure

Runs = Mapping[str, Sequence[Figure]]  # by the server's name
OURS: Final = "mailgate"


@frozen
class Finding:
    """A case and its runs."""

    case: Case
    runs: Runs

    @property
    def ratio(self) -> float | None:
        """How many times better mailgate is than the other at its best; None if nobody can tell."""
        ours = self.median(OURS)
        others = [self.median(name) for name in self.runs if name != OURS]
        if not others or ours <= 0:
            return None
        return min(others) / ours if self.case.unit.less_is_better else ours / max(others)

    @property
    def met(self) -> bool | None:
        """Is the target met? None if there is none, or nobody to compare with."""
        return None if self.case.target is None else self.case.target.is_met(self.median(OURS), self.ratio)

    def median(self, name: str) -> float:
        """Of a server's runs."""
        return statistics.median(figure.value for figure in self.runs[name])


def show(findings: Sequence[Finding], servers: Sequence[str]) -> None:
    """Print two tables: who is how fast, and what it costs."""
    console = Console(width=160)
    speed = Table("case", "unit", *servers, "ratio", "target", "met", title="Median (range)")
    costs = Table("case", *servers, title="CPU, ms a session, median (range); the clients' share of a core")
    for finding in findings:
        case = finding.case
        met = {True: "yes", False: "NO", None: ""}[finding.met]
        ratio = "" if finding.ratio is None else f"{finding.ratio:.2f}"
        values = [_spread([run.value for run in finding.runs[name]], case.unit.digits) for name in servers]
        speed.add_row(case.title, case.unit.name, *values, ratio, str(case.target or ""), met)
        costs.add_row(case.title, *(_cost(finding.runs[name]) for name in servers))
    console.print(speed)
    console.print(costs)
    console.print(f"!: the clients took more than {BUSY:.0%} of a core in at least one run; they may be the limit.")


def as_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The same with every single run."""
    return [
        {
            "case": finding.case.key,
            "title": finding.case.title,
            "unit": finding.case.unit.name,
            "runs": {name: [asdict(run) for run in runs] for name, runs in finding.runs.items()},
            "median": {name: finding.median(name) for name in finding.runs},
            "ratio": finding.ratio,
            "target": str(finding.case.target or ""),
            "met": finding.met,
        }
        for finding in findings
    ]


def _cost(runs: Sequence[Figure]) -> str:
    share = statistics.median(run.load_share for run in runs)
    mark = "!" if max(run.load_share for run in runs) > BUSY else ""
    return f"{_spread([run.cpu_milliseconds for run in runs], 2)}; {share:.0%}{mark}"


def _spread(values: Sequence[float], digits: int) -> str:
    median, least, most = (f"{value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values)))
    return f"{median} ({least} to {most})" if len(values) > 1 else median
