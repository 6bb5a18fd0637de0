"""Instruments of a gateway that there is not, and whose state a test sets."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock

from mailgate.facts import Fact
from mailgate.filesystem import Disk
from mailgate.metrics.commits import Commits
from mailgate.metrics.counts import Counts
from mailgate.metrics.families import Gauge
from mailgate.metrics.instruments import Certificate, Instruments

STARTED = 1_700_000_000.0


class State:
    """What the instruments read."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.disk: Disk | OSError = Disk(1_000, 5_000, 9, 10)
        self.certificates: list[Certificate] = []
        self.last_sweep: float | None = None
        self.not_ready = ""
        self.warning = ""
        self.waiting: tuple[str, ...] = ()
        self.counts = Counts(self.clock.seconds)
        self.commits = Commits(self.clock.seconds)
        self.instruments = Instruments(
            version="1.2",
            node="n1",
            now=self.now,
            clock=self.clock.seconds,
            started=STARTED,
            started_clock=self.clock.seconds(),
            counts=self.counts,
            commits=self.commits,
            disk=self._disk,
            certificates=lambda: self.certificates,
            last_sweep=lambda: self.last_sweep,
            checks={"store": lambda: self.not_ready, "ports": lambda: ""},
            warnings={"reload": lambda: self.warning},
            waiting=lambda: self.waiting,
        )

    def now(self) -> float:
        return STARTED + self.clock.seconds()

    def tell(self, *facts: Fact) -> None:
        for fact in facts:
            self.counts.read(fact)

    def _disk(self) -> Disk:
        if isinstance(self.disk, OSError):
            raise self.disk
        return self.disk

    def gauges(self) -> dict[str, Any]:
        """What its gauges say, by their names."""
        return {family.name: family.read() for family in self.instruments.families() if isinstance(family, Gauge)}
