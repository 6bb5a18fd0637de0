"""`python -m bench.report RESULTS.json DIRECTORY`: page and plots again, from figures that were measured before."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.command import read
from bench.page import page
from bench.plot import plot


def main() -> None:
    """Write results.md, and a plot for each protocol."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=(__doc__ or "").partition(": ")[2])
    parser.add_argument("results", type=Path, help="a file that the bench has written")
    parser.add_argument("directory", type=Path, help="where page and plots go")
    options = parser.parse_args()
    reports, about = read(options.results)
    (options.directory / "results.md").write_text(page(reports, about))
    for report in reports:
        (options.directory / f"{report.key}.svg").write_text(plot(report))


if __name__ == "__main__":
    main()
