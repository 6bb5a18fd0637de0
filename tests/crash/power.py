"""Takes the power away at every moment of a trace, and looks at the states that the disk may be in then."""

from __future__ import annotations

from random import Random

from attrs import Factory, define, frozen

from tests.crash.operations import Operation, SyncedAll
from tests.crash.promises import Delivered, Promises, Removed, Removing
from tests.crash.states import states
from tests.crash.volume import Volume
from tests.crash.workload import Trace

_EVENTS = (Delivered, Removing, Removed)


@frozen
class Violation:
    """A promise that did not hold after a power cut before step `moment` of the trace that is made from `seed`."""

    seed: int
    moment: int
    what: str
    last: str  # what had been done last


@define
class Findings:
    """How much was looked at, and what was wrong."""

    moments: int = 0
    states: int = 0
    violations: list[Violation] = Factory(list)

    def add(self, other: Findings) -> None:
        """Count it in."""
        self.moments += other.moments
        self.states += other.states
        self.violations += other.violations


def cut_everywhere(trace: Trace, samples: int, seed: int, *, most: int = 10, atomic_renames: bool = True) -> Findings:
    """Look at up to `samples` states between any two operations, until there are `most` violations.

    `seed` is that of the trace, and of the sample.
    """
    random = Random(seed)
    volume = Volume(atomic_renames=atomic_renames)
    promises = Promises(trace.contents, atomic_renames=atomic_renames)
    findings = Findings()
    last: Operation = SyncedAll()
    for moment, step in enumerate([*trace.steps, SyncedAll()]):
        if isinstance(step, _EVENTS):
            promises.hear(step)
            continue
        findings.moments += 1
        for state in states(volume, samples, random):
            findings.states += 1
            findings.violations += [Violation(seed, moment, what, repr(last)) for what in promises.broken(state)]
        if len(findings.violations) >= most:
            break
        volume.apply(step)
        last = step
    return findings
