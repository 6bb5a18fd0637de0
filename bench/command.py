"""The command that measures: what is chosen, where it is done, and where the figures go."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import cattrs
from attrs import frozen

from bench.findings import Report
from bench.interpreter import Interpreter, ours, systems
from bench.page import page
from bench.plot import plot
from bench.table import show

ROOT: Final = Path(__file__).parents[1]
OUTPUT: Final = ROOT / "dist" / "bench"
ROUNDS: Final = 5
QUICK_ROUNDS: Final = 2
ROUND_OCTETS: Final = 4_500_000_000  # mail of one round of all cases; it stays until the end


class Failed(Exception):
    """mailgate could not be measured; the message says why."""


@frozen
class Choice:
    """What is to be measured, and where."""

    directory: Path  # for mail and all else; nothing in it is deleted before the end
    quick: bool
    rounds: int
    only: str | None  # the key of a case
    alone: bool  # without peers
    python: Interpreter  # that mailgate runs on

    def has(self, case: str) -> bool:
        """Is it chosen?"""
        return self.only in (None, case)


@frozen
class Section:
    """One protocol's bench: its cases' keys, and what measures them. `measure` may raise `Failed`."""

    cases: tuple[str, ...]
    measure: Callable[[Choice], Report]


def main(program: str, sections: Sequence[Section]) -> int:
    """Measure, print, write. Gives 0 if all went well, whether targets are met or not."""
    options = _options(program, sections)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers are ended then too
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mailgate-bench-", dir=options.directory) as name:
        os.chmod(name, 0o711)  # Dovecot's and Postfix's processes go through it under names of their own
        python = ours() if options.alone or options.ours else systems()
        rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
        choice = Choice(Path(name), options.quick, rounds, options.only, options.alone, python)
        chosen = [section for section in sections if any(choice.has(case) for case in section.cases)]
        about = {**_about(name), "python": python.about}
        reports: list[Report] = []
        try:
            _want_room(choice)
            for section in chosen:
                reports.append(section.measure(choice))
                write(options.output, reports, about)  # what was measured is kept, whatever comes next
        except Failed as error:
            sys.stderr.write(f"{program}: {error}\n")
            return 1
    say(f"done after {time.monotonic() - began:.0f} s")
    for report in reports:
        show(report)
    say(f"written to {options.output}")
    return 0


def say(text: str) -> None:
    """Tell who waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def write(directory: Path, reports: Sequence[Report], about: dict[str, str]) -> None:
    """Write results.json with every single run, results.md with all tables, and a plot for each report."""
    directory.mkdir(parents=True, exist_ok=True)
    whole = {"about": about, "reports": cattrs.unstructure(list(reports))}
    (directory / "results.json").write_text(json.dumps(whole, indent=1) + "\n")
    (directory / "results.md").write_text(page(reports, about))
    for report in reports:
        (directory / f"{report.key}.svg").write_text(plot(report))


def read(file: Path) -> tuple[list[Report], dict[str, str]]:
    """What `write` has written as JSON."""
    whole = json.loads(file.read_text())
    return cattrs.structure(whole["reports"], list[Report]), whole["about"]


def _options(program: str, sections: Sequence[Section]) -> argparse.Namespace:
    keys = [case for section in sections for case in section.cases]
    parser = argparse.ArgumentParser(prog=program, description="mailgate beside its peers, in turn, in one run")
    parser.add_argument("--quick", action="store_true", help="only show that it runs, on a small scale")
    parser.add_argument("--only", metavar="CASE", choices=keys, help="one case: %(choices)s")
    parser.add_argument("--alone", action="store_true", help="mailgate without its peers; nothing is installed")
    parser.add_argument("--ours", action="store_true", help="on the Python that runs this, not on the system's")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"how often each is measured (default: {ROUNDS})")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="DIRECTORY", help="for JSON, Markdown and SVG")
    parser.add_argument(
        "--directory", type=Path, default=Path("/var/tmp"), help="where mail is kept meanwhile (default: %(default)s)"
    )
    return parser.parse_args()


def _want_room(choice: Choice) -> None:
    """Raises `Failed` if the disk is too small for all cases; who asks for one knows what it takes."""
    wanted = 0 if choice.only or choice.alone else choice.rounds * ROUND_OCTETS
    if shutil.disk_usage(choice.directory).free < wanted:
        raise Failed(f"{choice.directory.parent} has less than {wanted / 1e9:.0f} GB free; choose another --directory")


def _about(directory: str) -> dict[str, str]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": " ".join(["python", "-m", *_words()]),
        "machine": f"{os.cpu_count()} cores, {_processor()}, {_memory_gigabytes():.0f} GB",
        "system": f"{platform.platform()}, {_file_system(directory)}",
    }


def _words() -> list[str]:
    package = Path(sys.argv[0]).parent.relative_to(ROOT)
    return [".".join(package.parts), *sys.argv[1:]]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _memory_gigabytes() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def _file_system(directory: str) -> str:
    """The type of the file system that has a directory: the last of those mounted on the longest way to it."""
    best = "", "unknown"
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if (f"{directory}/".startswith(f"{place.rstrip('/')}/")) and len(place) >= len(best[0]):
            best = place, kind
    return best[1]
