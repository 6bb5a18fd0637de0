"""What is measured, as a table of values: to add a case, add a value."""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen

from bench.findings import Measure, Target
from bench.smtp.peers import NODE, POSTFIX

RATE: Final = Measure("rate", "Messages taken and kept", "messages/s")
MEDIAN: Final = Measure("median", "From the final dot to its reply, median", "ms", 1, True)
SLOW: Final = Measure("slow", "From the final dot to its reply, 99 of 100", "ms", 1, True)
CPU: Final = Measure("cpu", "CPU, all processes of the server", "s for 1,000 messages", 2, True)
RESIDENT: Final = Measure("resident", "Resident over the idle server, at the worst moment", "MB", 0, True)
SHARED: Final = Measure("pss", "Proportional set size over the idle server, at the end", "MB", 0, True)
LOAD: Final = Measure("load", "CPU of the clients", "% of a core", 0, True)
MEASURES: Final = (RATE, MEDIAN, SLOW, CPU, RESIDENT, SHARED, LOAD)

SMALL, MEDIUM, LARGE, HUGE = 1_000, 10_000, 100_000, 5_000_000
USERS: Final = 20


@frozen
class Case:
    """One line of the tables."""

    key: str
    title: str
    octets: int = MEDIUM
    connections: int = 20
    a_session: int = 50  # messages
    recipients: int = 1  # of each message
    users: int = USERS  # who have the mail of one run between them
    each: int = 0  # messages that a connection brings in a run; 0: as many as it can in the run's time
    pipelining: bool = True
    tls: bool = False
    adds_field: bool = False  # has mailgate a handler that puts a field in front?
    targets: tuple[Target, ...] = ()

    def names(self, turn: int) -> list[str]:
        """The users of one run: every run has maildrops of its own."""
        return [f"{self.key}-{turn}-{number}" for number in range(self.users)]


def cases() -> list[Case]:
    """All of them."""
    medium = Case("smtp-10k", "10 KB, 20 connections", targets=_medium())
    huge = Case("smtp-5m", "5 MB, 20 connections", HUGE, each=2, targets=(_times(1, NODE), _memory()))
    return [
        medium,
        Case("smtp-1k", "1 KB, 20 connections", SMALL),
        Case("smtp-100k", "100 KB, 20 connections", LARGE, targets=(_times(1.3, NODE),)),
        huge,
        evolve(
            huge,
            key="smtp-5m-field",
            title="5 MB to 2 recipients; mailgate adds a field",
            recipients=2,
            adds_field=True,
            targets=(),
        ),
        Case("smtp-single", "10 KB, 1 connection", connections=1, targets=(_times(1.5, POSTFIX),)),
        Case("smtp-hundred", "10 KB, 100 connections", connections=100, users=100, targets=(_memory(),)),
        Case("smtp-once", "10 KB, one message a connection", a_session=1, targets=(_times(3, POSTFIX),)),
        Case("smtp-many", "10 KB to 20 recipients", recipients=20, targets=(_times(3, POSTFIX),)),
        evolve(medium, key="smtp-lockstep", title="10 KB, without PIPELINING", pipelining=False, targets=()),
        evolve(medium, key="smtp-tls", title="10 KB, STARTTLS", tls=True, targets=()),
    ]


def _medium() -> tuple[Target, ...]:
    return _times(4, POSTFIX), _times(2, NODE), Target(CPU.key, 0.30), Target(SLOW.key, 30)


def _times(bound: float, peer: str) -> Target:
    return Target(RATE.key, bound, (peer,))


def _memory() -> Target:
    return Target(RESIDENT.key, 25)
