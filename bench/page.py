"""What was measured, as a page in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.findings import Finding, Measure, Report, Target
from bench.quantities import figure, spread, times


def page(reports: Sequence[Report], about: dict[str, str]) -> str:
    """The whole page. `about` tells of date, machine and command."""
    lines = ["# Measured", "", *(f"- {name}: {value}" for name, value in about.items()), ""]
    for report in reports:
        lines += _of(report)
    return "\n".join(lines).rstrip() + "\n"


def _of(report: Report) -> Iterator[str]:
    yield from (f"## {report.title}", "")
    yield from (f"- {name}: {value}" for name, value in report.about.items())
    yield from ("", *(f"{remark}  " for remark in report.remarks), "")
    yield from (f"![{report.title}]({report.key}.svg)", "")
    targets = [(finding, target) for finding in report.findings for target in finding.targets]
    if targets:
        yield from ("### Targets", "", *_row("case", "what", "target", "reached", ""), *_rule(5))
        for finding, target in targets:
            yield from _row(*_told(report, finding, target))
        yield ""
    for key in dict.fromkeys(measure.key for finding in report.findings for measure in finding.measures):
        yield from _table(report, [finding for finding in report.findings if _has(finding, key)], key)


def _table(report: Report, findings: Sequence[Finding], key: str) -> Iterator[str]:
    main = findings[0].measures[0].key == key
    yield from (f"### {findings[0].measure(key).title}", "", "Median (least to most).", "")
    ratios = [f"of {peer}'s" for peer in report.peers] if main else []
    yield from (*_row("case", "unit", *report.servers, *ratios), *_rule(2 + len(report.servers) + len(ratios)))
    for finding in findings:
        measure = finding.measure(key)
        cells = [spread(finding.values(server, key), measure.digits) for server in report.servers]
        compared = [times(finding.ratio(report.ours, peer, measure)) for peer in report.peers] if main else []
        yield from _row(finding.title, measure.unit, *cells, *compared)
    yield ""


def _told(report: Report, finding: Finding, target: Target) -> tuple[str, ...]:
    measure: Measure = finding.measure(target.measure)
    reached = finding.reached(report.ours, target)
    if target.peers:
        whose = " and ".join(target.peers)
        shown = f"{times(target.bound)} {whose}", times(reached)
    else:
        sign = "at most" if measure.less_is_better else "at least"
        shown = f"{sign} {target.bound:g} {measure.unit}", figure(reached, max(measure.digits, 1))
    return finding.title, measure.title, *shown, finding.met(report.ours, target)


def _has(finding: Finding, key: str) -> bool:
    return any(measure.key == key for measure in finding.measures)


def _row(*cells: str) -> tuple[str]:
    return (f"| {' | '.join(cells)} |",)


def _rule(columns: int) -> tuple[str]:
    return ("|" + "---|" * columns,)
