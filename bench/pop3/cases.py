"""What is measured, as a table of values: to add a case, add a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from attrs import evolve, frozen

from bench.pop3.load import Result
from bench.pop3.maildrops import Drops
from bench.pop3.script import What


@frozen
class Unit:
    """What a figure says."""

    name: str
    of: Callable[[Drops, Result], float]
    digits: int = 0
    less_is_better: bool = False


@frozen
class Target:
    """What mailgate is to reach: so many times Dovecot's better mode, or a figure of its own."""

    value: float
    ratio: bool


@frozen
class Case:
    """One line of the table."""

    key: str
    title: str
    drops: Drops
    what: What
    unit: Unit
    clients: int
    target: Target | None = None
    tls: bool = False
    how: Literal["warm", "fresh", "idle"] = "warm"  # "fresh": the first session of a process; "idle": memory


SESSIONS: Final = Unit("sessions/s", lambda drops, result: result.sessions / result.seconds)
MESSAGES: Final = Unit("messages/s", lambda drops, result: result.sessions * drops.messages / result.seconds)
OCTETS: Final = Unit(
    "MB/s", lambda drops, result: result.sessions * drops.messages * drops.octets / result.seconds / 1e6
)
TIME: Final = Unit("ms a session", lambda drops, result: result.seconds / result.sessions * 1000, 1, True)
MEMORY: Final = Unit("MB more", lambda drops, result: 0.0, 1, True)  # of the server: nothing that clients could tell

DRAIN_CLIENTS: Final = 4
SMALL: Final = 1_000
MEDIUM: Final = 10_000
LARGE: Final = 5_000_000


def cases(rounds: int) -> list[Case]:
    """All of them, the one that removes mail last."""
    nothing = Drops("nothing", 20, 0, SMALL)
    ten = Drops("ten", 20, 10, SMALL, linked=True)
    thousand = Drops("thousand", 8, 1_000, SMALL, linked=True)
    myriad = Drops("myriad", 4, 10_000, SMALL, linked=True)
    heap = Drops("heap", 1, 100_000, SMALL, linked=True)
    hundred = Drops("hundred", 20, 100, MEDIUM)
    large = Drops("large", 4, 4, LARGE)
    crowd = Drops("crowd", 1_000, 10, SMALL, linked=True)
    full = Drops("full", rounds * DRAIN_CLIENTS, 1_000, MEDIUM)
    thrice, half_more, nearly, same = (Target(value, ratio=True) for value in (3.0, 1.5, 0.9, 1.0))
    poll_ten = Case("poll-10", "Poll, 10 messages", ten, "poll", SESSIONS, 20, thrice)
    fetch = Case("fetch-10k", "RETR, 100 of 10 KB", hundred, "fetch", MESSAGES, 20, half_more)
    first = Case("first-100k", "Poll, 100,000 messages, first of a process", heap, "poll", TIME, 1, _at_most(1000))
    idle = Case("idle", "Idle sessions, 10 messages each", crowd, "stay", MEMORY, 20, _at_most(10), how="idle")
    return [
        Case("poll-0", "Poll, empty", nothing, "poll", SESSIONS, 20, thrice),
        poll_ten,
        evolve(poll_ten, key="poll-10-tls", title="Poll, 10 messages, TLS", target=None, tls=True),
        Case("poll-1k", "Poll, 1,000 messages", thousand, "poll", SESSIONS, 8, thrice),
        Case("poll-10k", "Poll, 10,000 messages", myriad, "poll", SESSIONS, 4, thrice),
        Case("poll-100k", "Poll, 100,000 messages", heap, "poll", TIME, 1, _at_most(20)),
        evolve(first, how="fresh"),
        fetch,
        evolve(fetch, key="fetch-10k-tls", title="RETR, 100 of 10 KB, TLS", target=None, tls=True),
        Case("fetch-5m", "RETR, 4 of 5 MB", large, "fetch", OCTETS, 4, nearly),
        idle,
        evolve(idle, key="idle-tls", title=f"{idle.title}, TLS", target=_at_most(60), tls=True),
        Case("drain-10k", "RETR + DELE, 1,000 of 10 KB", full, "drain", MESSAGES, DRAIN_CLIENTS, same),
    ]


def small(case: Case) -> Case:
    """The same on a scale that only shows that it runs."""
    drops = case.drops
    count = min(drops.count, 50)
    return evolve(case, drops=evolve(drops, count=count, messages=min(drops.messages, 500)))


def _at_most(value: float) -> Target:
    return Target(value, ratio=False)
