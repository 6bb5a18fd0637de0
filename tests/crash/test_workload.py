from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from mailgate.store.maildir.syncing import Way
from tests.crash.operations import ROOT, Operation, Place
from tests.crash.promises import Delivered, Removed, Removing
from tests.crash.syncs import Sync
from tests.crash.volume import Volume
from tests.crash.workload import Workload, record

WAYS: tuple[Way, ...] = ("syncfs", "fsync")


def by_path(names: Mapping[Place, int]) -> dict[str, int]:
    above = {node: place for place, node in names.items()}

    def path(place: Place) -> str:
        directory, name = place
        return name if directory == ROOT else os.path.join(path(above[directory]), name)

    return {path(place): node for place, node in names.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(3))
def test_the_trace_leads_to_what_is_on_the_disk(tmp_path: Path, way: Way, seed: int) -> None:
    workload = Workload(tmp_path, Random(seed), way)
    workload.play(20)
    volume = Volume()
    for step in workload.recorder.trace:
        if isinstance(step, Operation):
            volume.apply(step)
    there = by_path(volume.now())
    assert set(there) == {str(path.relative_to(workload.base)) for path in workload.base.rglob("*")}
    for path, node in there.items():
        file = workload.base / path
        assert file.is_dir() or file.read_bytes() == volume.content(node)


def test_a_seed_gives_the_same_trace_again(tmp_path: Path) -> None:
    traces = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        traces.append(record(tmp_path / name, 5, "syncfs"))
    assert traces[0] == traces[1]


@pytest.mark.parametrize("way", WAYS)
def test_everything_happens(tmp_path: Path, way: Way) -> None:
    syncs: set[Sync] = set()
    kinds: set[type] = set()
    for seed in range(4):
        (tmp_path / str(seed)).mkdir()
        trace = record(tmp_path / str(seed), seed, way)
        syncs |= trace.syncs
        kinds |= {type(step) for step in trace.steps}
    by_batch = {Sync.BATCH_CONTENTS, Sync.BATCH_NAMES}
    assert syncs == (set(Sync) if way == "syncfs" else set(Sync) - by_batch)
    assert {Delivered, Removing, Removed} < kinds
