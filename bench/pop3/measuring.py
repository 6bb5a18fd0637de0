"""How a case is measured: clients at work in their process, and what the server's processes take meanwhile."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import asdict, frozen

from bench.pop3.cases import DRAIN_CLIENTS, Case
from bench.pop3.load import Order, Result
from bench.pop3.maildrops import Drops
from bench.servers import Server

ROOT: Final = Path(__file__).parents[2]
WARMING_CLIENTS: Final = 8


class Failed(Exception):
    """The clients had to give up; the message says why."""


@frozen
class Figure:
    """One run."""

    value: float  # in the unit of the case
    cpu_milliseconds: float  # of the server, all its processes, a session
    load_share: float  # of a core that the clients took


def measure(case: Case, server: Server, turn: int, seconds: float) -> Figure:
    """One run against a server that is warm, or against one that is to show how it starts. Raises `Failed`."""
    drops = case.drops
    if case.what == "drain":  # what it removes is gone: every turn has maildrops of its own
        users = drops.users[turn * DRAIN_CLIENTS : (turn + 1) * DRAIN_CLIENTS]
        order = _order(case, server, users)
    else:
        order = _order(case, server, drops.users, 0.0 if case.how == "fresh" else seconds)
    with _clients(order, server) as (result, cpu_seconds):
        pass
    milliseconds = cpu_seconds / result.sessions * 1000
    return Figure(case.unit.of(drops, result), milliseconds, result.cpu_seconds / result.seconds)


def measure_idle(case: Case, server: Server) -> Figure:
    """Memory that sessions take which have logged in and stay. Raises `Failed`."""
    # What a process loads once, and what it keeps of maildrops that are polled, is there without the sessions as well.
    warm(server, case.drops, tls=case.tls)
    before = server.pss_megabytes()
    with _clients(_order(case, server, case.drops.users), server) as (result, cpu_seconds):
        grown = server.pss_megabytes() - before
    return Figure(grown, cpu_seconds / result.sessions * 1000, result.cpu_seconds / result.seconds)


def warm(server: Server, drops: Drops, users: int | None = None, tls: bool = False) -> float:
    """Poll every maildrop once, or only so many; give the seconds. Raises `Failed`."""
    port = server.tls if tls else server.clear
    polled = drops.users[:users]
    order = Order(port, tls, "poll", polled, drops.messages, drops.octets, min(WARMING_CLIENTS, len(polled)))
    with _clients(order, server) as (result, _):
        return result.seconds


def _order(case: Case, server: Server, users: list[str], seconds: float = 0.0) -> Order:
    port = server.tls if case.tls else server.clear
    drops = case.drops
    return Order(port, case.tls, case.what, users, drops.messages, drops.octets, case.clients, seconds)


@contextlib.contextmanager
def _clients(order: Order, server: Server) -> Iterator[tuple[Result, float]]:
    """Clients that have done their work; those that stay are there until the end. Gives the server's CPU as well."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.pop3.load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    try:
        process.stdout.readline()  # "ready": what follows is not its start
        before = server.cpu_seconds()
        process.stdin.write(json.dumps(asdict(order)) + "\n")
        process.stdin.flush()
        said = process.stdout.readline()
        used = server.cpu_seconds() - before
        if not said:
            raise Failed(f"{server.name}: {process.stderr.read().strip()}")
        yield Result(**json.loads(said)), used
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
        process.stderr.close()
