"""What is counted: a name, a sentence, and a number for each combination of labels.

A family grows up to `MAX_SERIES`; whatever comes then is counted under "other", so that no mistake of ours, and nobody
who makes names up, has memory grow or a Prometheus server choke.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import frozen

MAX_SERIES: Final = 200  # of one family
OTHER: Final = "other"

Labels = tuple[str, ...]


class Counter:
    """Only grows. `name` ends in `_total`."""

    __slots__ = ("help", "labels", "name", "values")

    def __init__(self, name: str, help: str, *labels: str) -> None:
        """`labels` are the labels' names."""
        self.name = name
        self.help = help
        self.labels = labels
        self.values: dict[Labels, float] = {} if labels else {(): 0}

    def add(self, labels: Labels = (), amount: float = 1) -> None:
        """Count `amount` more under these labels' values."""
        try:
            self.values[labels] += amount
        except KeyError:
            labels = _within(self.values, labels)
            self.values[labels] = self.values.get(labels, 0) + amount


class Distribution:
    """How many values were up to each bound, and beyond the last; and their sum."""

    __slots__ = ("counts", "sum")

    def __init__(self, bounds: int) -> None:
        self.counts = [0] * (bounds + 1)
        self.sum = 0.0


class Histogram:
    """How values are distributed. `bounds` ascend; a value that is equal to one counts below it."""

    __slots__ = ("bounds", "help", "labels", "name", "values")

    def __init__(self, name: str, help: str, bounds: Sequence[float], *labels: str) -> None:
        self.name = name
        self.help = help
        self.bounds = tuple(bounds)
        self.labels = labels
        self.values: dict[Labels, Distribution] = {} if labels else {(): Distribution(len(self.bounds))}

    def observe(self, value: float, labels: Labels = ()) -> None:
        """There was such a value."""
        distribution = self.values.get(labels)
        if distribution is None:
            distribution = self.values.setdefault(_within(self.values, labels), Distribution(len(self.bounds)))
        distribution.counts[bisect_left(self.bounds, value)] += 1
        distribution.sum += value


@frozen
class Gauge:
    """Goes up and down, and is looked at when somebody asks. `read` must be quick; it gives nothing of what it cannot
    find out.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[], Mapping[Labels, float]]


Family = Counter | Histogram | Gauge


def _within(values: Mapping[Labels, object], labels: Labels) -> Labels:
    return labels if labels in values or len(values) < MAX_SERIES else (OTHER,) * len(labels)
