"""What a server costs: processor time and memory of its first process and of all that came from it."""

from __future__ import annotations

import contextlib
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_PSS: Final = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_PEAK: Final = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)
_FORGET: Final = "5"  # proc(5), clear_refs: the peak becomes what is resident now
_PROC: Final = Path("/proc")


def cpu_seconds(root: int) -> float:
    """User and system time, of processes that have ended as well: whoever waited for them has it in its own account."""
    return sum(sum(map(int, fields[11:15])) for _, fields in _tree(root)) / TICKS_A_SECOND


def pss_megabytes(root: int) -> float:
    """Proportional set size: what several processes share is counted once. Wants the rights of their owner."""
    return _sum_megabytes(root, "smaps_rollup", _PSS)


def peak_megabytes(root: int) -> float:
    """The most that was resident since `forget_peaks`, process by process: what they share counts for each of them."""
    return _sum_megabytes(root, "status", _PEAK)


def forget_peaks(root: int) -> None:
    """Count peaks anew. Wants the rights of their owner."""
    for process, _ in _tree(root):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            (_PROC / str(process) / "clear_refs").write_text(_FORGET)


def count(root: int) -> int:
    """How many processes there are."""
    return sum(1 for _ in _tree(root))


def _sum_megabytes(root: int, file: str, figure: re.Pattern[str]) -> float:
    total = 0
    for process, _ in _tree(root):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            found = figure.search((_PROC / str(process) / file).read_text())
            total += int(found[1]) if found is not None else 0  # one that has ended, and nobody waited for it
    return total * 1024 / 1e6


def _tree(root: int) -> Iterator[tuple[int, list[str]]]:
    """The process and its descendants, each with the fields of its `stat` behind the name (proc(5): from 3 on)."""
    fields_of: dict[int, list[str]] = {}
    children = defaultdict(list)
    for name in os.listdir(_PROC):
        if name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = (_PROC / name / "stat").read_text().rpartition(")")[2].split()
                fields_of[int(name)] = fields
                children[int(fields[1])].append(int(name))
    waiting = [root]
    while waiting:
        process = waiting.pop()
        if process in fields_of:
            yield process, fields_of[process]
        waiting += children[process]
