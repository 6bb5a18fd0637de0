from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.crash.operations import ROOT, Made, Wrote
from tests.crash.states import states
from tests.crash.volume import Volume


def many(files: int) -> Volume:
    volume = Volume()
    for number in range(1, files + 1):
        volume.apply(Made((ROOT, str(number)), number))
        volume.apply(Wrote(number, b"content"))
    return volume


def shown(volume: Volume, samples: int, seed: int) -> list[tuple[tuple[str, bytes], ...]]:
    return [
        tuple((name, state.content(node)) for name, node in state.list(ROOT))
        for state in states(volume, samples, Random(seed))
    ]


def test_few_states_are_looked_at_all() -> None:
    assert len(shown(many(1), 10, 1)) == 10
    assert len(shown(many(2), 100, 1)) == 100


def test_many_states_are_sampled() -> None:
    assert len(shown(many(20), 100, 1)) == 100


def test_the_extremes_are_always_among_the_samples() -> None:
    names = [str(number) for number in range(1, 21)]
    found = shown(many(20), 5, 1)
    assert () in found
    for content in b"", bytes(7), b"content":
        assert tuple((name, content) for name in names) in found


def test_the_latest_names_are_tried_alone() -> None:
    found = shown(many(20), 13, 1)
    assert (("20", b"content"),) in found
    assert tuple((str(number), b"content") for number in range(1, 20)) in found


@given(st.integers(1, 30), st.integers(1, 40), st.integers())
def test_a_seed_gives_the_same_states_again_and_never_too_many(files: int, samples: int, seed: int) -> None:
    found = shown(many(files), samples, seed)
    assert found == shown(many(files), samples, seed)
    assert 1 <= len(found) <= samples
