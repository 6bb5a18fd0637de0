"""When retention removes a message that comes now, by which rules, and who said them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from mailgate.accounts.decisions import Decisions
from mailgate.accounts.register import Register
from mailgate.explaining.story import Step
from mailgate.explaining.words import counted, day, size
from mailgate.rules import DAY_SECONDS, Retention, Rules
from mailgate.sweeping.schedule import Doubtful, Schedule

DEFAULT: Final = "[maildrops] of the configuration"


@frozen
class Said:
    """Who decides a maildrop's rules, the first that says something first: each with what is decided, and where."""

    voices: tuple[tuple[Decisions, str], ...] = ()
    not_understood: str = ""  # the domain's file, if it never was

    @classmethod
    def of(cls, maildrop: str, register: Register | None, directory: str) -> Said:
        """For the account of that name; `directory` is that of all domains."""
        if register is None:
            return cls()
        domain = maildrop.rpartition("@")[2]
        account, own = register.names.accounts.get(maildrop), register.domains.get(domain)
        rules = os.path.join(directory, domain, "rules")
        voices = [(account.decisions, account.where)] if account is not None else []
        if own is not None and own.decisions is not None:
            voices.append((own.decisions, rules))
        return cls(tuple(voices), "" if own is None or own.decisions is not None else rules)

    def where(self, key: str) -> str:
        """Who decides that key of `decisions.KEYS`."""
        return next((where for decisions, where in self.voices if getattr(decisions, key) is not None), DEFAULT)


def retention(rules: Rules | None, said: Said, schedule: Schedule, now: float) -> Iterator[Step]:
    """What becomes in time of a message that is delivered now. `rules` are those of sweeps: None where nothing can be
    removed, as nobody knows what was decided.
    """
    if rules is None or said.not_understood:
        yield _step("When does it go?", "never, until the rules of its domain are understood", "", said.not_understood)
        return
    days = rules.retention.expire_days
    if days is None:
        yield _step("When does it go?", "never by itself: only when its owner deletes it", "", said.where("keep_days"))
        return
    answer = f"not before {day(now + days * DAY_SECONDS)}, {counted(days, 'day')} from now"
    yield _step("When does it go?", answer, "whoever deletes it by POP3 is faster")
    for key, because in _reasons(rules.retention):
        yield _step("By which rule?", because, key, said.where(key))
    if rules.removed_days:
        left = f"it can still be had for {counted(rules.removed_days, 'day')}"
        yield _step("And then?", left, "removed_days", said.where("removed_days"))
    try:
        schedule.is_due(now)
    except Doubtful as doubt:
        yield _step("Does anything go now?", "no: sweeps are held", str(doubt))


def _reasons(retention: Retention) -> Iterator[tuple[str, str]]:
    """The rules in force, by their keys."""
    if retention.days:
        yield "keep_days", f"{counted(retention.days, 'day')} after its delivery"
    if retention.fetched_days:
        yield "keep_fetched_days", f"{counted(retention.fetched_days, 'day')} after it was first fetched whole"
    spared = f"the oldest first, none before {counted(retention.min_days, 'day')}"
    if retention.messages:
        yield "keep_messages", f"when there are more than {counted(retention.messages, 'message')}, {spared}"
    if retention.octets:
        yield "keep_octets", f"when there is more than {size(retention.octets)}, {spared}"


def _step(question: str, answer: str, detail: str = "", where: str = "") -> Step:
    return Step(topic="retention", question=question, answer=answer, detail=detail, where=where)
