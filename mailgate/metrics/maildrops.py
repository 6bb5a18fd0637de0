"""Counts what becomes of mail that is kept: it is fetched, deleted, restored, or its time is up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mailgate import facts
from mailgate.metrics.families import Counter, Family


class Maildrops:
    """`reads` says what to call for which fact. `held` is why there was no sweep, and `held_at` when that was told, in
    Unix time: 0 if the last one that was due was made.
    """

    def __init__(self) -> None:
        self.held = ""
        self.held_at = 0.0
        self.fetched = Counter("mailgate_fetched_total", "Messages sent whole by RETR.")
        self.octets = Counter("mailgate_fetched_bytes_total", "Their octets.")
        self.tops = Counter("mailgate_tops_total", "Tops of messages sent by TOP, counted when the session ends.")
        self.deleted = Counter("mailgate_deleted_total", "Messages removed at QUIT.")
        self.undeleted = Counter("mailgate_not_deleted_total", "Messages that could not be removed at QUIT.")
        self.restored = Counter("mailgate_restored_total", "Messages that came back from a backup.")
        self.expired = Counter("mailgate_expired_total", "Messages whose time was up, by where they went.", "to")
        self.emptied = Counter("mailgate_trash_emptied_total", "Messages that left the trash.")
        self.sweeps = Counter("mailgate_sweeps_total", "Sweeps that came to their end.")
        self.troubles = Counter("mailgate_sweep_troubles_total", "Maildrops in which a sweep could not do everything.")
        self.holds = Counter("mailgate_sweeps_held_total", "Times when a sweep was due and was not made.")
        self.reads: Mapping[type[facts.Fact], Callable[[Any], None]] = {
            facts.Fetched: self._fetched,
            facts.MaildropClosed: lambda fact: self.tops.add((), fact.tops),
            facts.Deleted: lambda fact: self.deleted.add(),
            facts.NotDeleted: lambda fact: self.undeleted.add((), len(fact.uids)),
            facts.Restored: lambda fact: self.restored.add(),
            facts.Expired: lambda fact: self.expired.add(("trash" if fact.to_trash else "nowhere",)),
            facts.Swept: self._swept,
            facts.SweepEnded: self._sweep_ended,
            facts.SweepHeld: self._sweep_held,
        }

    @property
    def families(self) -> tuple[Family, ...]:
        """What there is to tell."""
        pop3 = (self.fetched, self.octets, self.tops, self.deleted, self.undeleted)
        sweeping = (self.expired, self.emptied, self.sweeps, self.troubles, self.holds)
        return (*pop3, self.restored, *sweeping)

    def _fetched(self, fact: facts.Fetched) -> None:
        self.fetched.add()
        self.octets.add((), fact.octets)

    def _swept(self, fact: facts.Swept) -> None:
        self.emptied.add((), fact.emptied)
        if fact.trouble:
            self.troubles.add()

    def _sweep_ended(self, fact: facts.SweepEnded) -> None:
        self.sweeps.add()
        self.held, self.held_at = "", 0.0

    def _sweep_held(self, fact: facts.SweepHeld) -> None:
        self.holds.add()
        self.held, self.held_at = fact.reason, fact.at
