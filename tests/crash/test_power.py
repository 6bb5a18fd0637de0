"""`250` and `+OK` are promises: they hold when the power fails, at any moment, and every sync is needed for that."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from mailgate.store.maildir.syncing import Way
from tests.crash.power import Findings, cut_everywhere
from tests.crash.syncs import ROOT_PATH, Sync
from tests.crash.workload import FIRST_STEPS, Workload, record

WAYS: tuple[Way, ...] = ("syncfs", "fsync")
SEEDS = range(3)
SAMPLES = 12
TRIES = 12  # workloads, until one shows that a sync was needed
NEEDED = [
    *(("syncfs", kind) for kind in Sync if kind is not Sync.TRASH),
    *(("fsync", kind) for kind in Sync if kind not in (Sync.TRASH, Sync.BATCH_CONTENTS, Sync.BATCH_NAMES)),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_promised_survives_a_power_cut(tmp_path: Path, way: Way, seed: int) -> None:
    findings = cut_everywhere(record(tmp_path, seed, way), SAMPLES, seed)
    assert findings.violations == []
    assert findings.states > findings.moments > 100


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", SEEDS)
def test_it_survives_even_where_renames_are_not_atomic(tmp_path: Path, way: Way, seed: int) -> None:
    """Unless another program moves mail and does not sync: that one would lose it."""
    trace = record(tmp_path, seed, way, alone=True)
    assert cut_everywhere(trace, SAMPLES, seed, atomic_renames=False).violations == []


@pytest.mark.parametrize(("way", "kind"), NEEDED)
def test_without_a_sync_it_does_not_survive(tmp_path: Path, way: Way, kind: Sync) -> None:
    assert _violated(tmp_path, way, kind), f"nobody needs this: {kind.value}"


@pytest.mark.parametrize("way", WAYS)
def test_where_renames_are_not_atomic_the_trash_must_be_synced(tmp_path: Path, way: Way) -> None:
    """Elsewhere the sync of the place that a message came from is enough."""
    assert _violated(tmp_path, way, Sync.TRASH, alone=True)


def _violated(directory: Path, way: Way, kind: Sync, *, alone: bool = False) -> bool:
    for seed in range(TRIES):
        place = directory / str(seed)
        place.mkdir()
        trace = record(place, seed, way, [kind], alone=alone)
        if cut_everywhere(trace, SAMPLES, seed, most=1, atomic_renames=not alone).violations:
            return True
    return False


@pytest.mark.parametrize("way", WAYS)
def test_the_first_process_may_die_at_any_of_its_first_calls(tmp_path: Path, way: Way) -> None:
    findings = Findings()
    for calls in range(5):
        place = tmp_path / str(calls)
        place.mkdir()
        findings.add(cut_everywhere(record(place, 2, way, first_calls=calls, steps=4), SAMPLES, 2))
    assert findings.violations == []


@pytest.mark.parametrize("way", WAYS)
def test_the_root_may_have_been_made_by_another(tmp_path: Path, way: Way) -> None:
    """By the spool, say, when the first body of all is a large one."""
    trace = record(tmp_path, 2, way, root_is_made=True, steps=4)
    assert cut_everywhere(trace, SAMPLES, 2).violations == []


@pytest.mark.parametrize("way", WAYS)
def test_the_trash_may_have_been_made_by_one_that_was_killed(tmp_path: Path, way: Way) -> None:
    workload = Workload(tmp_path, Random(2), way)
    workload.play(FIRST_STEPS)
    for maildrop in workload.base.joinpath(*ROOT_PATH).glob("*/*"):
        workload.recorder.disk.mkdir(str(maildrop / "mailgate-removed"))
    for _ in range(10):
        workload.remove()
    assert cut_everywhere(workload.trace(), SAMPLES, 2).violations == []
