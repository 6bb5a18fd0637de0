"""What is measured of the server for tests, and what it is to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bench.command import Choice, Failed, Section, say
from bench.findings import Finding, Measure, Report, Target
from bench.smtp.gateway import OURS
from bench.smtp.peers import AIOSMTPD
from bench.testing.latency import Sample, asking, measure, waiting
from bench.testing.starting import prepare_aiosmtpd, start_aiosmtpd, start_ours
from mailgate.testing import CannotStart, Gateway
from tests.clients.installing import CannotInstall

STARTS, QUICK_STARTS = 20, 3
MESSAGES, QUICK_MESSAGES = 500, 50

START: Final = Measure("start", "From the wish for a server until it is ready", "s", 2, True)
SLOW: Final = Measure("slow", "From the final dot to wait_for's return, 99 of 100", "ms", 1, True)
MEDIAN: Final = Measure("median", "From the final dot to wait_for's return, median", "ms", 1, True)
WORST: Final = Measure("worst", "From the final dot to wait_for's return, the worst", "ms", 1, True)
LATENCIES: Final = (SLOW, MEDIAN, WORST)
START_SECONDS: Final = 0.6
SLOW_MILLISECONDS: Final = 20

STARTING: Final = "start"
CASES: Final[Mapping[str, tuple[str, Sample]]] = {
    "waiting": ("the test waits already", waiting),
    "asking": ("the test asks after the reply", asking),
}
REMARKS: Final = (
    f"A start is a process of its own, from spawning it to its word that it is ready, {STARTS} times in turn. mailgate "
    "opens seven ports, makes a certificate, and has its maildrops on disk; aiosmtpd opens one, and keeps nothing.",
    f"Latency is counted over {MESSAGES} small messages a run on one connection, each to a maildrop of its own: what a "
    "first message costs, and a commit to disk, are in it.",
)


def measure_all(choice: Choice) -> Report:
    """All chosen cases. Raises `Failed`."""
    about: dict[str, str] = {}
    peers = _peers(choice, about)
    findings: list[Finding] = []
    try:
        if choice.has(STARTING):
            findings.append(_starts(choice, {OURS: start_ours, **peers}))
        findings += [_latency(choice, case) for case in CASES if choice.has(case)]
    except (CannotStart, RuntimeError) as error:
        raise Failed(str(error)) from error
    return Report("testing", "A server for tests", OURS, (OURS, *peers), about, REMARKS, tuple(findings))


def _peers(choice: Choice, about: dict[str, str]) -> dict[str, Callable[[], float]]:
    if choice.alone or not choice.has(STARTING):
        return {}
    try:
        about[AIOSMTPD] = prepare_aiosmtpd()
    except CannotInstall as error:
        about[AIOSMTPD] = f"skipped: {error}"
        return {}
    return {AIOSMTPD: start_aiosmtpd}


def _starts(choice: Choice, servers: Mapping[str, Callable[[], float]]) -> Finding:
    say("starts")
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
    for _ in range(QUICK_STARTS if choice.quick else STARTS):
        for name, start in servers.items():
            runs[name].append({START.key: start()})
    return Finding(STARTING, "a server starts", (START,), (Target(START.key, START_SECONDS),), runs)


def _latency(choice: Choice, case: str) -> Finding:
    title, sample = CASES[case]
    say(title)
    with Gateway() as gateway:
        messages = QUICK_MESSAGES if choice.quick else MESSAGES
        runs = [measure(sample, gateway, messages) for _ in range(choice.rounds)]
    return Finding(case, title, LATENCIES, (Target(SLOW.key, SLOW_MILLISECONDS),), {OURS: runs})


SECTION: Final = Section((STARTING, *CASES), measure_all)
