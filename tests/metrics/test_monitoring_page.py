"""docs/monitoring.md tells of every metric there is, and of no other."""

from __future__ import annotations

import re
from pathlib import Path

from mailgate.metrics.families import Counter, Gauge, Histogram
from tests.metrics.gateway import State

PAGE = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()
TYPES = {Counter: "counter", Histogram: "histogram", Gauge: "gauge"}


def test_the_table_is_whole_and_right() -> None:
    rows = re.findall(r"^\| (`mailgate_[^|]+) \| (\w+) \| ([^|]*)\|", PAGE, re.MULTILINE)
    told = {
        name: (kind, tuple(labels.replace(",", " ").split()))
        for names, kind, labels in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    assert told == {
        family.name: (TYPES[type(family)], tuple(family.labels)) for family in State().instruments.families()
    }


def test_alerts_are_about_what_there_is() -> None:
    alerts = PAGE.partition("## Alerts")[2]
    names = set(re.findall(r"\b(mailgate_\w+)", alerts))
    there = {family.name for family in State().instruments.families()}
    assert len(names) > 8 and {name.removesuffix("_bucket") for name in names} <= there
