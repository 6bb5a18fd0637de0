"""One run: clients at work in their process, what the server's processes take meanwhile, and all mail accounted for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

from attrs import asdict, evolve, frozen

from bench.servers import Server
from bench.smtp.cases import SMALL, Case
from bench.smtp.load import SLOT, Order, Result
from bench.smtp.maildrops import DOMAIN, Site, arrive, check

ROOT: Final = Path(__file__).parents[2]
QUIET_SECONDS: Final = 0.3  # a server whose memory stays as it is for so long has started
SETTLING_SECONDS: Final = 5.0  # what it is given for that


class Refused(Exception):
    """The clients had to give up; the message says why."""


@frozen
class Idle:
    """A server before its first message."""

    resident_megabytes: float
    pss_megabytes: float


def look_at(server: Server) -> Idle:
    """What it takes while nothing happens: when it has started all its processes, and these have started too."""
    until, before = time.monotonic() + SETTLING_SECONDS, -1.0
    while (now := server.pss_megabytes()) != before and time.monotonic() < until:
        before = now
        time.sleep(QUIET_SECONDS)
    server.forget_peaks()
    return Idle(server.peak_megabytes(), server.pss_megabytes())


def measure(case: Case, server: Server, idle: Idle, site: Site, turn: int, seconds: float) -> dict[str, float]:
    """A run, by the keys of its measures. Raises `Refused` and `Lost`.

    One small message comes beforehand to every maildrop, and on every connection: what is made once is not measured.
    """
    warming = _order(case, server, turn)
    wanted: dict[str, dict[int, int]] = defaultdict(dict)
    result = _run(warming, server)
    _add(wanted, warming, result)
    arrive(site, wanted, result.ended)
    os.sync()  # nobody is to wait for the disk because of somebody else
    order = evolve(
        warming,
        octets=case.octets,
        a_session=case.a_session,
        first=1,
        each=case.each,
        seconds=0.0 if case.each else seconds,
    )
    server.forget_peaks()
    cpu_seconds = server.cpu_seconds()
    result = _run(order, server)
    _add(wanted, order, result)
    ended = arrive(site, wanted, result.ended)
    cpu_seconds = server.cpu_seconds() - cpu_seconds
    resident, pss = server.peak_megabytes(), server.pss_megabytes()
    check(site, wanted)
    messages = sum(result.accepted)
    return {
        "rate": messages / (ended - result.began),
        "median": result.median_milliseconds,
        "slow": result.slow_milliseconds,
        "cpu": cpu_seconds / messages * 1000,
        "resident": resident - idle.resident_megabytes,
        "pss": pss - idle.pss_megabytes,
        "load": result.cpu_seconds / (result.ended - result.began) * 100,
        "messages": messages,
    }


def _order(case: Case, server: Server, turn: int) -> Order:
    """What warms the server for a case."""
    recipients = _recipients(case, turn)
    return Order(
        server.clear, case.tls, case.pipelining, recipients, SMALL, case.connections, a_session=1, first=0, each=1
    )


def _recipients(case: Case, turn: int) -> list[list[str]]:
    """For each connection in turn: to whom its messages go."""
    addresses = [f"{name}@{DOMAIN}" for name in case.names(turn)]
    twice = addresses * 2
    return [twice[number : number + case.recipients] for number in range(len(addresses))]


def _add(wanted: dict[str, dict[int, int]], order: Order, result: Result) -> None:
    """Who has to have what, now that this has been done as well."""
    for slot, accepted in enumerate(result.accepted):
        begin = slot * SLOT + order.first
        for address in order.recipients[slot % len(order.recipients)]:
            wanted[address.partition("@")[0]].update(dict.fromkeys(range(begin, begin + accepted), order.octets))


def _run(order: Order, server: Server) -> Result:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.smtp.load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said, complaint = process.communicate(json.dumps(asdict(order)) + "\n")
    if process.returncode != 0:
        raise Refused(f"{server.name}: {complaint.strip()}")
    return Result(**json.loads(said))
