"""What was measured, as values: the same for every protocol, so that one table, one page and one plot do for all."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Literal

from attrs import frozen

Met = Literal["met", "nearly", "not met", "nobody to compare with"]
NEARLY = 0.15  # so much less than the target needs an explanation, and no more


@frozen
class Measure:
    """One of the things that a run tells."""

    key: str
    title: str
    unit: str
    digits: int = 0
    less_is_better: bool = False


@frozen
class Target:
    """What mailgate is to reach: a figure of its own, or so many times the best of some peers."""

    measure: str
    bound: float
    peers: tuple[str, ...] = ()


@frozen
class Finding:
    """A case and its runs: by the server's name, and each by the measure's key. The first measure is the main one."""

    key: str
    title: str
    measures: tuple[Measure, ...]
    targets: tuple[Target, ...]
    runs: Mapping[str, Sequence[Mapping[str, float]]]

    def values(self, server: str, measure: str) -> list[float]:
        """What all runs of a server told; empty if it had none."""
        return [run[measure] for run in self.runs.get(server, ())]

    def median(self, server: str, measure: str) -> float | None:
        """Of all runs of a server; None if it had none."""
        values = self.values(server, measure)
        return statistics.median(values) if values else None

    def measure(self, key: str) -> Measure:
        """The measure of that key."""
        return next(measure for measure in self.measures if measure.key == key)

    def ratio(self, ours: str, peer: str, measure: Measure) -> float | None:
        """How many times better `ours` is than the peer; None if nobody can tell."""
        mine, theirs = self.median(ours, measure.key), self.median(peer, measure.key)
        if not mine or not theirs:
            return None
        return theirs / mine if measure.less_is_better else mine / theirs

    def reached(self, ours: str, target: Target) -> float | None:
        """What stands against the target's bound; None if there is nobody to compare with."""
        if not target.peers:
            return self.median(ours, target.measure)
        ratios = [self.ratio(ours, peer, self.measure(target.measure)) for peer in target.peers]
        return min((ratio for ratio in ratios if ratio is not None), default=None)

    def met(self, ours: str, target: Target) -> Met:
        """Is the target met, or missed by less than 15 %?"""
        reached = self.reached(ours, target)
        if reached is None:
            return "nobody to compare with"
        if not target.peers and self.measure(target.measure).less_is_better:
            part = target.bound / reached if reached > 0 else 1.0
        else:
            part = reached / target.bound
        return "met" if part >= 1 else "nearly" if part > 1 - NEARLY else "not met"


@frozen
class Report:
    """All that one protocol's bench has found."""

    key: str
    title: str
    ours: str
    servers: tuple[str, ...]  # ours first
    about: Mapping[str, str]  # versions, and why a peer was skipped
    remarks: tuple[str, ...]  # what one has to know to read the figures
    findings: tuple[Finding, ...]

    @property
    def peers(self) -> tuple[str, ...]:
        """All servers but ours."""
        return tuple(server for server in self.servers if server != self.ours)
