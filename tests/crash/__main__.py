"""`python -m tests.crash`: kills a real gateway again and again, then cuts the power of a recorded one everywhere."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import Progress

from mailgate.store.maildir.syncing import Way
from tests.crash import table
from tests.crash.campaign import Campaign, Report, Size
from tests.crash.power import Findings, cut_everywhere
from tests.crash.workload import record

KILLS: Final = 100
ACKNOWLEDGEMENTS: Final = 20_000
QUICK: Final = 20  # so many times less of everything
WORKLOADS: Final = 60
SAMPLES: Final = 60  # states a moment
WAYS: Final[tuple[Way, ...]] = ("syncfs", "fsync")


def main() -> int:
    """0 if all promises held, 1 if one did not."""
    options = _options()
    console = Console()
    share = QUICK if options.quick else 1
    size = Size(options.kills or KILLS // share, options.acknowledgements or ACKNOWLEDGEMENTS // share, options.seed)
    console.print(f"seed {size.seed}, {size.kills} kills, {size.acknowledgements:,} acknowledgements")
    workloads = WORKLOADS // share
    with Progress(console=console, transient=True) as progress:
        report = _kill(size, progress)
        findings = [(way, _cut(way, size.seed, workloads, progress)) for way in WAYS]
    table.show_kills(console, report)
    table.show_power(console, findings, workloads)
    faults = report.faults + [
        f"power cut, {way}, seed {violation.seed}, step {violation.moment}, after {violation.last}: {violation.what}"
        for way, found in findings
        for violation in found.violations
    ]
    table.show_faults(console, faults)
    return 1 if faults else 0


def _kill(size: Size, progress: Progress) -> Report:
    task = progress.add_task("SIGKILL", total=size.kills)
    # On a real disk: /tmp may be in memory.
    with tempfile.TemporaryDirectory(prefix="mailgate-crash-", dir="/var/tmp") as directory:
        return Campaign(Path(directory), size, lambda kills: progress.update(task, completed=kills)).run()


def _cut(way: Way, seed: int, workloads: int, progress: Progress) -> Findings:
    findings = Findings()
    for number in progress.track(range(seed, seed + workloads), description=f"power cuts, {way}"):
        with tempfile.TemporaryDirectory(prefix="mailgate-power-") as directory:
            trace = record(Path(directory), number, way)
        findings.add(cut_everywhere(trace, SAMPLES, number))
    return findings


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, help=f"how often the gateway is killed ({KILLS})")
    parser.add_argument("--acknowledgements", type=int, help=f"how many there must be ({ACKNOWLEDGEMENTS})")
    parser.add_argument("--seed", type=int, default=1, help="of messages, moments and workloads (1)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} times less of everything")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
