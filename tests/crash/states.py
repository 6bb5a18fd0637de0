"""Which of the states that a power cut may leave are looked at: all if they are few, else the extremes and a sample.

The extremes find nearly everything: nothing that was not durable is there, all is there, the names without their
contents, the contents without their names, and each of the latest names alone the other way round. The rest is drawn.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from tests.crash.operations import Place
from tests.crash.volume import Fate, State, Version, Volume

LATEST: Final = 4  # so many of the names that changed last are tried alone
_CHANCES: Final = (0.1, 0.5, 0.9)  # that a name is as it is now: of a whole state, so that most and few are drawn too

Picks = dict[Place, Version]
Fates = dict[int, Fate]


def states(volume: Volume, samples: int, random: Random) -> Iterator[State]:
    """At most `samples` states that the volume may be in after a power cut now."""
    fates = {node: _fates(durable, len(volume.content(node)), random) for node, durable in volume.dirty.items()}
    names = [len(versions) for versions in volume.unsettled.values()]
    if math.prod(names) * math.prod(len(choice) for choice in fates.values()) <= samples:
        yield from _all(volume, fates)
        return
    chosen = itertools.chain(_extremes(volume, fates), _drawn(volume, fates, random))
    for picks, contents in itertools.islice(chosen, samples):
        yield State(volume, picks, contents)


def _fates(durable: int, octets: int, random: Random) -> Sequence[Fate]:
    """Missing, zero, cut, with a hole, whole: in this order."""
    cut = random.randint(durable, octets)
    return (
        Fate(durable, 0, durable),
        Fate(durable, octets - durable, octets),
        Fate(cut, 0, cut),
        Fate(durable, cut - durable, octets),
        Fate(octets, 0, octets),
    )


def _all(volume: Volume, fates: dict[int, Sequence[Fate]]) -> Iterator[State]:
    for versions in itertools.product(*volume.unsettled.values()):
        for contents in itertools.product(*fates.values()):
            yield State(
                volume, dict(zip(volume.unsettled, versions, strict=True)), dict(zip(fates, contents, strict=True))
            )


def _extremes(volume: Volume, fates: dict[int, Sequence[Fate]]) -> Iterator[tuple[Picks, Fates]]:
    oldest = {place: versions[0] for place, versions in volume.unsettled.items()}
    latest = {place: versions[-1] for place, versions in volume.unsettled.items()}
    whole = {node: choice[-1] for node, choice in fates.items()}
    missing = {node: choice[0] for node, choice in fates.items()}
    zeros = {node: choice[1] for node, choice in fates.items()}
    for picks, contents in (oldest, missing), (latest, missing), (latest, zeros), (oldest, whole), (latest, whole):
        yield dict(picks), contents
    for place in list(volume.unsettled)[-LATEST:]:
        yield oldest | {place: latest[place]}, whole
        yield latest | {place: oldest[place]}, whole


def _drawn(volume: Volume, fates: dict[int, Sequence[Fate]], random: Random) -> Iterator[tuple[Picks, Fates]]:
    while True:
        chance = random.choice(_CHANCES)
        picks = {
            place: versions[-1] if random.random() < chance else random.choice(versions)
            for place, versions in volume.unsettled.items()
        }
        yield picks, {node: random.choice(choice) for node, choice in fates.items()}
