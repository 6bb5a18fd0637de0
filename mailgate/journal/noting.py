"""Writes facts into the journal without a gateway: what a command did to the mail while none ran."""

from __future__ import annotations

import os
from collections.abc import Iterable

from attrs import evolve

from mailgate.facts import Fact
from mailgate.journal.files import Files
from mailgate.journal.lines import line_of


def note(directory: str, facts: Iterable[Fact], max_octets: int, keep_days: int, now: float) -> None:
    """Write facts of kinds that are `KEPT` as of `now`, Unix time; with `keep_days` of 0 none. Blocks. Raises OSError.

    A gateway that starts meanwhile does no harm: its journal and this one take turns.
    """
    lines = b"".join(line_of(evolve(fact, at=now)) for fact in facts)
    if lines and keep_days:
        os.makedirs(os.path.dirname(directory), mode=0o700, exist_ok=True)  # the state, on an empty machine
        Files(directory, max_octets, keep_days).append(lines, now)
