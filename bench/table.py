"""What was measured, for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bench.findings import Report
from bench.quantities import figure, spread, times

WIDTH = 180


def show(report: Report) -> None:
    """Print the main figures with ratios to the peers, one line a case; then the others; then the targets."""
    console = Console(width=WIDTH)
    console.rule(report.title)
    for name, value in report.about.items():
        console.print(f"{name}: {value}", highlight=False)
    for key in dict.fromkeys(measure.key for finding in report.findings for measure in finding.measures):
        console.print(_table(report, key))
    targets = Table("case", "what", "target", "reached", "", title="Targets")
    for finding in report.findings:
        for target in finding.targets:
            reached = finding.reached(report.ours, target)
            bound = f"{target.bound:g}" + ("x " + " and ".join(target.peers) if target.peers else "")
            title = finding.measure(target.measure).title
            targets.add_row(finding.title, title, bound, figure(reached, 2), finding.met(report.ours, target))
    console.print(targets)
    for remark in report.remarks:
        console.print(remark, highlight=False)


def _table(report: Report, key: str) -> Table:
    findings = [finding for finding in report.findings if any(measure.key == key for measure in finding.measures)]
    main = findings[0].measures[0].key == key
    ratios = [f"of {peer}'s" for peer in report.peers] if main else []
    table = Table("case", "unit", *report.servers, *ratios, title=f"{findings[0].measure(key).title}: median (range)")
    for finding in findings:
        measure = finding.measure(key)
        cells = [spread(finding.values(server, key), measure.digits) for server in report.servers]
        compared = [times(finding.ratio(report.ours, peer, measure)) for peer in report.peers] if main else []
        table.add_row(finding.title, measure.unit, *cells, *compared)
    return table
