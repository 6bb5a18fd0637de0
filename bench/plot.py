"""What was measured, as a plot in SVG: a group of bars for each case, ours as long as 1, the peers' beside it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from bench.findings import Finding, Report
from bench.quantities import figure, times

WIDTH: Final = 960
LEFT: Final = 285  # where bars begin, right of the cases' titles
ROOM: Final = 410  # the longest bar
TOP: Final = 64
BAR: Final = 15
GAP: Final = 14  # between cases
MOST: Final = 1.6  # a bar that would be longer is cut there; its figure tells the truth
COLOURS: Final = ("#1b6ca8", "#c8553d", "#588157", "#9a8c98", "#e0a030")


def plot(report: Report) -> str:
    """The plot of the main measure of every case."""
    parts = list(_legend(report))
    top = TOP
    for finding in report.findings:
        parts += _group(report, finding, top)
        top += BAR * len(_shown(report, finding)) + GAP
    return "\n".join([*_head(report.title, top), *parts, "</svg>", ""])


def _head(title: str, height: int) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">'
    )
    yield f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    yield _text(12, 24, f"{title}: longer is better", 'font-size="16" font-weight="bold"')


def _legend(report: Report) -> Iterator[str]:
    left = 12
    for number, server in enumerate(report.servers):
        yield f'<rect x="{left}" y="38" width="12" height="12" fill="{_colour(number)}"/>'
        yield _text(left + 18, 49, server)
        left += 40 + 7 * len(server)


def _group(report: Report, finding: Finding, top: int) -> Iterator[str]:
    measure = finding.measures[0]
    shown = _shown(report, finding)
    yield _text(12, top + BAR * len(shown) / 2 + 4, f"{finding.title}")
    for line, (server, length) in enumerate(shown.items()):
        y = top + BAR * line
        colour = _colour(report.servers.index(server))
        width = ROOM * min(length, MOST) / MOST
        yield f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 2}" fill="{colour}"/>'
        said = f"{figure(finding.median(server, measure.key), measure.digits)} {measure.unit}"
        if server != report.ours:
            said += f"   (mailgate {times(finding.ratio(report.ours, server, measure))})"
        yield _text(LEFT + width + 6, y + BAR - 4, said, 'fill="#333333"')


def _shown(report: Report, finding: Finding) -> dict[str, float]:
    """Who has a bar, and how long: by rate, or by one over the figure where less is better."""
    lengths: dict[str, float] = {}
    for server in report.servers:
        ratio = finding.ratio(report.ours, server, finding.measures[0])
        if ratio:
            lengths[server] = 1 / ratio
    return lengths


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(words)}</text>'
